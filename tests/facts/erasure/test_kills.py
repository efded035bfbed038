"""Wherever a server is killed while it erases somebody, the next start finishes it.

What a kill leaves are the files as they are at that moment. So they are copied at every statement of SQL and at every
file that is opened, renamed or removed, and each copy is opened as the next start would.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import pyarrow as pa
import pytest

from segmentd.cli.child import serving
from segmentd.client import Client
from segmentd.columns.zones import DAY_US
from segmentd.facts.books import Books
from segmentd.facts.erasure.erasures import ErasureListener, Erasures, Rewritten
from segmentd.facts.erasure.retention import KeepRule, Retention
from segmentd.facts.journal import Traces
from segmentd.facts.kinds import RecordKind
from segmentd.facts.records import WriteOutcome
from segmentd.schema import STRING, TIMESTAMP, DataType, Kind
from tests.facts.erasure.planting import (
    make_ledger,
    take_snapshots,
    traces_in,
    write_erika,
    write_others,
)
from tests.facts.ingestion.batches import TIME_US, Definitions, accounts, batch_of, column_of, customers

ERASED: Final = "4711-erika"
SECRET: Final = 1_234_567_890_123_456_789
LEAST_POINTS: Final = 20
AMOUNT: Final = DataType(Kind.DECIMAL, 0)

Kills = list[Path]


class Copies:
    """Copies a directory whenever something happens in it, while it is told to."""

    def __init__(self, directory: Path, into: Path) -> None:
        self.made: Kills = []
        self.is_on = False
        self._directory, self._into = directory, into
        self._lock = threading.RLock()

    def take(self) -> None:
        """Copy what a kill would leave now. What is opened for the copy is not counted."""
        with self._lock:
            if self.is_on:
                self.is_on = False
                copy = self._into / str(len(self.made))
                shutil.copytree(self._directory, copy)
                self.made.append(copy)
                self.is_on = True

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook."""
        if self.is_on and event in ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir"):
            path = arguments[0]
            if isinstance(path, str | os.PathLike) and str(path).startswith(str(self._directory)):
                self.take()


class Snapshots:
    """What knows of customers beside the facts: a file of their ids."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "members"

    def forget(self, _ledger_id: str, traces: Traces) -> None:
        """Take them out of the file, which appears whole."""
        left = [line for line in self.path.read_text().splitlines() if line not in traces.customers]
        (unfinished := self.path.with_suffix(".new")).write_text("\n".join(left))
        unfinished.rename(self.path)


@contextmanager
def opened(directory: Path) -> Iterator[tuple[Books, Erasures, Future[Rewritten]]]:
    """The books and erasures of a directory; the future ends with the first rewriting."""
    finished = Future[Rewritten]()
    books = Books(directory, Definitions())
    books.open()
    listener = ErasureListener(lambda done: None if finished.done() else finished.set_result(done))
    erasures = Erasures(books.ingestion, books.journal, memories=(Snapshots(directory),), listener=listener)
    try:
        yield books, erasures, finished
    finally:
        erasures.close()
        books.close()


def is_there(directory: Path) -> bool:
    """Whether the customer's id or value is in any byte."""
    planted = (ERASED.encode(), SECRET.to_bytes(8, "little"))
    files = [path.read_bytes() for path in directory.rglob("*") if path.is_file()]
    return any(raw in content for raw in planted for content in files)


def write(books: Books, values: dict[str, int]) -> WriteOutcome:
    """Write customers."""
    return books.ingestion.submit("main", customers(values)).result(60)


def erase_watched(directory: Path, into: Path) -> Kills:
    """Erase the customer, with a copy at every point."""
    copies = Copies(directory, into)
    sys.addaudithook(copies.hear)
    with opened(directory) as (books, erasures, finished):
        write(books, {f"c{number}": number for number in range(500)} | {ERASED: SECRET})
        books.ingestion.scrub("main").result(60)
        write(books, {"later": 5, ERASED: SECRET})
        write(books, {ERASED: 7})
        (directory / "members").write_text(f"c1\n{ERASED}\nc2")
        erasures.start()
        books.journal._store._file._connection.set_trace_callback(lambda _: copies.take())
        copies.is_on = True
        asyncio.run(erasures.erase("main", ERASED, books.view("main"), allow_missing=False))
        finished.result(60)
        copies.take()
        copies.is_on = False
    assert not is_there(directory)
    return copies.made


