"""Segments that refer to each other: never to nothing, never in a circle."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.api.names import SegmentName
from segmentd.api.v1 import segment_service_pb2 as pb
from segmentd.api.v1 import subject_pb2
from segmentd.errors import ErrorReason, SegmentdError, Status
from segmentd.ledger.drafts import LedgerDraft
from segmentd.schema import Subject
from segmentd.segments.catalogue import build_catalogue
from segmentd.segments.drafts import SegmentDraft
from tests.segments.assembly import Assembly, assembled, fields_of, refusal


async def test_a_segment_in_use_cannot_be_deleted(services: Assembly) -> None:
    """The error names the segments and computed attributes that refer to it; inactive ones count too."""
    await services.add_ledger()
    await services.add_segment("premium")
    await services.add_segment("gold", "'premium' in customer.segments")
    await services.add_segment("old", "!('premium' in customer.segments)", state=pb.SEGMENT_STATE_INACTIVE)
    await services.add_attribute("customer.tier", expression="'premium' in customer.segments ? 'a' : 'b'")
    for validate_only in (False, True):
        error = await refusal(services.delete_segment("premium", validate_only=validate_only))
        assert (error.reason, error.status) == (ErrorReason.SEGMENT_IN_USE, Status.FAILED_PRECONDITION)
        used_by = "segments/gold, segments/old, attributes/customer.tier"
        assert error.metadata == {"segment": "premium", "used_by": used_by}
    await services.delete_segment("gold")
    await services.update_segment("old", "expression", expression="false")
    await services.delete_attribute("customer.tier")
    await services.delete_segment("premium")


async def test_an_unknown_segment_is_refused_with_place_and_nearest_id(services: Assembly) -> None:
    """The error shows where it stands in the text."""
    await services.add_ledger()
    await services.add_segment("premium")
    error = await refusal(services.add_segment("gold", "true &&\n  'premum' in customer.segments"))
    assert (error.reason, fields_of(error)) == (ErrorReason.UNKNOWN_SEGMENT, ["segment.expression"])
    assert error.metadata == {"segment": "premum", "nearest": "premium", "line": "2", "column": "3"}
    assert "did you mean 'premium'?" in error.message
    assert "  'premum' in customer.segments\n  ^" in error.message


async def test_segments_of_other_subjects_are_unknown(services: Assembly) -> None:
    """A customer is in no segment of accounts."""
    await services.add_ledger()
    await services.add_segment("busy", subject=subject_pb2.SUBJECT_ACCOUNT)
    error = await refusal(services.add_segment("gold", "'busy' in customer.segments"))
    assert error.reason is ErrorReason.UNKNOWN_SEGMENT
    text = "'busy' in account.segments"
    await services.add_segment("busier", text, subject=subject_pb2.SUBJECT_ACCOUNT)


async def test_a_cycle_is_refused_with_its_path(services: Assembly) -> None:
    """Of one, two or three segments, it begins and ends at the one that would close it."""
    await services.add_ledger()
    await services.add_segment("a")
    await services.add_segment("b", "'a' in customer.segments")
    await services.add_segment("c", "'b' in customer.segments")
    for text, cycle in (("a", "a -> a"), ("b", "a -> b -> a"), ("c", "a -> c -> b -> a")):
        error = await refusal(
            services.update_segment("a", "expression", expression=f"false || '{text}' in customer.segments")
        )
        assert (error.reason, fields_of(error)) == (ErrorReason.SEGMENT_CYCLE, ["segment.expression"])
        assert error.metadata == {"cycle": cycle, "line": "1", "column": "10"}
    assert (await services.get_segment("a")).expression == "true"


async def test_a_cycle_through_a_computed_attribute_is_refused(services: Assembly) -> None:
    """Attributes and segments share one graph."""
    await services.add_ledger()
    await services.add_segment("a")
    await services.add_attribute("customer.tier", expression="'a' in customer.segments ? 1 : 2")
    error = await refusal(services.update_segment("a", "expression", expression="customer.tier == 1"))
    assert error.reason is ErrorReason.SEGMENT_CYCLE
    await services.add_segment("b", "customer.tier == 1")
    text = "'b' in customer.segments ? 1 : 2"
    error = await refusal(services.update_attribute("customer.tier", "expression", expression=text))
    assert error.reason is ErrorReason.ATTRIBUTE_IN_USE
    assert "b -> b" in error.message


async def test_a_chain_may_be_as_long_as_it_likes(services: Assembly) -> None:
    """2,000 segments, each referring to the one before."""
    await services.add_ledger()
    ledger = services.catalogue().ledger
    texts = ["true", *(f"'s{number}' in customer.segments" for number in range(1_999))]
    chain = [SegmentDraft(expression=text).create(f"s{n}", ledger.create_time) for n, text in enumerate(texts)]
    assert len(build_catalogue(ledger, (), chain).asked(Subject.CUSTOMER, ())) == 2_000


async def test_asked_segments(services: Assembly) -> None:
    """All active ones of the subject by id; those that are named in their order; unknown and repeated ones refused."""
    await services.add_ledger()
    for segment_id in ("b", "a", "c"):
        await services.add_segment(segment_id)
    await services.add_segment("off", state=pb.SEGMENT_STATE_INACTIVE)
    await services.add_segment("account", subject=subject_pb2.SUBJECT_ACCOUNT)
    catalogue = services.catalogue()
    assert catalogue.asked(Subject.CUSTOMER, ()) == ("a", "b", "c")
    assert catalogue.asked(Subject.ACCOUNT, ()) == ("account",)
    assert catalogue.asked(Subject.CUSTOMER, ("c", "off", "a")) == ("c", "off", "a")
    for ids, reason in ((("a", "account"), ErrorReason.UNKNOWN_SEGMENT), (("a", "a"), ErrorReason.INVALID_FIELD)):
        with pytest.raises(SegmentdError) as caught:
            catalogue.asked(Subject.CUSTOMER, ids)
        assert (caught.value.reason, fields_of(caught.value)) == (reason, ["segments[1]"])


IDS = tuple("abcdef")
operations = st.lists(
    st.tuples(st.sampled_from(("create", "update", "delete")), st.sampled_from(IDS), st.sets(st.sampled_from(IDS))),
    max_size=25,
)


@given(operations)
@settings(max_examples=60)
@pytest.mark.fuzz
def test_random_changes_never_leave_a_dangling_reference_or_a_cycle(
    changes: list[tuple[str, str, set[str]]],
) -> None:
    """After every change, taken or refused, a simple model of the graph says the same; so does a restart."""
    with tempfile.TemporaryDirectory() as directory, assembled(Path(directory)) as services:
        services.ledger_service.create("main", LedgerDraft(currency_code="EUR"))
        graph: dict[str, set[str]] = {}
        version = 1
        for operation, segment_id, references in changes:
            after = changed(graph, operation, segment_id, references)
            assert attempt(services, operation, segment_id, references) == (after is not None)
            version += after is not None and after != graph
            graph = graph if after is None else after
        found = {id_: set(entry.expression.segments) for id_, entry in services.catalogue().segments.items()}
        assert found == graph
        with assembled(Path(directory)) as restarted:
            again = restarted.catalogue()
            assert {id_: set(entry.expression.segments) for id_, entry in again.segments.items()} == graph
            assert again.version == version


def changed(
    graph: dict[str, set[str]], operation: str, segment_id: str, references: set[str]
) -> dict[str, set[str]] | None:
    """The graph after the change, None if it must be refused."""
    exists = segment_id in graph
    if (operation == "create") == exists:
        return None
    after = {**graph, segment_id: references}
    if operation == "delete":
        del after[segment_id]
    dangling = any(not referred <= after.keys() for referred in after.values())
    return None if dangling or any(reaches(after, id_, id_) for id_ in after) else after


def reaches(graph: dict[str, set[str]], start: str, goal: str) -> bool:
    """Whether a path of one step or more leads from start to goal."""
    seen: set[str] = set()
    waiting = set(graph[start])
    while waiting:
        step = waiting.pop()
        if step == goal:
            return True
        if step not in seen:
            seen.add(step)
            waiting |= graph[step]
    return False


def attempt(services: Assembly, operation: str, segment_id: str, references: set[str]) -> bool:
    """Make the change; whether it was taken."""
    name, service = SegmentName("main", segment_id), services.segment_service
    text = " && ".join(
        ["now > timestamp('2020-01-01T00:00:00Z')", *(f"'{r}' in customer.segments" for r in references)]
    )
    draft = SegmentDraft(expression=text)
    try:
        if operation == "create":
            service.create(name, draft)
        elif operation == "update":
            service.update(name, draft, {"expression"})
        else:
            service.delete(name)
    except SegmentdError:
        return False
    return True
