"""Facts of more owners, and of more rows, than are worked on at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from segmentd.columns.column import Batch, Column, FixedColumn, TextColumn
from segmentd.engine.facts.pieces import PIECE_ROWS, spans
from segmentd.facts.book import Book
from segmentd.facts.book.sorting import PIECE_OWNERS
from segmentd.facts.kinds import AMOUNT, RecordKind
from segmentd.facts.records import RecordBatch
from segmentd.facts.views import Items
from segmentd.schema import LIST, STRING, TIMESTAMP
from tests.facts.book.histories import WORDS
from tests.facts.book.records import LEDGER, Columns, batch

Integers = npt.NDArray[np.int64]

ACCOUNTS = PIECE_OWNERS + 4_000
ROWS = PIECE_ROWS + 30_000
CORRECTED = 3_000


def transactions(numbers: Integers, owners: Integers, times: Integers) -> RecordBatch:
    """Transactions whose amounts are their numbers and whose purposes tell whether these are odd."""
    rows = len(numbers)
    accounts = pa.array([f"account {number}" for number in range(ACCOUNTS)], pa.string())
    columns: dict[str, Column] = {
        "account": TextColumn(owners.astype(np.int32), accounts),
        "booking_time": FixedColumn(TIMESTAMP, times, None),
        "amount": FixedColumn(AMOUNT, numbers, None),
        "purpose": TextColumn((numbers % 2).astype(np.int32), pa.array(["even", "odd"])),
    }
    ids = pa.array([str(number) for number in numbers], pa.string())
    return RecordBatch(RecordKind.TRANSACTION, Batch(rows, columns, ids), np.arange(rows))


@pytest.fixture(scope="module")
def book_and_oracle() -> tuple[Book, tuple[Integers, Integers, Integers]]:
    """A book, a long tail of which is not merged, and owner, time and number of its facts in their order."""
    random = np.random.default_rng(8)
    book = Book(LEDGER)
    book.stage(batch(RecordKind.CUSTOMER, ["anna"], {}), WORDS)
    owned: Columns = {"owners": (LIST, [["anna"]] * ACCOUNTS), "kind": (STRING, ["CURRENT"] * ACCOUNTS)}
    book.stage(batch(RecordKind.ACCOUNT, [f"account {number}" for number in range(ACCOUNTS)], owned), WORDS)
    # One account has as many as a piece, so that pieces of rows are not those of owners.
    owners = np.where(np.arange(ROWS) % 4 > 0, random.integers(0, ACCOUNTS, ROWS), ACCOUNTS - 7)
    times, numbers = random.integers(0, 1_000, ROWS), np.arange(ROWS)
    book.stage(transactions(numbers, owners, times), WORDS)
    book.publish()
    book.merge()
    again = np.sort(random.choice(ROWS, CORRECTED, replace=False))
    new_owners, new_times = random.integers(0, ACCOUNTS, CORRECTED), random.integers(0, 1_000, CORRECTED)
    book.stage(transactions(again, new_owners, new_times), WORDS)
    book.publish()
    left = np.delete(np.arange(ROWS), again)
    every = [np.append(old[left], new) for old, new in ((owners, new_owners), (times, new_times), (numbers, again))]
    order = np.lexsort((np.arange(ROWS), every[1], every[0]))
    return book, (every[0][order], every[1][order], every[2][order])


def check(items: Items, oracle: tuple[Integers, Integers, Integers]) -> None:
    """The facts are those of the oracle, in its order."""
    owners, times, numbers = oracle
    assert np.array_equal(items.offsets, np.searchsorted(owners, np.arange(ACCOUNTS + 1)))
    assert np.array_equal(items.times, times)
    amounts, purposes = items.batch.columns["amount"], items.batch.columns["purpose"]
    assert isinstance(amounts, FixedColumn)
    assert isinstance(purposes, TextColumn)
    assert np.array_equal(amounts.values, numbers)
    is_odd = np.array([text == "odd" for text in purposes.dictionary.to_pylist()])
    assert np.array_equal(is_odd[purposes.codes], numbers % 2 == 1)


def test_a_dump_has_all_facts_in_order(
    book_and_oracle: tuple[Book, tuple[Integers, Integers, Integers]],
) -> None:
    """What is dumped of a prefix and a tail, and restored, is in the order of owner, time and arrival."""
    book, oracle = book_and_oracle
    kept = Book.restore(LEDGER, book.dump(book.view), book.version)
    check(kept.view.sorted_items(RecordKind.TRANSACTION), oracle)


def test_merging_sorts_all_facts(book_and_oracle: tuple[Book, tuple[Integers, Integers, Integers]]) -> None:
    """A merged prefix is in the order of owner, time and arrival; the view from before sees the same facts."""
    book, oracle = book_and_oracle
    before = book.view
    book.merge()
    check(book.view.sorted_items(RecordKind.TRANSACTION), oracle)
    assert len(book.view.touched(RecordKind.TRANSACTION)) == 0
    check(before.items_of(RecordKind.TRANSACTION, np.arange(ACCOUNTS, dtype=np.int32)), oracle)


def test_spans_are_all_rows_once() -> None:
    """Spans lie one after the other and cover what they are asked for, of any length."""
    for end in (0, 1, 4, 5, 8, 9):
        assert [row for span in spans(0, end, 4) for row in range(span.start, span.stop)] == list(range(end))
