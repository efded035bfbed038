"""What a process does whose disk fails it. It is imported in each, so that it imports little."""

from __future__ import annotations

import os
import resource
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from segmentd.errors import SegmentdError
from segmentd.facts.books import Books, BooksListener
from segmentd.facts.ingestion import CheckpointListener, CheckpointPolicy
from segmentd.facts.journal import Entry, Journal
from segmentd.facts.records import WriteOutcome
from segmentd.storage import DataDirectory, StoreFailedError
from tests.facts.ingestion.batches import Definitions, customers
from tests.facts.ingestion.naive_book import NaiveBook
from tests.storage.children import become_nobody, kill_myself

WATCHED: Final = frozenset({"open", "os.mkdir", "os.rename", "os.rmdir", "os.remove", "shutil.rmtree"})
"""Events of Python that tell what is asked of the file system."""


def write_beyond_a_limit(pipe: Connection, directory: Path) -> None:
    """Write until no file may grow any more, go on, and write again once they may; tell what happened.

    The system refuses to let a file grow as it does on a full disk: some of the bytes are written, and no more.
    """
    failures: list[str] = []
    heard = CheckpointListener(failed=lambda _, error: failures.append(type(error).__name__))
    policy = CheckpointPolicy(after_bytes=0, fraction=0.0)
    books = Books(directory, Definitions(), make=NaiveBook, policy=policy, listener=BooksListener(checkpoints=heard))
    books.open()
    books.ingestion.submit("main", customers({"before": 1}), "before").result(60)
    books.ingestion.scrub("main").result(60)
    large = customers({f"c{number}": number for number in range(20_000)})
    with limited_files(100_000):
        error = books.ingestion.submit("main", large, "large").exception(60)
        pipe.send((type(error).__name__, ids(books)))
        books.ingestion.submit("main", customers({"small": 1}), "small").result(60)
        pipe.send((sorted(set(failures)), ids(books)))
    books.ingestion.submit("main", large, "large").result(60)
    books.ingestion.scrub("main").result(60)
    pipe.send(len(ids(books)))
    os._exit(0)  # as if it were killed: closing would tidy up


def save_beyond_a_limit(pipe: Connection, directory: Path) -> None:
    """Make a checkpoint that does not fit, tell what is left of it, and make it when it does."""
    journal = Journal(directory)
    journal.append([Entry("main", "", WriteOutcome(1), b"payload")])
    tables = {"a": pa.table({"number": [1]}), "b": pa.table({"number": range(100_000)})}
    with limited_files(600_000):
        try:
            journal.save("main", 1, tables)
        except StoreFailedError as error:
            left = [path.name for path in (directory / "facts" / "main").iterdir()]
            pipe.send((error.message, left, list(journal.replay("main", 0))))
    journal.save("main", 1, tables)
    pipe.send(journal.load("main")[1] == tables)
    journal.close()


class limited_files:  # noqa: N801 - a context
    """No file of this process may grow beyond so many bytes while the block runs."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __enter__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._most, self._before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


def ids(books: Books) -> list[str]:
    """The customers that readers see."""
    view: Any = books.view("main")
    return sorted(view.facts["customer"])


def open_as_nobody(pipe: Connection, directory: Path) -> None:
    """Try to open the journal of a directory that this process may read and not write, and tell what happens."""
    become_nobody()
    try:
        Journal(directory)
    except SegmentdError as error:
        pipe.send((error.reason, error.message))


def own(pipe: Connection, directory: Path) -> None:
    """Open books in a directory of this process's own until told to go on."""
    with DataDirectory(directory):
        books = Books(directory, Definitions(), make=NaiveBook)
        books.open()
        books.ingestion.submit("main", customers({"a": 1})).result(60)
        pipe.send("written")
        pipe.recv()
        books.close()


def save_until(_pipe: Connection, directory: Path, step: int) -> None:
    """Make a second checkpoint, and be killed before the n-th thing that it asks of the system or of SQLite."""
    journal = Journal(directory)
    steps = iter(range(1, step))

    def count(*_: object) -> None:
        if next(steps, None) is None:
            kill_myself()

    journal._store._file._connection.set_trace_callback(count)
    sys.addaudithook(lambda event, _: count() if event in WATCHED else None)
    journal.save("main", 3, numbered(3))
    steps = iter(range(1 << 30))
    journal.close()


def numbered(number: int) -> dict[str, pa.Table]:
    """Two tables that hold a number."""
    return {name: pa.table({"number": [number]}) for name in ("one", "two")}
