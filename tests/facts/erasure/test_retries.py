"""What fails while traces are removed is told, and tried again until it is done; who waits is not kept waiting."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from segmentd.errors import SegmentdError
from segmentd.facts.books import Books
from segmentd.facts.erasure.erasures import ErasureListener, Erasures, Rewritten, Started
from segmentd.facts.journal import Traces
from segmentd.storage import StoreFailedError
from tests.facts.ingestion.batches import Definitions, customers

WAIT_S = 60.0


class Snapshots:
    """A memory whose disk is full for the first few times, and which notes whom it was asked to forget."""

    def __init__(self, failures: int) -> None:
        self.left = failures
        self.asked: list[tuple[str, ...]] = []

    def forget(self, _ledger_id: str, traces: Traces) -> None:
        """Fail, or forget."""
        self.asked.append(traces.customers)
        if self.left:
            self.left -= 1
            raise StoreFailedError("writing a snapshot", "no space left on device")


def erase(erasures: Erasures, books: Books, *ids: str) -> list[Started]:
    """Erase customers at the same time."""

    async def all_of_them() -> list[Started]:
        view = books.view("main")
        return await asyncio.gather(*(erasures.erase("main", id_, view, allow_missing=False) for id_ in ids))

    return asyncio.run(all_of_them())


def test_a_failure_is_told_and_tried_again(tmp_path: Path) -> None:
    """Twice the disk is full; whoever waited learns that bytes are left, and the third time none are."""
    failed: list[SegmentdError] = []
    finished: list[Rewritten] = []
    done = threading.Event()

    def note_done(rewritten: Rewritten) -> None:
        finished.append(rewritten)
        done.set()

    def note_failed(ledger_id: str, error: Exception) -> None:
        assert ledger_id == "main"
        assert isinstance(error, StoreFailedError)
        failed.append(error)

    books = Books(tmp_path, Definitions())
    books.open()
    snapshots = Snapshots(failures=2)
    listener = ErasureListener(note_done, note_failed)
    erasures = Erasures(books.ingestion, books.journal, memories=(snapshots,), listener=listener, retry_s=0.0)
    books.ingestion.submit("main", customers({"a-4711": 1, "b-4712": 2, "c-4713": 3})).result(WAIT_S)
    erasures.start()
    (started,) = erase(erasures, books, "a-4711")
    assert started.outcome.deleted == 1
    assert started.finished.result(WAIT_S) is False
    assert done.wait(WAIT_S)
    assert (len(failed), len(finished), finished[0].erasures) == (2, 1, 1)
    assert set(snapshots.asked) == {("a-4711",)}
    assert books.journal.ledgers_to_scrub() == ()
    assert not any(b"a-4711" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    erasures.close()
    books.close()


def test_several_erasures_share_a_rewriting(tmp_path: Path) -> None:
    """Those that come before the thread begins are one pass over all of them; who comes to a stopped one is told so."""
    books = Books(tmp_path, Definitions())
    books.open()
    snapshots = Snapshots(failures=0)
    erasures = Erasures(books.ingestion, books.journal, memories=(snapshots,))
    books.ingestion.submit("main", customers({f"c{n}-47": n for n in range(20)})).result(WAIT_S)
    started = erase(erasures, books, *(f"c{n}-47" for n in range(10)))
    erasures.start()
    assert all(each.finished.result(WAIT_S) for each in started)
    assert {id_ for ids in snapshots.asked for id_ in ids} == {f"c{n}-47" for n in range(10)}
    assert len(snapshots.asked) <= 2
    erasures.close()
    (late,) = erase(erasures, books, "c11-47")
    assert late.finished.result(WAIT_S) is False
    assert books.journal.ledgers_to_scrub() == ("main",)
    books.close()
