"""Transactions through a server: a stream of batches into a large ledger, and bulk import of Parquet beside DuckDB."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console

from benchmarks.comparison import WrongAnswerError, ratio_of
from benchmarks.facts.history import History
from benchmarks.facts.incoming import BATCH_ROWS, Incoming
from benchmarks.facts.ingestion import ROWS_A_SECOND, UNDER_WAY, acknowledged
from benchmarks.facts.ledger import CURRENCY, LEDGER_ID, ZONE, accounts_of, transactions_of
from benchmarks.rounds import Spread, time_once
from benchmarks.wire.figures import Figure, Target, alone
from benchmarks.wire.processes import Child, started
from segmentd.cli.serve import READY
from segmentd.client import Client, SegmentdCallError
from segmentd.client.imports import ImportState
from segmentd.client.records import RecordBatch

IMPORTED_SHARE: Final = 0.1
"""The file has so much of the history."""
REPEATED: Final = 20
"""Of so many transactions one is in the file once more."""
IMPORTS: Final = 3

MAPPING: Final = """
kind: transaction
id: id
fields:
  account: account
  booking_time: booking_time
  amount: amount
  balance_after: balance_after
  category: category
"""

TABLE: Final = """
CREATE TABLE facts (id VARCHAR PRIMARY KEY, account VARCHAR NOT NULL, booking_time TIMESTAMPTZ NOT NULL,
  amount BIGINT NOT NULL, balance_after BIGINT, category VARCHAR)
"""
INSERT: Final = "INSERT OR IGNORE INTO facts SELECT id, account, booking_time, amount, balance_after, category FROM {}"


@contextmanager
def serving(directory: Path, threads: int) -> Iterator[Child]:
    """A server of a data directory, which may import what lies beside it."""
    command = ["segmentd.cli", "serve", "--port", "0", "--threads", str(threads), "--data-dir", str(directory)]
    with started([*command, "--import-root", str(directory.parent)], READY, directory.with_suffix(".log")) as child:
        yield child


def define(directory: Path, threads: int) -> None:
    """Make the definitions of the ledger, of which no facts are there yet."""
    with serving(directory, threads) as child, Client(child.target, ledger=LEDGER_ID) as client:
        client.create_ledger(LEDGER_ID, currency_code=CURRENCY, time_zone=ZONE)


def measure(directory: Path, history: History, incoming: Incoming, threads: int, progress: Console) -> Iterator[Figure]:
    """All figures of a server of the directory. Raises WrongAnswerError."""
    with serving(directory, threads) as child:
        progress.print("a stream of batches through a server")
        yield from _stream(child, incoming)
        progress.print("bulk import through a server, and by DuckDB")
        yield _imports(child, directory.parent, history, threads)


def _stream(child: Child, incoming: Incoming) -> Iterator[Figure]:
    size = f"{incoming.rows:,} transactions"
    batches = [RecordBatch(incoming.new(), batch_id=f"streamed-{place}") for place in range(incoming.streamed)]
    room, sent_at, answers_ms = threading.Semaphore(UNDER_WAY), list[float](), list[float]()

    def sent() -> Iterator[RecordBatch]:
        for batch in batches:
            room.acquire()
            sent_at.append(time.perf_counter())
            yield batch

    cpu_s, begun = child.cpu_s(), time.perf_counter()
    with Client(child.target, ledger=LEDGER_ID) as client:
        for place, answer in enumerate(client.stream_records(sent(), "transaction")):
            answers_ms.append(1e3 * (time.perf_counter() - sent_at[place]))
            room.release()
            if isinstance(answer, SegmentdCallError) or answer.inserted != BATCH_ROWS:
                raise WrongAnswerError(f"segmentd, WriteRecords: {answer}")
    rows, seconds = len(batches) * BATCH_ROWS, time.perf_counter() - begun
    how = f"batches of {BATCH_ROWS:,}, {UNDER_WAY} under way, into {size}: WriteRecords"
    note = f"{rows / (child.cpu_s() - cpu_s):,.0f} rows a second of the server's processor time; as Arrow"
    yield alone(how, "rows/s", [rows / seconds], target=ROWS_A_SECOND, note=note)
    yield acknowledged(f"{how}, acknowledged, p99", answers_ms)


def _imports(child: Child, directory: Path, history: History, threads: int) -> Figure:
    """Every import is into a ledger, and a database, of its own."""
    file, numbers = directory / "transactions.parquet", count()
    table = repeated(transactions_of(history, 0, max(round(IMPORTED_SHARE * len(history.time)), 1)))
    pq.write_table(table, file, compression="lz4")
    distinct = len(pc.unique(table.column("id")))
    ours, theirs = [], []
    for _ in range(IMPORTS + 1):
        number = next(numbers)
        with Client(child.target, ledger=f"imported-{number}") as client:
            ours.append(_import(client, accounts_of(history.accounts), file, (table.num_rows, distinct)))
        theirs.append(_insert(directory / f"{number}.duckdb", file, distinct, threads))
    ours, theirs = ours[1:], theirs[1:]  # the first touch memory
    return Figure(
        f"import of {table.num_rows:,} transactions from Parquet, {table.num_rows - distinct:,} of them repeated",
        "rows/s",
        Spread.of([table.num_rows / each for each in ours]),
        ratio_of(theirs, ours),
        "×",
        peer="DuckDB, INSERT OR IGNORE … SELECT and CHECKPOINT",
        theirs=Spread.of([table.num_rows / each for each in theirs]),
        target=Target("≥", 1),
    )


def repeated(table: pa.Table) -> pa.Table:
    """The table with some of its rows once more, at its end."""
    again = table.take(pa.array(np.arange(0, table.num_rows, REPEATED)))
    return pa.concat_tables([table, again]).unify_dictionaries().combine_chunks()


def _import(client: Client, accounts: pa.Table, file: Path, expected: tuple[int, int]) -> float:
    """Seconds from the call until the job has ended, all of it on disk."""
    client.create_ledger(client.scope.ledger, currency_code=CURRENCY, time_zone=ZONE)
    client.write_records("account", accounts)
    rows, distinct = expected

    def run() -> None:
        client.import_records(str(file), MAPPING, job_id="bulk")
        *_, job = client.watch_import_job("bulk")
        found = job.progress.inserted, job.progress.unchanged
        if job.state is not ImportState.SUCCEEDED or found != (distinct, rows - distinct):
            raise WrongAnswerError(f"segmentd, import: {job}")

    return time_once(run)


def _insert(path: Path, file: Path, distinct: int, threads: int) -> float:
    """Seconds until DuckDB has all of it in a table with a primary key, and in its file."""
    with duckdb.connect(path, config={"threads": threads}) as base:
        base.execute("SET preserve_insertion_order = false")  # as its guide to large imports says
        base.execute(TABLE)

        def run() -> None:
            base.execute(INSERT.format(f"read_parquet('{file}')"))
            base.execute("CHECKPOINT")

        seconds = time_once(run)
        held = base.execute("SELECT count(*) FROM facts").fetchone()
        if held != (distinct,):
            raise WrongAnswerError(f"DuckDB, import: {held} of {distinct}")
    path.unlink()
    return seconds
