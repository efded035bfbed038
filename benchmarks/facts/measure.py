"""All figures of a ledger's facts: aggregates beside the peers', opening and memory, ingestion, bulk import."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.facts import contest, ingestion, kept, served
from benchmarks.facts.history import draw_history
from benchmarks.facts.incoming import Incoming
from benchmarks.facts.ledger import add_history, filled_book
from benchmarks.wire.figures import Figure

TRANSACTIONS: Final = 10_000_000
ACCOUNTS: Final = 500_000
CUSTOMERS: Final = 1_000_000
FEWEST: Final = 25_000
"""Transactions of which enough are corrected once."""
COPIES: Final = 2
"""The large ledger has the history so many times, under other ids."""


def measure(scale: float, threads: int, progress: Console) -> Iterator[Figure]:
    """Every figure, of `scale` times as many customers, accounts and facts. Raises WrongAnswerError."""
    accounts, customers = (max(round(scale * each), 100) for each in (ACCOUNTS, CUSTOMERS))
    transactions = max(round(scale * TRANSACTIONS), FEWEST)
    progress.print(f"{transactions:,} transactions into a book")
    history = draw_history(transactions, accounts)
    book = filled_book(history, customers)
    yield from contest.measure(history, book, threads, progress)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        yield from kept.measure(folder, history, book, customers, progress)
        progress.print(f"{COPIES * transactions:,} transactions into a ledger on disk")
        served.define(folder / "large", threads)
        for copy in range(1, COPIES):
            add_history(book, history, copy * transactions)
        kept.keep(folder / "large", book)
        del book
        incoming = Incoming(history, COPIES, max(round(min(scale, 1.0) * ingestion.STREAMED), 10))
        yield from ingestion.measure(folder / "large", incoming, threads, progress)
        yield from served.measure(folder / "large", history, incoming, threads, progress)
