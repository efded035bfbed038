"""What a process writes that is to be killed. It is imported in each, so that it imports little."""

from __future__ import annotations

import random
from collections import deque
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import pandas as pd  # noqa: F401 - pyarrow imports it when it meets a list: 0.7 s in every child, else once for all

from segmentd.facts.books import Books
from segmentd.facts.ingestion import CheckpointPolicy
from segmentd.facts.kinds import FIELDS, RecordKind
from segmentd.facts.records import RecordBatch
from segmentd.ledger.vocabulary import Vocabulary
from segmentd.schema import INT64, Subject
from tests.facts.book.model import Given
from tests.facts.book.records import batch, vocabulary

IN_FLIGHT: Final = 8
"""Batches that the child submits before it waits for the first of them."""

REOPENED: Final = 40
"""The child closes its books, and opens them again, after so many batches."""

OFTEN: Final = CheckpointPolicy(after_bytes=100_000, fraction=0.0, on_close_bytes=20_000)

TIME_US: Final = 1_711_785_600_000_000

WORDS: Final = vocabulary([(Subject.CUSTOMER, "age", INT64)])


class Words:
    """The definitions of ledger `main`."""

    def vocabulary(self, ledger_id: str) -> Vocabulary:
        """Its vocabulary."""
        assert ledger_id == "main"
        return WORDS


def given(number: int) -> Given:
    """The n-th batch of all: some of each kind, rows that are rejected and deletions among them."""
    chance = random.Random(number)  # noqa: S311 - the same for each number is what is wanted

    def some() -> list[str]:
        return [f"{chance.randrange(30)}" for _ in ids]

    ids = [f"{chance.randrange(60)}" for _ in range(chance.randrange(1, 20))]
    gone = [f"{chance.randrange(30)}"] if number % 7 == 0 else []
    match number % 5:
        case 0:
            return Given(RecordKind.CUSTOMER, ids, {"age": [number] * len(ids)}, gone)
        case 1:
            owners = [[owner] if chance.random() < 0.5 else [] for owner in some()]
            return Given(RecordKind.ACCOUNT, ids, {"owners": owners, "balance": [number] * len(ids)}, gone)
    times = [TIME_US + chance.randrange(10**12) for _ in ids]
    columns: dict[str, list[Any]] = {"account": some(), "booking_time": times, "amount": [number] * len(ids)}
    return Given(RecordKind.TRANSACTION, ids, {**columns, "purpose": some()}, gone)


def record_batch(asked: Given) -> RecordBatch:
    """The batch as it is submitted."""
    types = {**FIELDS[asked.kind], "age": INT64}
    columns = {name: (types[name], values) for name, values in asked.columns.items()}
    return batch(asked.kind, asked.ids, columns, deletions=asked.deletions)


def work(pipe: Connection, directory: Path, start: int) -> None:
    """Write the batches from a number on, without end, and tell the number of each that is acknowledged."""
    waiting: deque[Any] = deque()
    number = start
    while True:
        books = Books(directory, Words(), policy=OFTEN)
        books.open()
        for _ in range(REOPENED):
            answer = books.ingestion.submit("main", record_batch(given(number)), f"b{number}", delete_customers=True)
            waiting.append((number, answer))
            number += 1
            if len(waiting) == IN_FLIGHT:
                tell(pipe, *waiting.popleft())
        books.close()
        while waiting:
            tell(pipe, *waiting.popleft())


def tell(pipe: Connection, number: int, answer: Any) -> None:
    """Acknowledge what is written, as a server would."""
    outcome = answer.result(60)
    pipe.send((number, outcome.version))
