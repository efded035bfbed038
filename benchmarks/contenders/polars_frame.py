"""Polars: one lazy query with an expression a segment, from a frame in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

import numpy as np
import polars as pl

from benchmarks.contenders.contender import Answer, Question, Way, arrow_planes
from benchmarks.dialects.arrays import count_members
from benchmarks.dialects.frames import expression
from benchmarks.scenario import Scenario, Values

Runner = Literal["in-memory", "streaming"]
RUNNERS: Final[tuple[Runner, ...]] = ("in-memory", "streaming")


class PolarsFrame:
    """A Polars frame of a scenario's columns.

    Polars has one pool of threads for the process, as large as POLARS_MAX_THREADS said when it was imported.
    Raises ValueError if that is not `threads`.
    """

    name = "Polars"

    def __init__(self, scenario: Scenario, columns: Mapping[str, Values], threads: int) -> None:
        if pl.thread_pool_size() != threads:
            raise ValueError(f"Polars runs {pl.thread_pool_size()} threads, not {threads}: set POLARS_MAX_THREADS")
        table = pl.DataFrame(dict(columns))
        frame = table.lazy()
        verdicts = [expression(segment.rule, table.schema).alias(segment.id) for segment in scenario.segments]
        self._members = frame.select(verdicts)
        self._queries = {
            "sums of expressions": frame.select([verdict.sum() for verdict in verdicts]),
            "sums of columns": self._members.select(pl.all().sum()),
        }

    def ways(self, question: Question) -> Sequence[Way]:
        """Both of its engines; for counts, the sum in the same step as the expression and in the next one."""
        if question is Question.MEMBERS:
            return [Way(f"columns, {runner}", _collect(self._members, runner), _read_members) for runner in RUNNERS]
        return [
            Way(f"{name}, {runner}", _collect(query, runner), _read_counts)
            for name, query in self._queries.items()
            for runner in RUNNERS
        ]

    def close(self) -> None:
        """Nothing: the pool of threads is the process's."""


def _collect(query: pl.LazyFrame, runner: Runner) -> Callable[[], pl.DataFrame]:
    def collect() -> pl.DataFrame:
        return query.collect(engine=runner)

    return collect


def _read_counts(frame: pl.DataFrame) -> Answer:
    return Answer(np.array(frame.row(0), np.int64))


def _read_members(frame: pl.DataFrame) -> Answer:
    planes = arrow_planes(frame.to_arrow())
    return Answer(count_members(planes), planes)
