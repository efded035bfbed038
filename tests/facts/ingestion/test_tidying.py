"""Books are put in order beside the thread that writes: other ledgers do not wait, and the book's own batches do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import ClassVar

import pytest

from segmentd.facts.books import BooksListener
from segmentd.facts.ingestion.orders import Limits, Order, OrderQueue
from tests.facts.ingestion.batches import Definitions, customers
from tests.facts.ingestion.naive_book import NaiveBook
from tests.facts.ingestion.test_ingestion import opened


class LongBook(NaiveBook):
    """A naive book that is put in order, ledger `main`'s after each batch, for as long as a test wants."""

    begun: ClassVar[SimpleQueue[int]] = SimpleQueue()
    may_go_on: ClassVar[threading.Event] = threading.Event()
    failures: ClassVar[list[Exception]] = []

    @property
    def is_untidy(self) -> bool:  # type: ignore[override]
        """That of ledger `main`."""
        return self.ledger.id == "main"

    def tidy(self) -> None:
        """Say at which version, and wait; nothing is to be done in a book that was just begun."""
        if not self.version:
            return
        self.begun.put(self.version)
        self.may_go_on.wait()
        if self.failures:
            raise self.failures.pop()


@pytest.fixture(autouse=True)
def waiting() -> Iterator[None]:
    """Books wait from the beginning, and go on at the end."""
    LongBook.may_go_on.clear()
    yield
    LongBook.may_go_on.set()
    while not LongBook.begun.empty():
        LongBook.begun.get()


def test_other_ledgers_are_written_meanwhile(tmp_path: Path) -> None:
    """The batch that made the work is answered before, those of other ledgers meanwhile, the next of its own after."""
    with opened(tmp_path, Definitions("main", "other"), make=LongBook) as books:
        try:
            assert books.ingestion.submit("main", customers({"a": 1})).result(60).version == 1
            assert LongBook.begun.get(timeout=60) == 1
            waiting = [books.ingestion.submit("main", customers({f"c{number}": number})) for number in range(3)]
            for number in range(5):
                written = books.ingestion.submit("other", customers({f"c{number}": number})).result(60)
                assert written.version == number + 1
            assert not any(each.done() for each in waiting)
        finally:
            LongBook.may_go_on.set()
        assert [each.result(60).version for each in waiting] == [2, 3, 4]


def test_a_book_that_cannot_be_put_in_order_is_made_anew(tmp_path: Path) -> None:
    """What was written is read from disk, and written to; what went wrong is told."""
    LongBook.may_go_on.set()
    LongBook.failures.append(MemoryError())
    told: SimpleQueue[tuple[str, Exception]] = SimpleQueue()
    listener = BooksListener(failed=lambda ledger, error: told.put((ledger, error)))
    with opened(tmp_path, Definitions("main"), make=LongBook, listener=listener) as books:
        before = books.book("main")
        assert books.ingestion.submit("main", customers({"a": 1})).result(60).version == 1
        assert books.ingestion.submit("main", customers({"b": 1})).result(60).version == 2
        assert books.book("main") is not before
        ledger, error = told.get_nowait()
        assert (ledger, type(error), told.empty()) == ("main", MemoryError, True)
        assert set(books.book("main").view.facts["customer"]) == {"a", "b"}  # type: ignore[attr-defined]


def test_closing_waits_for_books(tmp_path: Path) -> None:
    """Batches that wait for their book are written before the journal is closed."""
    with opened(tmp_path, Definitions("main"), make=LongBook) as books:
        books.ingestion.submit("main", customers({"a": 1})).result(60)
        LongBook.begun.get(timeout=60)
        last = books.ingestion.submit("main", customers({"b": 1}))
        closing = threading.Thread(target=books.ingestion.close)
        closing.start()
        LongBook.may_go_on.set()
        closing.join(60)
        assert last.result(0).version == 2


def orders(*ledgers: str) -> list[Order]:
    """An order of each."""
    return [Order(ledger, customers({"a": 1})) for ledger in ledgers]


def test_a_held_ledger_keeps_its_order_and_leaves_room() -> None:
    """Its orders stay as they came, held as often as it is; half of the places are for others."""
    queue = OrderQueue(Limits(waiting_batches=4))
    came = orders("one", "two", "one", "two")
    queue.hold("one")
    queue.hold("one")
    for each in came[:3]:
        queue.put(each)
    assert not queue._has_room("one")
    assert queue._has_room("two")
    queue.put(came[3])
    assert queue.take() == [came[1], came[3]]
    assert not queue.wait(0)
    queue.release("one")
    assert not queue.wait(0)
    queue.release("one")
    assert queue.wait(0)
    assert queue.take() == [came[0], came[2]]
    queue.close()
    assert queue.take() == []
