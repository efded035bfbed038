"""A ledger on disk: opening it beside reading its bytes, and what its facts take in memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
from rich.console import Console

from benchmarks.comparison import WrongAnswerError, ratio_of
from benchmarks.facts.history import History
from benchmarks.facts.ledger import LEDGER_ID, Vocabularies, people_book
from benchmarks.rounds import Spread, take_turns
from benchmarks.targets.judged import in_ms
from benchmarks.wire.figures import Figure, Target
from segmentd.facts.book import Book
from segmentd.facts.books import Books
from segmentd.facts.journal import Journal
from segmentd.facts.kinds import RecordKind

ROUNDS: Final = 5
HASHES: Final = ".hashes"
"""The tables of a dump that find texts, and are no columns."""


def keep(directory: Path, book: Book) -> Mapping[str, pa.Table]:
    """Write a book as the checkpoint of a ledger, as one that was written a long time ago; its tables."""
    directory.mkdir(parents=True, exist_ok=True)
    tables = book.dump(book.view)
    journal = Journal(directory)
    try:
        journal.save(LEDGER_ID, book.version, tables)
    finally:
        journal.close()
    return tables


def measure(directory: Path, history: History, book: Book, customers: int, progress: Console) -> Iterator[Figure]:
    """Both figures of a ledger with customers and transactions. Raises WrongAnswerError."""
    progress.print(f"opening a ledger of {customers:,} customers and {len(history.time):,} transactions")
    tables = keep(directory / "all", book)
    sizes = f"{customers:,} customers, {history.accounts:,} accounts, {len(history.time):,} transactions"
    yield _opening(directory / "all", sizes, len(history.time))
    column_bytes = sum(table.nbytes for name, table in tables.items() if not name.endswith(HASHES))
    keep(directory / "customers", people_book(customers, 0))
    keep(directory / "people", people_book(customers, history.accounts))
    alone, people, whole = (_resident_bytes(directory / name) for name in ("customers", "people", "all"))
    yield Figure(
        f"memory of a ledger: {sizes}",
        "MB",
        _once(whole / 1e6),
        _once(whole / column_bytes),
        "×",
        peer="its columns, with ids and texts",
        theirs=_once(column_bytes / 1e6),
        target=Target("≤", 1.5),
        note=f"{alone / customers:.0f} bytes a customer without attributes, "
        f"{(people - alone) / history.accounts:.0f} an account, "
        f"{(whole - people) / len(history.time):.0f} a transaction",
    )


def _opening(directory: Path, sizes: str, transactions: int) -> Figure:
    files = [path for path in directory.rglob("*") if path.is_file()]
    books: list[Books] = []

    def opened() -> None:
        book = Books(directory, Vocabularies())
        books.append(book)
        book.open()

    def close() -> None:
        while books:
            books.pop().close()

    def read() -> int:
        return sum(len(path.read_bytes()) for path in files)

    opened()
    if (found := transactions_of(books[0])) != transactions:
        raise WrongAnswerError(f"segmentd, opening: {found} transactions of {transactions}")
    close()
    read()
    ours, theirs = [], []
    for _ in range(ROUNDS):  # a directory is opened once at a time: it is closed between the clocks
        ours += take_turns({"ours": opened}, 1)["ours"]
        close()
        theirs += take_turns({"theirs": read}, 1)["theirs"]
    return Figure(
        f"opening a ledger: {sizes}",
        "ms",
        in_ms(Spread.of(ours)),
        ratio_of(ours, theirs),
        "×",
        peer=f"reading its {read() / 1e6:,.0f} MB",
        theirs=in_ms(Spread.of(theirs)),
        target=Target("≤", 5),
        note="files in the page cache, both",
    )


def transactions_of(books: Books) -> int:
    """How many transactions the ledger has."""
    return int(transactions_in(books).num_rows)


def transactions_in(books: Books) -> pa.Table:
    """The transactions that live, as they would be kept: their amounts."""
    book, view = books.opened(LEDGER_ID), books.view(LEDGER_ID)
    if book is None or view is None:
        raise WrongAnswerError("segmentd: no facts")
    return book.dump(view)[f"{RecordKind.TRANSACTION}.amount.cells"]


def _resident_bytes(directory: Path) -> int:
    """By how much a process grows that opens the ledger of a directory."""
    command = [sys.executable, "-m", "benchmarks.facts.resident", str(directory)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - our own


def _once(value: float) -> Spread:
    return Spread(value, value, value)
