"""Transactions into a large ledger: upserts, what they change, and streams of batches; all durable when answered."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.compute as pc
from rich.console import Console

from benchmarks.comparison import WrongAnswerError
from benchmarks.facts.history import DAY_US
from benchmarks.facts.incoming import BATCH_ROWS, Incoming
from benchmarks.facts.kept import transactions_in
from benchmarks.facts.ledger import LEDGER_ID, ZONE, Vocabularies, records_of
from benchmarks.facts.ours import NOW_US
from benchmarks.facts.twenty import twenty_aggregates
from benchmarks.wire.figures import Figure, Target, alone
from segmentd.engine import Engine
from segmentd.facts.aggregates import AggregateState, Standpoint
from segmentd.facts.books import Books
from segmentd.facts.kinds import RecordKind
from segmentd.facts.records import RecordBatch, WriteOutcome
from segmentd.facts.views import BookView
from segmentd.schema import Subject

UPSERTS: Final = 20
SECOND_US: Final = 1_000_000
UNDER_WAY: Final = 16
"""Batches of a stream that wait for their answers, so that a commit takes several."""
STREAMED: Final = 400
"""Batches of a stream."""

ROWS_A_SECOND: Final = Target("≥", 200_000)


@dataclass(slots=True)
class _Taken:
    """Milliseconds, a measurement a batch."""

    upserts: list[float]
    refreshes: list[float]
    later: list[float]


def measure(directory: Path, incoming: Incoming, threads: int, progress: Console) -> Iterator[Figure]:
    """All figures of a ledger that was kept in a directory. Raises WrongAnswerError."""
    with closing(Books(directory, Vocabularies())) as books, Engine(threads) as engine:
        books.open()
        size = f"{transactions_in(books).num_rows:,} transactions"
        progress.print(f"upserts into {size}, and what they change of twenty aggregates")
        taken = _upsert(books, engine, incoming)
        yield alone(f"upsert of {BATCH_ROWS:,} by id into {size}", "ms", taken.upserts, target=Target("≤", 20))
        yield alone(
            f"{BATCH_ROWS:,} transactions applied to 20 aggregates of all customers, {size}",
            "ms",
            taken.refreshes,
            target=Target("≤", 10),
            note="as of the moment before",
        )
        yield alone("the same, as of a second later", "ms", taken.later, note="who has windows that slide is due too")
        progress.print(f"a stream of batches into {size}")
        yield from _stream(books, incoming, size)
        _check(books, incoming)


def _upsert(books: Books, engine: Engine, incoming: Incoming) -> _Taken:
    """Batches one at a time, half of each corrections; what they change, at the same moment and at a later one."""
    taken, now_us = _Taken([], [], []), NOW_US + DAY_US // 2
    state = AggregateState.start(engine, twenty_aggregates(), Standpoint(_view(books), Subject.CUSTOMER, now_us, ZONE))
    for number in range(2 * UPSERTS + 2):
        batch = records_of(RecordKind.TRANSACTION, incoming.upsert())
        begun = time.perf_counter()
        outcome = books.ingestion.submit(LEDGER_ID, batch).result()
        written = time.perf_counter()
        if (outcome.inserted, outcome.updated) != (BATCH_ROWS // 2, BATCH_ROWS // 2):
            raise WrongAnswerError(f"segmentd, upsert: {outcome.inserted} inserted, {outcome.updated} updated")
        moves = number % 2
        now_us += moves * SECOND_US
        view = _view(books)
        again = time.perf_counter()
        refresh = state.refresh(view, now_us)
        seconds = time.perf_counter() - again
        state = state.apply(refresh)
        if number > 1:  # the first of both kinds touch memory and build what is kept
            taken.upserts.append(1e3 * (written - begun))
            (taken.later if moves else taken.refreshes).append(1e3 * seconds)
    _check_state(state, engine)
    return taken


def _check_state(state: AggregateState, engine: Engine) -> None:
    """The state that followed is what computing from nothing gives."""
    fresh = AggregateState.start(engine, state.aggregates, state.standpoint)
    for place, (followed, wanted) in enumerate(zip(state.columns, fresh.columns, strict=True)):
        if not _is_same(followed, wanted):
            raise WrongAnswerError(f"segmentd, aggregate {place}: what followed is not what is computed anew")


def _is_same(left: object, right: object) -> bool:
    for name in ("values", "validity"):
        ours, theirs = getattr(left, name), getattr(right, name)
        if (ours is None) != (theirs is None) or (ours is not None and not np.array_equal(ours, theirs)):
            return False
    return True


def _stream(books: Books, incoming: Incoming, size: str) -> Iterator[Figure]:
    """Decoded batches, some of them under way; then one at a time."""
    rates, waits = [], []
    for under_way in (UNDER_WAY, 1):
        batches = [records_of(RecordKind.TRANSACTION, incoming.new()) for _ in range(incoming.streamed)]
        seconds, answers_ms = _send(books, batches, under_way)
        rates.append(len(batches) * BATCH_ROWS / seconds)
        waits.append(answers_ms)
    for rate, answers_ms, under_way in zip(rates, waits, (UNDER_WAY, 1), strict=True):
        how = f"batches of {BATCH_ROWS:,}, {under_way} under way, into {size}"
        yield alone(f"{how}: ingestion", "rows/s", [rate], target=ROWS_A_SECOND if under_way > 1 else None)
        yield acknowledged(f"{how}: acknowledged, p99", answers_ms)


def acknowledged(name: str, answers_ms: Sequence[float]) -> Figure:
    """The 99th percentile of the time until batches were acknowledged."""
    p99, median = np.quantile(answers_ms, (0.99, 0.5))
    return alone(name, "ms", [float(p99)], note=f"median {median:.3g} ms; on disk by then")


def _send(books: Books, batches: Sequence[RecordBatch], under_way: int) -> tuple[float, list[float]]:
    """Seconds in all, and the milliseconds until each was acknowledged."""
    waiting: deque[Future[WriteOutcome]] = deque()
    answers_ms: list[float] = []

    def answered(sent: float, _answer: Future[WriteOutcome]) -> None:
        answers_ms.append(1e3 * (time.perf_counter() - sent))

    begun = time.perf_counter()
    for batch in batches:
        if len(waiting) == under_way:
            waiting.popleft().result()
        sent = time.perf_counter()
        answer = books.ingestion.submit(LEDGER_ID, batch)
        answer.add_done_callback(partial(answered, sent))
        waiting.append(answer)
    for answer in waiting:
        answer.result()
    return time.perf_counter() - begun, answers_ms


def _check(books: Books, incoming: Incoming) -> None:
    """As many transactions as were sent, and their sum."""
    held = transactions_in(books)
    found = held.num_rows, pc.sum(held.column("amount")).as_py()
    if found != (incoming.rows, incoming.total):
        raise WrongAnswerError(f"segmentd, ingestion: {found} held of {(incoming.rows, incoming.total)}")


def _view(books: Books) -> BookView:
    view = books.view(LEDGER_ID)
    if view is None:
        raise WrongAnswerError("segmentd: no facts")
    return view
