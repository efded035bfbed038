"""Batches through the queue, the writer and the journal: acknowledged once they are durable, and written once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from segmentd.errors import ErrorReason
from segmentd.facts.books import Books, BooksListener, Opened
from segmentd.facts.ingestion import Checkpointed, CheckpointListener, CheckpointPolicy, IngestionClosedError, Limits
from segmentd.facts.records import RecordBatch, WriteOutcome
from segmentd.ledger.errors import LedgerNotFoundError
from segmentd.schema import DOUBLE, INT64
from segmentd.storage import StoreFailedError
from tests.facts.ingestion.batches import Definitions, accounts, customers, transactions, vocabulary_of
from tests.facts.ingestion.naive_book import Facts, NaiveBook

NEVER = CheckpointPolicy(on_close_bytes=1 << 40)
"""No checkpoints but those that are asked for."""

ALWAYS = CheckpointPolicy(after_bytes=0, fraction=0.0, on_close_bytes=0)
"""A checkpoint after every group."""


class Heard:
    """What a listener of books was told."""

    def __init__(self) -> None:
        self.opened: list[Opened] = []
        self.unknown: list[str] = []
        self.done: list[Checkpointed] = []
        self.failed: list[tuple[str, Exception]] = []
        checkpoints = CheckpointListener(self.done.append, lambda *failure: self.failed.append(failure))
        self.listener = BooksListener(self.opened.append, self.unknown.append, checkpoints)


@contextmanager
def opened(directory: Path, definitions: Definitions | None = None, **options: Any) -> Iterator[Books]:
    """The books of a directory, of naive ones unless the options say otherwise."""
    options.setdefault("policy", NEVER)
    options.setdefault("make", NaiveBook)
    books = Books(directory, definitions or Definitions(), **options)
    try:
        books.open()
        yield books
    finally:
        books.close()


def facts_of(books: Books, ledger_id: str = "main") -> Facts:
    """All that the ledger holds, by kind and id."""
    view: Any = books.view(ledger_id)
    facts: Facts = view.facts
    return facts


def write(books: Books, batch: RecordBatch, batch_id: str = "", **options: bool) -> WriteOutcome:
    """Submit to ledger `main`, and wait for the outcome."""
    return books.ingestion.submit("main", batch, batch_id, **options).result(60)


def full(books: Books) -> Callable[[], None]:
    """Let the journal's file grow no more, as on a full disk; called, it can grow again."""
    connection = books._journal._store._file._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    return lambda: connection.execute("PRAGMA max_page_count = 1000000").close()


def test_what_was_acknowledged_is_seen_and_is_there_after_a_restart(tmp_path: Path) -> None:
    """The outcome says what was written and in which version; readers see it at once, and a new process too."""
    with opened(tmp_path) as books:
        assert books.view("main") is None
        assert write(books, customers({"a": 1, "b": None})) == WriteOutcome(1, inserted=2)
        assert write(books, customers({"a": 2, "b": None})) == WriteOutcome(2, updated=1, unchanged=1)
        assert facts_of(books) == {"customer": {"a": {"count": 2}, "b": {"count": None}}}
        before = facts_of(books)
    heard = Heard()
    with opened(tmp_path, listener=heard.listener) as books:
        assert facts_of(books) == before
        assert [(each.ledger, each.version, each.replayed) for each in heard.opened] == [("main", 2, 2)]
        assert write(books, customers({"c": 3})).version == 3


def test_ledgers_are_apart(tmp_path: Path) -> None:
    """Versions, facts and batch ids of one ledger are none of another's."""
    with opened(tmp_path, Definitions("main", "other")) as books:
        write(books, customers({"a": 1}), "1")
        outcome = books.ingestion.submit("other", customers({"b": 1}), "1").result(60)
        assert outcome == WriteOutcome(1, inserted=1)
        assert facts_of(books, "other") == {"customer": {"b": {"count": 1}}}


def test_a_ledger_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    """Nothing is queued for it."""
    with opened(tmp_path) as books, pytest.raises(LedgerNotFoundError):
        books.ingestion.submit("nowhere", customers({"a": 1}))


def test_a_batch_id_is_written_once(tmp_path: Path) -> None:
    """A second batch of the same id is answered as the first was, also after a restart, and whatever is in it."""
    with opened(tmp_path) as books:
        first = write(books, customers({"a": 1}), "b1")
        again = write(books, customers({"a": 9, "z": 9}), "b1")
        assert (first.repeated, again) == (False, WriteOutcome(1, inserted=1, repeated=True))
    with opened(tmp_path) as books:
        assert write(books, customers({"a": 9}), "b1") == again
        assert facts_of(books) == {"customer": {"a": {"count": 1}}}


