"""What was acknowledged survives `kill -9`; what fails leaves the stored and the current state alike as they were."""

from __future__ import annotations

import random
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy import text

from segmentd.api.names import AttributeName, SegmentName
from segmentd.api.v1 import segment_service_pb2 as pb
from segmentd.errors import ErrorReason
from segmentd.ledger.drafts import AttributeDraft, LedgerDraft
from segmentd.schema import Kind, Subject
from segmentd.segments.drafts import SegmentDraft
from segmentd.storage import StoreFailedError
from tests.segments.assembly import Assembly, assembled, refusal
from tests.storage.children import start_child


def name(number: int) -> SegmentName:
    """The name of the n-th segment."""
    return SegmentName("main", f"s{number:05}")


def work(pipe: Connection, directory: Path, start: int) -> None:
    """Create segments, each referring to the last, and update every third; tell each once it is acknowledged."""
    with assembled(directory) as services:
        if start == 0:
            services.ledger_service.create("main", LedgerDraft(currency_code="EUR"))
            income = AttributeName("main", Subject.CUSTOMER, "income")
            services.attribute_service.create(income, AttributeDraft(kind=Kind.INT64))
        for number in range(start, start + 100_000):
            last = f" && '{name(number - 1).segment}' in customer.segments" if number else ""
            draft = SegmentDraft(expression=f"customer.income > {number}{last}", description="x" * 2_000)
            services.segment_service.create(name(number), draft)
            pipe.send(("created", number))
            if number % 3 == 0:
                services.segment_service.update(name(number), SegmentDraft(display_name="new"), {"display_name"})
                pipe.send(("updated", number))


def kill_after(directory: Path, start: int, acknowledged: int, chance: random.Random) -> list[tuple[str, int]]:
    """Run the work, kill it some time after it acknowledged so many changes, and return all that it did."""
    child, pipe = start_child(work, directory, start)
    told: list[tuple[str, int]] = [pipe.recv() for _ in range(acknowledged)]
    # Up to a few changes later, at no particular point of one.
    pipe.poll(chance.uniform(0, 0.004))
    child.kill()
    child.join(60)
    try:
        while pipe.poll():
            told.append(pipe.recv())
    except EOFError:
        pass
    return told


def test_acknowledged_changes_survive_kill_9(tmp_path: Path) -> None:
    """Eight kills at random points of a growing catalogue: all that was told is there, and one change more at most."""
    chance = random.Random(20_260_131)  # noqa: S311 - any points will do
    told: list[tuple[str, int]] = []
    start = 0
    for _ in range(8):
        told += kill_after(tmp_path, start, chance.randrange(1, 40), chance)
        with assembled(tmp_path) as services:
            catalogue = services.catalogue()
            created = {number for what, number in told if what == "created"}
            found = {int(segment_id[1:]) for segment_id in catalogue.segments}
            assert created <= found
            start = len(found)
            assert found == set(range(start))
            assert start - len(created) <= 1
            renamed = {int(id_[1:]) for id_, entry in catalogue.segments.items() if entry.segment.display_name == "new"}
            updated = {number for what, number in told if what == "updated"}
            assert updated <= renamed <= found
            assert all(len(entry.segment.description) == 2_000 for entry in catalogue.segments.values())
            # One for the ledger, one for the attribute, and one for every change of a segment.
            assert catalogue.version == 2 + len(found) + len(renamed)
            with services.database.read() as connection:
                assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
        told += [("created", number) for number in found - created] + [("updated", n) for n in renamed - updated]
    assert start > 50


async def test_a_full_disk_changes_nothing_and_is_told(services: Assembly) -> None:
    """The call fails with STORE_FAILED, readers keep the state they had, and the next call that fits succeeds."""
    await services.add_ledger()
    await services.add_segment("before")
    limit_pages(services, 2)
    state = services.catalogue()
    error = await refusal(services.add_segment("large", benefits=large_benefits()))
    assert error.reason is ErrorReason.STORE_FAILED
    assert "disk is full" in error.message
    assert services.catalogue() is state
    limit_pages(services, 1_000_000)
    await services.add_segment("large", benefits=large_benefits())
    assert services.catalogue().version == 3


async def test_a_failed_write_of_any_kind_keeps_the_current_state(services: Assembly) -> None:
    """Creation, update and deletion alike: commit first, then swap."""
    await services.add_ledger()
    await services.add_attribute("customer.a")
    await services.add_segment("s")
    forbid_writes(services)
    before = services.catalogue()
    for change in (
        services.add_ledger("other"),
        services.add_attribute("customer.b"),
        services.update_attribute("customer.a", "display_name", display_name="x"),
        services.delete_attribute("customer.a"),
        services.add_segment("t"),
        services.update_segment("s", "expression", expression="false"),
        services.delete_segment("s"),
    ):
        assert isinstance(await refusal(change), StoreFailedError)
        assert services.catalogue() is before
    assert len(services.catalogues.vocabularies()) == 1


def limit_pages(services: Assembly, more: int) -> None:
    """Let the database grow by so many pages from now on."""
    with services.database.write() as connection:
        pages = connection.scalar(text("PRAGMA page_count")) or 0
        connection.execute(text(f"PRAGMA max_page_count = {pages + more}"))


def forbid_writes(services: Assembly) -> None:
    """Make every later write fail."""
    with services.database.write() as connection:
        connection.execute(text("PRAGMA query_only = ON"))


def large_benefits() -> list[pb.Benefit]:
    """A quarter of a megabyte."""
    return [pb.Benefit(id=f"b{number:02}", description="x" * 4_096) for number in range(64)]
