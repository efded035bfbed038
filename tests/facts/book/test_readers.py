"""Readers of old versions while a writer goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from segmentd.facts.book import Book, View
from segmentd.facts.kinds import AMOUNT, RecordKind
from segmentd.facts.records import RecordBatch
from segmentd.schema import LIST, STRING, TIMESTAMP
from tests.facts.book.records import LEDGER, Columns, batch, vocabulary

WORDS = vocabulary()
ACCOUNTS = 50
ROUNDS = 60
READERS = 3


def accounts(first: int, count: int) -> RecordBatch:
    """Accounts of one customer."""
    ids = [f"account {number}" for number in range(first, first + count)]
    return batch(RecordKind.ACCOUNT, ids, {"owners": (LIST, [["anna"]] * count)})


def transactions(version: int) -> RecordBatch:
    """On every account as many as make its balance the version: those before are corrected to 0, one is new."""
    ids = [f"{account}: {number}" for account in range(ACCOUNTS) for number in range(version + 1)]
    columns: Columns = {
        "account": (STRING, [f"account {account}" for account in range(ACCOUNTS) for _ in range(version + 1)]),
        "booking_time": (TIMESTAMP, [-number for _ in range(ACCOUNTS) for number in range(version + 1)]),
        "amount": (
            AMOUNT,
            [version if number == version else 0 for _ in range(ACCOUNTS) for number in range(version + 1)],
        ),
        "purpose": (STRING, [f"of version {version}"] * len(ids)),
    }
    return batch(RecordKind.TRANSACTION, ids, columns)


def check(view: View, version: int) -> None:
    """Every account has the facts of this version, all of them and no others."""
    owners = np.arange(ACCOUNTS, dtype=np.int32)
    items = view.items_of(RecordKind.TRANSACTION, owners)
    assert np.diff(items.offsets).tolist() == [version + 1] * ACCOUNTS
    amounts = items.batch.columns["amount"].values.reshape(ACCOUNTS, version + 1)  # type: ignore[union-attr]
    assert (amounts[:, 0] == version).all()
    assert (amounts[:, 1:] == 0).all()
    assert (np.diff(items.times.reshape(ACCOUNTS, version + 1)) > 0).all()
    column = items.batch.columns["purpose"]
    assert pa.array(column.dictionary).take(pa.array(column.codes)).unique().to_pylist() == [  # type: ignore[union-attr]
        f"of version {version}"
    ]
    assert view.rows_of(RecordKind.ACCOUNT, pa.array(["account 1", "account 49", "nobody"])).tolist() == [1, 49, -1]


def test_old_versions_stay_while_a_writer_goes_on() -> None:
    """What readers see of a version does not change while others are staged, undone, published and merged."""
    book = Book(LEDGER)
    book.stage(batch(RecordKind.CUSTOMER, ["anna"], {}), WORDS)
    book.stage(accounts(0, ACCOUNTS), WORDS)
    book.publish()
    views: list[tuple[View, int]] = []
    is_over = threading.Event()

    def read(number: int) -> int:
        random, checked = np.random.default_rng(number), 0
        while not is_over.is_set() or not checked:
            held = list(views)
            if held:
                view, version = held[random.integers(max(0, len(held) - 8), len(held))]
                check(view, version)
                checked += 1
        return checked

    def write() -> None:
        for version in range(ROUNDS):
            _write(book, version)
            views.append((book.view, version))

    with ThreadPoolExecutor(READERS) as readers:
        reading = [readers.submit(read, number) for number in range(READERS)]
        _ending(write, is_over)
        assert all(one.result() for one in reading)
    for view, version in views:
        check(view, version)


def test_rows_that_are_forgotten_still_lead_to_their_owner() -> None:
    """A reader who stands on a row that is undone comes to rows of the same account, whoever has its place by then."""
    book = Book(LEDGER)
    book.stage(batch(RecordKind.CUSTOMER, ["anna"], {}), WORDS)
    book.stage(accounts(0, 2), WORDS)
    book.stage(transaction("one", "account 0"), WORDS)
    book.stage(transaction("two", "account 1"), WORDS)
    chains = book.publish().tables[RecordKind.TRANSACTION].chains
    assert chains is not None
    book.stage(transaction("forgotten", "account 0"), WORDS)
    stands_on = chains.heads[0]
    book.undo()
    book.stage(transaction("three", "account 1"), WORDS)
    book.publish()
    assert (stands_on, chains.links[stands_on]) == (2, 0)


def transaction(id_: str, account: str) -> RecordBatch:
    """One of an account."""
    columns: Columns = {"account": (STRING, [account]), "booking_time": (TIMESTAMP, [0]), "amount": (AMOUNT, [1])}
    return batch(RecordKind.TRANSACTION, [id_], columns)


def _write(book: Book, version: int) -> None:
    """A version, after two that are forgotten; new accounts make the arrays of owners grow; at times all is merged."""
    book.stage(accounts(ACCOUNTS + 200 * version, 150), WORDS)
    book.stage(transactions(version + 7), WORDS)
    book.undo()
    book.stage(accounts(ACCOUNTS + 200 * version, 100), WORDS)
    book.stage(transactions(version), WORDS)
    book.publish()
    if version % 7 == 6:
        book.merge()


def _ending(write: Callable[[], None], is_over: threading.Event) -> None:
    try:
        write()
    finally:
        is_over.set()