def test_batches_without_an_id_are_written_each_time(tmp_path: Path) -> None:
    """They have nothing to be known by."""
    with opened(tmp_path) as books:
        assert [write(books, customers({"a": 1})).version for _ in range(3)] == [1, 2, 3]


def test_a_batch_that_was_refused_whole_is_known_too(tmp_path: Path) -> None:
    """All or nothing: one unknown account, nothing is written, and the same id is answered with the same rejection."""
    with opened(tmp_path) as books:
        write(books, accounts(["k"]))
        batch = transactions({"t1": ("k", 1), "t2": ("nobody's", 1)})
        refused = write(books, batch, "b", all_or_nothing=True)
        assert (refused.version, refused.inserted, [each.row for each in refused.rejected]) == (1, 0, [1])
    with opened(tmp_path) as books:
        again = write(books, batch, "b")
        assert again == WriteOutcome(1, rejected=refused.rejected, repeated=True)
        assert facts_of(books) == {"account": {"k": {}}}
        assert write(books, batch).inserted == 1


def test_validating_writes_nothing(tmp_path: Path) -> None:
    """The outcome is that of writing, at the version before it; the batch's id is as good as new."""
    with opened(tmp_path) as books:
        write(books, customers({"a": 1}))
        would = write(books, customers({"a": 2, "b": 2}), "b1", validate_only=True)
        assert would == WriteOutcome(1, inserted=1, updated=1)
        assert facts_of(books) == {"customer": {"a": {"count": 1}}}
        assert write(books, customers({"a": 2, "b": 2}), "b1") == WriteOutcome(2, inserted=1, updated=1)


class Held(NaiveBook):
    """A book whose first staging waits until it is let go."""

    begun = threading.Event()
    go = threading.Event()

    def stage(self, batch: RecordBatch, *args: Any, **kwargs: Any) -> WriteOutcome:
        """Wait, then stage."""
        self.begun.set()
        assert self.go.wait(60)
        return super().stage(batch, *args, **kwargs)


@pytest.fixture
def held() -> type[Held]:
    """A class of books of its own."""
    return type("HeldHere", (Held,), {"begun": threading.Event(), "go": threading.Event()})


def test_what_waits_is_written_in_one_group(tmp_path: Path, held: type[Held]) -> None:
    """Batches that came while another was written are committed together: in order, with one version each."""
    with opened(tmp_path, make=held) as books:
        first = books.ingestion.submit("main", customers({"a": 0}))
        assert held.begun.wait(60)
        commits = count_commits(books)
        rest = [books.ingestion.submit("main", customers({"a": number}), f"b{number % 5}") for number in range(1, 9)]
        held.go.set()
        outcomes = [future.result(60) for future in (first, *rest)]
        assert [outcome.version for outcome in outcomes] == [1, 2, 3, 4, 5, 6, 2, 3, 4]
        assert [outcome.repeated for outcome in outcomes] == [False] * 6 + [True] * 3
        assert facts_of(books) == {"customer": {"a": {"count": 5}}}
        assert len(commits) == 2


def count_commits(books: Books) -> list[str]:
    """The commits that the journal makes from now on, as they come."""
    commits: list[str] = []
    trace = lambda statement: commits.append(statement) if statement == "COMMIT" else None  # noqa: E731
    books._journal._store._file._connection.set_trace_callback(trace)
    return commits


def test_a_full_disk_acknowledges_nothing_and_loses_nothing(tmp_path: Path) -> None:
    """The batch fails with STORE_FAILED, readers keep what they had, and with space again writing goes on."""
    with opened(tmp_path) as books:
        write(books, customers({"a": 1}), "first")
        free = full(books)
        large = customers({f"c{number}": number for number in range(30_000)})
        with pytest.raises(StoreFailedError, match="full") as caught:
            write(books, large, "large")
        assert caught.value.reason is ErrorReason.STORE_FAILED
        assert facts_of(books) == {"customer": {"a": {"count": 1}}}
        free()
        assert write(books, large, "large") == WriteOutcome(2, inserted=30_000)
    with opened(tmp_path) as books:
        assert len(facts_of(books)["customer"]) == 30_001


