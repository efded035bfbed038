"""What a book makes of batches, example by example."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from segmentd.facts.book import Book
from segmentd.facts.kinds import AMOUNT, RecordKind
from segmentd.facts.records import RecordBatch
from segmentd.schema import LIST, STRING, TIMESTAMP
from tests.facts.book.records import LEDGER, Columns, batch, vocabulary

WORDS = vocabulary()


@pytest.fixture
def book() -> Book:
    """A book with customers a and b, whose account x is a's and y is both's."""
    book = Book(LEDGER)
    book.stage(batch(RecordKind.CUSTOMER, ["a", "b"], {}), WORDS)
    owners = {"owners": (LIST, [["a"], ["a", "b"]]), "owner_roles": (LIST, [["OWNER"], ["JOINT", ""]])}
    book.stage(batch(RecordKind.ACCOUNT, ["x", "y"], owners), WORDS)
    book.publish()
    return book


def transactions(ids: list[str], accounts: list[str | None], times: list[int | None]) -> RecordBatch:
    """Transactions of one minor unit more each."""
    columns: Columns = {
        "account": (STRING, accounts),
        "booking_time": (TIMESTAMP, times),
        "amount": (AMOUNT, list(range(len(ids)))),
    }
    return batch(RecordKind.TRANSACTION, ids, columns)


def test_holdings(book: Book) -> None:
    """A customer's accounts are found with the role in each; an empty role is OWNER."""
    holdings = book.view.holdings()
    assert holdings.offsets.tolist() == [0, 2, 3]
    assert holdings.accounts.tolist() == [0, 1, 1]
    assert [holdings.role_names[role] for role in holdings.roles] == ["OWNER", "JOINT", "OWNER"]


def test_rejected_rows_do_not_sink_their_batch(book: Book) -> None:
    """Unknown accounts and lacking times are told by row and field, the other rows are written."""
    outcome = book.stage(transactions(["1", "2", "3"], ["x", "nobody", "y"], [5, 6, None]), WORDS)
    assert (outcome.version, outcome.inserted) == (3, 1)
    assert [(reason.row, reason.field) for reason in outcome.rejected] == [(1, "account"), (2, "booking_time")]
    assert "'nobody'" in outcome.rejected[0].message


def test_all_or_nothing(book: Book) -> None:
    """With one wrong row nothing is applied, and no version is made."""
    outcome = book.stage(transactions(["1", "2"], ["x", "nobody"], [5, 6]), WORDS, all_or_nothing=True)
    assert (outcome.version, outcome.inserted, len(outcome.rejected)) == (2, 0, 1)
    assert book.publish().version == 2


def test_same_content_is_unchanged(book: Book) -> None:
    """What is written a second time changes nothing, and makes no version."""
    book.stage(transactions(["1"], ["x"], [5]), WORDS)
    again = book.stage(transactions(["1"], ["x"], [5]), WORDS)
    assert (again.version, again.unchanged, again.updated) == (3, 1, 0)


def test_a_deleted_customer_takes_sole_accounts_along(book: Book) -> None:
    """An account that nobody else owns goes with its customer and its facts; a joint one stays with the others."""
    book.stage(transactions(["1", "2"], ["x", "y"], [5, 6]), WORDS)
    before = book.publish()
    deleted = batch(RecordKind.CUSTOMER, [], {}, deletions=["a", "nobody"])
    assert book.stage(deleted, WORDS, delete_customers=True).deleted == 1
    after = book.publish()
    assert after.entities(RecordKind.ACCOUNT).batch.ids == pa.array(["y"])
    assert after.holdings().accounts.tolist() == [1]
    assert after.items_of(RecordKind.TRANSACTION, np.array([0, 1], np.int32)).offsets.tolist() == [0, 0, 1]
    assert before.items_of(RecordKind.TRANSACTION, np.array([0, 1], np.int32)).offsets.tolist() == [0, 1, 2]


def test_customers_are_deleted_on_purpose_only(book: Book) -> None:
    """A batch that deletes customers is refused where nobody said so."""
    with pytest.raises(ValueError, match="on purpose"):
        book.stage(batch(RecordKind.CUSTOMER, [], {}, deletions=["a"]), WORDS)