@pytest.mark.timeout(300)
def test_every_point_of_a_kill_is_finished_from(tmp_path: Path) -> None:
    """From each the next start either has the customer as before, or goes on until no byte is left."""
    (tmp_path / "data").mkdir()
    (tmp_path / "kills").mkdir()
    kills = erase_watched(tmp_path / "data", tmp_path / "kills")
    assert len(kills) >= LEAST_POINTS
    seen = {"before": 0, "within": 0, "after": 0}
    for kill in kills:
        with opened(kill) as (books, erasures, finished):
            noted = books.journal.ledgers_to_scrub()
            view = books.view("main")
            assert view is not None
            ids = cast("list[str]", pa.array(view.entities(RecordKind.CUSTOMER).batch.ids).to_pylist())
            erasures.start()
            if noted:
                assert finished.result(60).erasures == 1
            state = "before" if ERASED in ids else "within" if noted else "after"
            seen[state] += 1
            assert state == "before" or not is_there(kill), (kill, state)
            assert len(ids) == 501 + (state == "before")
            assert books.journal.ledgers_to_scrub() == ()
    assert all(seen.values()), seen


KEEP: Final = (KeepRule(RecordKind.TRANSACTION, 100),)
NOW_US: Final = TIME_US + 200 * DAY_US


def expire_watched(directory: Path, into: Path) -> Kills:
    """Delete the transactions that are too old, with a copy at every point."""
    copies = Copies(directory, into)
    sys.addaudithook(copies.hear)
    with opened(directory) as (books, erasures, _):
        (directory / "members").touch()
        books.ingestion.submit("main", accounts(["a"])).result(60)
        written = [([f"t{number}" for number in range(50)], NOW_US), (["t-4711-erika"], TIME_US)]
        for ids, time_us in written:
            amounts = [SECRET] * len(ids) if time_us == TIME_US else [1] * len(ids)
            booked = {
                "account": column_of(STRING, ["a"] * len(ids)),
                "booking_time": column_of(TIMESTAMP, [time_us] * len(ids)),
                "amount": column_of(AMOUNT, amounts),
            }
            books.ingestion.submit("main", batch_of(RecordKind.TRANSACTION, ids, booked)).result(60)
        erasures.start()
        books.journal._store._file._connection.set_trace_callback(lambda _: copies.take())
        copies.is_on = True
        retention = Retention(KEEP, books, books.ingestion, erasures, clock=lambda: NOW_US)
        assert retention.expire("main") == {RecordKind.TRANSACTION: 1}
        copies.take()
        copies.is_on = False
    assert not is_there(directory)
    return copies.made


@pytest.mark.timeout(300)
def test_every_point_of_a_kill_of_retention_is_finished_from(tmp_path: Path) -> None:
    """From each the next start has no byte of what was too old: it deletes it then, or finishes what was begun."""
    (tmp_path / "data").mkdir()
    (tmp_path / "kills").mkdir()
    kills = expire_watched(tmp_path / "data", tmp_path / "kills")
    assert len(kills) >= LEAST_POINTS
    seen = {"before": 0, "within": 0, "after": 0}
    for kill in kills:
        with opened(kill) as (books, erasures, finished):
            noted = books.journal.ledgers_to_scrub()
            erasures.start()
            if noted:
                assert finished.result(60).erasures == 1
            deleted = Retention(KEEP, books, books.ingestion, erasures, clock=lambda: NOW_US).expire("main")
            assert not (deleted and noted)
            seen["before" if deleted else "within" if noted else "after"] += 1
            assert not is_there(kill), kill
    assert all(seen.values()), seen


@pytest.mark.timeout(300)
def test_a_server_that_is_killed_goes_on_when_it_starts(tmp_path: Path) -> None:
    """Killed right after it answered, before the files can have been rewritten; the next one rewrites them."""
    data, options = tmp_path / "data", ["--data-dir", str(tmp_path / "data")]
    with serving(options, tmp_path / "log") as child, Client(child.target, ledger="main") as client:
        make_ledger(client)
        write_others(client, 0, 2_000)
        write_erika(client)
        take_snapshots(client)
        assert not client.delete_customer("Erika Müstermann/4711 €").is_erased
        os.kill(child.pid, signal.SIGKILL)
    with serving(options, tmp_path / "log") as child, Client(child.target, ledger="main") as client:
        # Whatever waits for the same rewriting ends after it.
        assert client.delete_customer("nobody", allow_missing=True, wait=True).is_erased
        assert traces_in(data) == set()
        assert client.get_ledger().customer_count == 2_001