def test_a_failed_commit_fails_its_whole_group(tmp_path: Path, held: type[Held]) -> None:
    """Batches that would have fitted are not written either, since others were staged on top of them."""
    with opened(tmp_path, make=held) as books:
        first = books.ingestion.submit("main", customers({"a": 0}))
        assert held.begun.wait(60)
        small = books.ingestion.submit("main", customers({"a": 1}))
        large = books.ingestion.submit("main", customers({f"c{number}": number for number in range(30_000)}))
        free = full(books)
        held.go.set()
        outcomes = [future.exception(60) for future in (first, small, large)]
        assert isinstance(outcomes[1], StoreFailedError)
        assert isinstance(outcomes[2], StoreFailedError)
        free()
        version = books.opened("main")
        assert version is not None
        assert write(books, customers({"a": 2})).version == version.version


class Fragile(NaiveBook):
    """A book that runs out of memory after it staged a customer `stage`, and so many times when it publishes."""

    failing = 0

    def stage(self, batch: RecordBatch, *args: Any, **kwargs: Any) -> WriteOutcome:
        """Stage, then perhaps fail."""
        outcome = super().stage(batch, *args, **kwargs)
        if batch.records.ids is not None and "stage" in batch.records.ids.to_pylist():
            raise MemoryError("no more of it")
        return outcome

    def publish(self) -> Any:
        """Perhaps fail, half-way."""
        if type(self).failing:
            type(self).failing -= 1
            self._staged.facts.clear()
            raise MemoryError("no more of it")
        return super().publish()


def test_a_batch_that_cannot_be_staged_fails_alone(tmp_path: Path, held: type[Held]) -> None:
    """Its sender gets the error; those of the same group before and after it are written."""
    make = type("FragileAndHeld", (held, Fragile), {})
    with opened(tmp_path, make=make) as books:
        futures = [books.ingestion.submit("main", customers({id_: 1})) for id_ in ("a", "b", "stage", "c")]
        held.go.set()
        assert [future.exception(60) is None for future in futures] == [True, True, False, True]
        assert isinstance(futures[2].exception(), MemoryError)
        assert futures[3].result().version == 3
        before = facts_of(books)
        assert list(before["customer"]) == ["a", "b", "c"]
    with opened(tmp_path) as books:
        assert facts_of(books) == before


@pytest.mark.parametrize("times", [1, 2])
def test_a_book_that_cannot_be_published_is_opened_anew(tmp_path: Path, times: int) -> None:
    """The batch is on disk and acknowledged: readers see it as soon as the book could be made again."""
    make = type("FragileHere", (Fragile,), {})
    with opened(tmp_path, make=make) as books:
        write(books, customers({"a": 1}))
        book = books.opened("main")
        make.failing = times  # type: ignore[attr-defined]
        assert write(books, customers({"b": 1})) == WriteOutcome(2, inserted=1)
        assert ("b" in facts_of(books)["customer"]) is (times == 1)
        assert write(books, customers({"c": 1})) == WriteOutcome(3, inserted=1)
        assert list(facts_of(books)["customer"]) == ["a", "b", "c"]
        assert books.opened("main") is not book


def test_the_queue_holds_so_much(tmp_path: Path, held: type[Held]) -> None:
    """Beyond the limit an event loop waits without standing still, and goes on when there is room."""
    with opened(tmp_path, make=held, limits=Limits(waiting_batches=2, group_batches=1)) as books:
        first = books.ingestion.submit("main", customers({"a": 0}))
        assert held.begun.wait(60)
        waiting = [books.ingestion.submit("main", customers({"a": number})) for number in (1, 2)]

        async def offer() -> tuple[bool, Future[WriteOutcome]]:
            offered = asyncio.create_task(books.ingestion.offer("main", customers({"a": 3})))
            for _ in range(10):
                await asyncio.sleep(0)
            waits = not offered.done()
            held.go.set()
            return waits, await asyncio.wait_for(offered, 60)

        waits, future = asyncio.run(offer())
        assert waits
        versions = [each.result(60).version for each in (first, *waiting, future)]
        assert versions == [1, 2, 3, 4]


def test_a_batch_that_is_withdrawn_in_time_is_not_written(tmp_path: Path, held: type[Held]) -> None:
    """A future can be cancelled until its group is begun."""
    with opened(tmp_path, make=held) as books:
        first = books.ingestion.submit("main", customers({"a": 0}))
        assert held.begun.wait(60)
        withdrawn = books.ingestion.submit("main", customers({"b": 0}))
        assert withdrawn.cancel()
        held.go.set()
        assert first.result(60).version == 1
        assert write(books, customers({"c": 0})).version == 2
        assert list(facts_of(books)["customer"]) == ["a", "c"]


