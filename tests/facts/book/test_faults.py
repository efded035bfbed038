"""A book whose writing stops in the middle, and a tail that is merged by itself."""

from __future__ import annotations

import numpy as np
import pytest

from segmentd.facts.book import Book
from segmentd.facts.book.field import Field
from segmentd.facts.book.merging import MIN_TAIL
from segmentd.facts.book.owners import OwnerIndex
from segmentd.facts.book.pool import TextPool
from segmentd.facts.book.table import Table
from segmentd.facts.kinds import AMOUNT, RecordKind
from segmentd.facts.records import RecordBatch
from segmentd.schema import LIST, STRING, TIMESTAMP
from tests.facts.book.comparing import assert_same
from tests.facts.book.histories import WORDS, record_batch
from tests.facts.book.model import Given, NaiveBook
from tests.facts.book.records import LEDGER, Columns, batch

BEFORE = (
    Given(RecordKind.CUSTOMER, ["anna", "ben"], {"name": ["A", "B"]}),
    Given(RecordKind.ACCOUNT, ["x", "y"], {"owners": [["anna"], ["anna", "ben"]]}),
    Given(
        RecordKind.TRANSACTION,
        ["1", "2", "3"],
        {"account": ["x", "y", "y"], "booking_time": [3, 1, 2], "amount": [1, 2, 3], "purpose": ["p", None, "q"]},
    ),
)
GROUP = (
    Given(
        RecordKind.TRANSACTION,
        ["2", "4", "1"],
        {"account": ["x", "y", "x"], "booking_time": [5, 1, 3], "amount": [2, 4, 9], "category": ["c", "d", "e"]},
    ),
    Given(RecordKind.CUSTOMER, ["carl", "ben"], {"name": ["C", "new name of Ben"]}),
    Given(RecordKind.CUSTOMER, [], {}, deletions=["anna"]),
    Given(RecordKind.TRANSACTION, ["1", "5"], {"account": ["y", "y"], "booking_time": [7, 8], "amount": [1, 5]}),
)


class StoppedError(Exception):
    """What a test stops a book with."""


@pytest.mark.parametrize("is_merged", [False, True])
@pytest.mark.parametrize(
    ("owner", "method"),
    [
        (Field, "write"),
        (Table, "_reserve"),
        (Table, "kill"),
        (OwnerIndex, "link"),
        (OwnerIndex, "note"),
        (OwnerIndex, "reserve_owners"),
        (TextPool, "add"),
    ],
)
def test_undoing_what_stopped_in_the_middle(
    monkeypatch: pytest.MonkeyPatch,
    owner: type[object],
    method: str,
    is_merged: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Wherever staging a group of batches stops, undoing gives back the published state, and the group can follow."""
    stops = 0
    while _stop_at(monkeypatch, owner, method, stops, is_merged=is_merged):
        stops += 1
    assert stops >= 2


def _stop_at(monkeypatch: pytest.MonkeyPatch, owner: type[object], method: str, calls: int, *, is_merged: bool) -> bool:
    """Stop at a call of a method, undo, and go on; whether there was such a call."""
    book, naive = Book(LEDGER), NaiveBook()
    for given in BEFORE:
        book.stage(record_batch(given), WORDS)
        naive.write(given)
    book.publish()
    if is_merged:
        book.merge()
    left, real = [calls], getattr(owner, method)

    def stopping(*args: object, **kwargs: object) -> object:
        if left[0] == 0:
            raise StoppedError
        left[0] -= 1
        return real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(owner, method, stopping)
        try:
            _stage(book)
        except StoppedError:
            pass
        else:
            return False
    book.undo()
    assert_same(book.view, naive.records)
    _stage(book)
    for given in GROUP:
        naive.write(given)
    assert_same(book.publish(), naive.records)
    return True


def _stage(book: Book) -> None:
    for given in GROUP:
        book.stage(record_batch(given), WORDS, delete_customers=True)


def test_a_long_tail_is_merged() -> None:
    """More rows than a tail may have are sorted when the book is tidied; a few more stay in the tail, and are found."""
    book = Book(LEDGER)
    book.stage(batch(RecordKind.CUSTOMER, ["anna"], {}), WORDS)
    owners: Columns = {"owners": (LIST, [["anna"]] * 7)}
    book.stage(batch(RecordKind.ACCOUNT, [f"account {number}" for number in range(7)], owners), WORDS)
    random = np.random.default_rng(3)
    owner_of, times = random.integers(0, 7, MIN_TAIL + 10), random.integers(0, 1_000, MIN_TAIL + 10)
    old = book.publish()
    book.stage(_transactions(0, owner_of[:-9], times[:-9]), WORDS)
    assert book.publish().touched(RecordKind.TRANSACTION).tolist() == list(range(7))
    untidy = [book.is_untidy]
    assert len(book.tidy().touched(RecordKind.TRANSACTION)) == 0
    assert [*untidy, book.is_untidy] == [True, False]
    book.stage(_transactions(len(times) - 9, owner_of[-9:], times[-9:]), WORDS)
    view = book.publish()
    assert view.touched(RecordKind.TRANSACTION).tolist() == sorted(set(owner_of[-9:]))
    found = view.items_of(RecordKind.TRANSACTION, np.arange(7, dtype=np.int32))
    order = np.lexsort((np.arange(len(times)), times, owner_of))
    assert np.array_equal(found.times, times[order])
    assert np.array_equal(found.batch.columns["amount"].values, order)  # type: ignore[union-attr]
    assert np.array_equal(np.diff(found.offsets), np.bincount(owner_of))
    assert old.items_of(RecordKind.TRANSACTION, np.arange(7, dtype=np.int32)).batch.rows == 0


def test_a_tail_of_middle_length_is_merged_while_nobody_writes() -> None:
    """Not when the book is tidied, but when it is settled; views from before see what they saw."""
    book = Book(LEDGER)
    book.stage(batch(RecordKind.CUSTOMER, ["anna"], {}), WORDS)
    book.stage(batch(RecordKind.ACCOUNT, ["account 0"], {"owners": (LIST, [["anna"]])}), WORDS)
    many = 5 * MIN_TAIL
    book.stage(_transactions(0, np.zeros(many, np.int64), np.arange(many)), WORDS)
    book.publish()
    book.tidy()
    book.stage(_transactions(many, np.zeros(MIN_TAIL + 1, np.int64), np.arange(MIN_TAIL + 1)), WORDS)
    before = book.publish()
    book.tidy()
    assert book.view is before
    assert before.touched(RecordKind.TRANSACTION).tolist() == [0]
    book.settle()
    after = book.view
    assert (after.version, len(after.touched(RecordKind.TRANSACTION))) == (before.version, 0)
    found = [view.items_of(RecordKind.TRANSACTION, np.zeros(1, np.int32)) for view in (before, after)]
    assert np.array_equal(found[0].times, found[1].times)
    assert len(found[1].times) == many + MIN_TAIL + 1
    assert before.touched(RecordKind.TRANSACTION).tolist() == [0]


def _transactions(first: int, owners: np.ndarray[tuple[int], np.dtype[np.int64]], times: object) -> RecordBatch:
    """Transactions whose amounts are their numbers."""
    count = len(owners)
    columns: Columns = {
        "account": (STRING, [f"account {owner}" for owner in owners]),
        "booking_time": (TIMESTAMP, list(times)),  # type: ignore[call-overload]
        "amount": (AMOUNT, list(range(first, first + count))),
    }
    return batch(RecordKind.TRANSACTION, [str(first + number) for number in range(count)], columns)
