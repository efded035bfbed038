"""The catalogue compiles what changed and nothing else, and one reader sees one state."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from segmentd.api.names import SegmentName
from segmentd.ledger.errors import DefinitionsBrokenError
from segmentd.schema import BOOL, INT64, STRING, Subject
from segmentd.segments.catalogue import Catalogue, build_catalogue
from segmentd.segments.drafts import SegmentDraft
from tests.segments.assembly import Assembly, assembled
from tests.segments.store_contract import attribute, ledger, segment


def changed_expressions(before: Catalogue, after: Catalogue) -> set[str]:
    """The segments that were compiled anew."""
    return {
        segment_id
        for segment_id, entry in after.segments.items()
        if segment_id not in before.segments or before.segments[segment_id].expression is not entry.expression
    }


async def test_only_what_depends_on_a_change_is_compiled_again(services: Assembly) -> None:
    """A segment's change compiles that segment; an attribute's, those that read it; a text's, none."""
    await services.add_ledger()
    await services.add_attribute("customer.a")
    await services.add_attribute("customer.b")
    await services.add_attribute("customer.c", expression="customer.b + 1")
    await services.add_segment("reads-a", "customer.a > 1")
    await services.add_segment("reads-c", "customer.c > 1")
    await services.add_segment("refers", "'reads-a' in customer.segments")
    state = services.catalogue()

    async def recompiled_by(change: object) -> set[str]:
        nonlocal state
        before = state
        await change  # type: ignore[misc]
        state = services.catalogue()
        return changed_expressions(before, state)

    assert await recompiled_by(services.update_segment("reads-a", "description", description="x")) == set()
    assert await recompiled_by(services.update_segment("reads-a", "expression", expression="customer.a > 2")) == {
        "reads-a"
    }
    assert await recompiled_by(services.add_attribute("customer.d")) == set()
    assert await recompiled_by(services.add_attribute("account.a")) == set()
    default = {"integer_value": 1}
    assert await recompiled_by(
        services.update_attribute("customer.b", "required", "default_value", required=True, default_value=default)
    ) == {"reads-c"}
    assert await recompiled_by(services.delete_attribute("customer.d")) == set()
    assert await recompiled_by(services.delete_segment("refers")) == set()


def test_all_that_is_broken_is_told_at_once() -> None:
    """Segments that do not compile, unknown references and cycles, by user."""
    segments = [
        segment("type", expression="1 + 1"),
        segment("unknown", expression="'gone' in customer.segments"),
        segment("one", expression="'two' in customer.segments"),
        segment("two", expression="'one' in customer.segments"),
        segment("fine", expression="'type' in customer.segments"),
    ]
    with pytest.raises(DefinitionsBrokenError, match="and 3 more") as caught:
        build_catalogue(ledger(), (), segments)
    failures = {user: error.reason.value for user, error in caught.value.failures.items()}
    assert failures == {
        "segments/type": "EXPRESSION_TYPE",
        "segments/unknown": "UNKNOWN_SEGMENT",
        "segments/one": "SEGMENT_CYCLE",
        "segments/two": "SEGMENT_CYCLE",
    }
    assert caught.value.failures["segments/one"].metadata["cycle"] == "one -> two -> one"
    assert caught.value.failures["segments/two"].metadata["cycle"] == "two -> one -> two"


def test_broken_computed_attributes_are_told_at_once() -> None:
    """A wrong type and a cycle, by user."""
    attributes = [
        attribute("a", INT64, expression="customer.b + 1"),
        attribute("b", INT64, expression="customer.a + 1"),
        attribute("c", STRING, expression="1 + 1"),
        attribute("d", BOOL, expression="true"),
    ]
    with pytest.raises(DefinitionsBrokenError) as caught:
        build_catalogue(ledger(), attributes, ())
    assert {user: error.reason.value for user, error in caught.value.failures.items()} == {
        "attributes/customer.a": "ATTRIBUTE_CYCLE",
        "attributes/customer.b": "ATTRIBUTE_CYCLE",
        "attributes/customer.c": "EXPRESSION_TYPE",
    }


def test_a_catalogue_is_ordered_by_id() -> None:
    """In whatever order the definitions come."""
    catalogue = build_catalogue(
        ledger(), [attribute("b"), attribute("a")], [segment("z", expression="true"), segment("y", expression="true")]
    )
    assert list(catalogue.segments) == ["y", "z"]
    assert [spec.id for spec in catalogue.schemas[Subject.CUSTOMER] if not spec.built_in] == ["a", "b"]


async def test_readers_see_whole_states_while_segments_change(tmp_path: Path) -> None:
    """Two segments that are always changed to refer to the same third: no reader finds a version half-way."""
    with assembled(tmp_path) as services:
        await services.add_ledger()
        for segment_id in ("x", "y", "user"):
            await services.add_segment(segment_id)
        seen: list[tuple[int, str, int]] = []
        stop = threading.Event()

        def read() -> None:
            while not stop.is_set():
                catalogue = services.catalogue()
                entry = catalogue.segments["user"]
                assert entry.expression.text == entry.segment.expression
                assert set(catalogue.definitions(Subject.CUSTOMER)) == set(catalogue.segments)
                seen.append((catalogue.version, entry.segment.expression, len(catalogue.segments)))

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(30):
            text = f"'{'xy'[number % 2]}' in customer.segments"
            await services.update_segment("user", "expression", expression=text)
        stop.set()
        for reader in readers:
            reader.join()
    states = {version: (text, count) for version, text, count in seen}
    assert all((text, count) == states[version] for version, text, count in seen)
    assert max(states) <= 34


async def test_changes_from_many_callers_are_all_made(services: Assembly) -> None:
    """A hundred creations at once, one version each."""
    await services.add_ledger()
    await asyncio.gather(*(services.add_segment(f"s{number}") for number in range(100)))
    assert len(services.catalogue().segments) == 100
    assert services.catalogue().version == 101


async def test_a_thousand_segments_are_loaded_as_they_were(tmp_path: Path) -> None:
    """Each with its own meaning, after a restart."""
    with assembled(tmp_path) as services:
        await services.add_ledger()
        for number in range(10):
            await services.add_attribute(f"customer.x{number}")
        for number in range(1_000):
            text = f"customer.x{number % 10} > {number} || customer.x{number % 7} < {-number}"
            services.segment_service.create(SegmentName("main", f"s{number:04}"), SegmentDraft(expression=text))
        before = services.catalogue().definitions(Subject.CUSTOMER)
    with assembled(tmp_path) as services:
        assert services.catalogue().definitions(Subject.CUSTOMER) == before
        assert len(before) == 1_000