def test_closing_writes_what_waits_and_takes_no_more(tmp_path: Path, held: type[Held]) -> None:
    """What was submitted before is acknowledged; what comes after is refused."""
    with opened(tmp_path, make=held) as books:
        futures = [books.ingestion.submit("main", customers({"a": number})) for number in range(5)]
        held.go.set()
    assert [future.result(0).version for future in futures] == [1, 2, 3, 4, 5]
    with pytest.raises(IngestionClosedError):
        books.ingestion.submit("main", customers({"a": 9}))


def test_checkpoints_take_the_place_of_the_journal(tmp_path: Path) -> None:
    """Made in the background and on closing; what is opened from them equals what was written."""
    heard = Heard()
    with opened(tmp_path, policy=ALWAYS, listener=heard.listener) as books:
        for number in range(20):
            write(books, customers({f"c{number % 7}": number}))
        before = facts_of(books)
    assert heard.done[-1].version == 20
    assert not heard.failed
    heard = Heard()
    with opened(tmp_path, listener=heard.listener) as books:
        assert facts_of(books) == before
        (found,) = heard.opened
        assert (found.version, found.replayed, found.rows) == (20, 0, 7)
        assert write(books, customers({"c0": 0})).version == 21


def test_a_checkpoint_that_fails_is_told_and_harms_nothing(tmp_path: Path) -> None:
    """Where its folder cannot be made, batches are written all the same, and are there after a restart."""
    heard = Heard()
    (tmp_path / "facts").write_text("in the way")
    with opened(tmp_path, policy=ALWAYS, listener=heard.listener) as books:
        for number in range(5):
            write(books, customers({"a": number}))
        with pytest.raises(StoreFailedError):
            books.ingestion.scrub("main").result(60)
    assert heard.failed
    assert not heard.done
    (tmp_path / "facts").unlink()
    with opened(tmp_path) as books:
        assert facts_of(books) == {"customer": {"a": {"count": 4}}}


def test_an_erased_customer_is_in_no_byte_of_the_directory(tmp_path: Path) -> None:
    """After a deletion is acknowledged and scrubbed, id, value and batch id are gone from every file."""
    with opened(tmp_path) as books:
        write(books, customers({"4711-erika": 1_234_567_890_123_456_789}), "of-4711-erika")
        planted = (b"4711-erika", (1_234_567_890_123_456_789).to_bytes(8, "little"))
        assert any(planted[0] in path.read_bytes() for path in tmp_path.iterdir())
        write(books, customers({}, ["4711-erika"]), delete_customers=True)
        books.ingestion.scrub("main", 1).result(60)
        for path in tmp_path.rglob("*"):
            assert path.is_dir() or not any(each in path.read_bytes() for each in planted), path
    with opened(tmp_path) as books:
        assert facts_of(books) == {"customer": {}}


def test_definitions_may_change_between_writing_and_opening(tmp_path: Path) -> None:
    """Values of an attribute that has gone, or has another type now, are not there; all others are."""
    definitions = Definitions()
    with opened(tmp_path, definitions) as books:
        write(books, customers({"a": 1}))
        write(books, customers({"b": 2}))
    definitions.known["main"] = vocabulary_of({"count": DOUBLE})
    with opened(tmp_path, definitions) as books:
        assert facts_of(books) == {"customer": {"a": {}, "b": {}}}
        assert write(books, customers({"c": 3})) == WriteOutcome(3, inserted=1)
        assert facts_of(books)["customer"]["c"] == {}
    definitions.known["main"] = vocabulary_of({"count": INT64})


def test_facts_of_a_ledger_that_nobody_defines_are_kept(tmp_path: Path) -> None:
    """They are not opened, and told; once the ledger is defined again they are there."""
    with opened(tmp_path, Definitions("main", "other")) as books:
        books.ingestion.submit("other", customers({"a": 1})).result(60)
        books.ingestion.scrub("other").result(60)
    heard = Heard()
    with opened(tmp_path, Definitions("main"), listener=heard.listener) as books:
        assert books.view("other") is None
        assert heard.unknown == ["other"]
    with opened(tmp_path, Definitions("main", "other")) as books:
        assert facts_of(books, "other") == {"customer": {"a": {"count": 1}}}
