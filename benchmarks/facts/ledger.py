"""A ledger for the benchmarks: tables of records, checked as those of requests are, and books filled with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.facts.history import CATEGORIES, History
from segmentd.cli.bank_facts import numbered
from segmentd.facts.book import Book
from segmentd.facts.decoding.arrow_form import read_table
from segmentd.facts.decoding.batches import check_draft
from segmentd.facts.kinds import RecordKind, record_schema
from segmentd.facts.records import RecordBatch
from segmentd.ledger.model import Ledger
from segmentd.ledger.vocabulary import Vocabulary, build_vocabulary

LEDGER_ID: Final = "main"
CURRENCY: Final = "EUR"
ZONE: Final = "UTC"
"""Days are those of the peers."""

_MADE: Final = datetime(2025, 1, 1, tzinfo=UTC)
WORDS: Final = build_vocabulary(Ledger(LEDGER_ID, "", CURRENCY, ZONE, _MADE, _MADE, "1"), [])
"""What the ledger can say: it has no attributes of its own."""

BATCH_ROWS: Final = 1_000_000
"""Records that are written at once where nothing is measured."""

DIGITS: Final = 10
CATEGORY_NAMES: Final = tuple(f"CATEGORY{number}" for number in range(CATEGORIES))


class Vocabularies:
    """What the ledgers define, as books ask for it."""

    def vocabulary(self, _ledger_id: str) -> Vocabulary:
        """The one that there is."""
        return WORDS


def records_of(kind: RecordKind, table: pa.Table) -> RecordBatch:
    """The records of a table, checked as those of a request are."""
    return check_draft(read_table(table, kind, record_schema(kind, WORDS)))


def customers_of(customers: int) -> pa.Table:
    """Customers by their numbers."""
    return pa.table({"id": numbered("C", np.arange(customers), DIGITS)})


def accounts_of(accounts: int, customers: int = 0) -> pa.Table:
    """Accounts by their numbers, dealt out to the customers, if there are any, one after the other."""
    numbers = np.arange(accounts)
    if not customers:
        return pa.table({"id": numbered("A", numbers, DIGITS)})
    offsets = pa.array(np.arange(accounts + 1, dtype=np.int32))
    owners = pa.ListArray.from_arrays(offsets, numbered("C", numbers % customers, DIGITS))
    roles = pa.ListArray.from_arrays(offsets, pa.array(["OWNER"]).take(pa.array(np.zeros(accounts, np.int8))))
    return pa.table({"id": numbered("A", numbers, DIGITS), "owners": owners, "owner_roles": roles})


def transactions_of(history: History, first: int = 0, rows: int | None = None, ids_from: int = 0) -> pa.Table:
    """Some transactions of a history, with ids by their numbers, which count from `ids_from`."""
    part = slice(first, len(history.time) if rows is None else first + rows)
    names = pa.array(CATEGORY_NAMES)
    return pa.table(
        {
            "id": transaction_ids(np.arange(len(history.time))[part] + ids_from),
            "account": numbered("A", history.account[part].astype(np.int64), DIGITS),
            "booking_time": pa.array(history.time[part]).cast(pa.timestamp("us", "UTC")),
            "amount": history.amount[part],
            "balance_after": history.balance[part],
            "category": pa.DictionaryArray.from_arrays(pa.array(history.category[part]), names),
        }
    )


def transaction_ids(numbers: npt.NDArray[np.int64]) -> pa.StringArray:
    """The ids of transactions."""
    return numbered("T", numbers, DIGITS)


def people_book(customers: int, accounts: int) -> Book:
    """A book with customers and accounts, of either perhaps none."""
    book = Book(WORDS.ledger)
    write(book, RecordKind.CUSTOMER, customers_of(customers))
    write(book, RecordKind.ACCOUNT, accounts_of(accounts, customers))
    book.merge()
    return book


def filled_book(history: History, customers: int = 0) -> Book:
    """A book with customers, if there are any, the accounts and the transactions, all of it sorted."""
    book = people_book(customers, history.accounts)
    add_history(book, history)
    return book


def add_history(book: Book, history: History, ids_from: int = 0) -> None:
    """Write the transactions of a history under new ids, and sort them."""
    for first in range(0, len(history.time), BATCH_ROWS):
        write(book, RecordKind.TRANSACTION, transactions_of(history, first, BATCH_ROWS, ids_from))
    book.merge()


def parts(table: pa.Table, rows: int) -> Iterator[pa.Table]:
    """The table, so many rows at a time."""
    for first in range(0, table.num_rows, rows):
        yield table.slice(first, rows)


def write(book: Book, kind: RecordKind, table: pa.Table) -> None:
    """Write a table of records. Raises ValueError where one is rejected."""
    for part in parts(table, BATCH_ROWS):
        outcome = book.stage(records_of(kind, part), WORDS)
        if outcome.rejected:
            raise ValueError(f"{len(outcome.rejected)} rejected: {outcome.rejected[0].message}")
        book.publish()
