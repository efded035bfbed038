"""What a process writes that is to be killed. It is imported in each, so that it imports little."""

from __future__ import annotations

import random
from collections import deque
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pandas as pd  # noqa: F401 - pyarrow imports it when it meets a list: 0.7 s in every child, else once for all

from segmentd.facts.books import Books
from segmentd.facts.ingestion import CheckpointPolicy
from segmentd.facts.records import RecordBatch
from tests.facts.ingestion.batches import Definitions, accounts, customers, transactions
from tests.facts.ingestion.naive_book import NaiveBook

IN_FLIGHT = 8
"""Batches that the child submits before it waits for the first of them."""

REOPENED = 40
"""The child closes its books, and opens them again, after so many batches."""

OFTEN = CheckpointPolicy(after_bytes=20_000, fraction=0.0, on_close_bytes=5_000)


def batch(number: int) -> RecordBatch:
    """The n-th batch of all: some of each kind, rows that are rejected and deletions among them."""
    chance = random.Random(number)  # noqa: S311 - the same for each number is what is wanted
    ids = [f"{chance.randrange(30)}" for _ in range(chance.randrange(1, 9))]
    gone = [f"{chance.randrange(30)}"] if number % 3 == 0 else []
    match number % 4:
        case 0:
            return customers(dict.fromkeys(ids, number), gone)
        case 1:
            return accounts(ids, gone)
    return transactions({id_: (f"{chance.randrange(30)}", number) for id_ in ids}, gone)


def work(pipe: Connection, directory: Path, start: int) -> None:
    """Write the batches from a number on, without end, and tell the number of each that is acknowledged."""
    waiting: deque[Any] = deque()
    number = start
    while True:
        books = Books(directory, Definitions(), make=NaiveBook, policy=OFTEN)
        books.open()
        for _ in range(REOPENED):
            waiting.append((number, books.ingestion.submit("main", batch(number), f"b{number}")))
            number += 1
            if len(waiting) == IN_FLIGHT:
                tell(pipe, *waiting.popleft())
        books.close()
        while waiting:
            tell(pipe, *waiting.popleft())


def tell(pipe: Connection, number: int, answer: Any) -> None:
    """Acknowledge what is written, as a server would."""
    outcome = answer.result(60)
    assert outcome.version == number
    pipe.send(number)
