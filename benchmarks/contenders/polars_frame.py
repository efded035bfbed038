"""Polars: lazy queries with an expression a segment, from a frame in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from benchmarks.contenders.contender import PAGE_ROWS, Answer, Counts, Question, Way, arrow_answer
from benchmarks.dialects.frames import Frames
from benchmarks.population import Population
from benchmarks.rules import depths
from benchmarks.scenario import Scenario

Runner = Literal["in-memory", "streaming"]
RUNNERS: Final[tuple[Runner, ...]] = ("in-memory", "streaming")

Collected = tuple[pl.DataFrame, ...]
"""Verdicts, the members of each, the unknown of each where there may be some; of counts without the verdicts."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Expressions that are added to the frame, layer by layer, and then the verdict of each segment."""

    note: str
    layers: tuple[tuple[pl.Expr, ...], ...]
    verdicts: tuple[pl.Expr, ...]

    def lay(self, table: pl.DataFrame) -> pl.LazyFrame:
        """The table with the layers."""
        frame = table.lazy()
        for layer in self.layers:
            frame = frame.with_columns(*layer)
        return frame


Ask = Callable[[Wording, Runner], Any]


class PolarsFrame:
    """A Polars frame of a scenario's columns.

    Polars has one pool of threads for the process, as large as POLARS_MAX_THREADS said when it was imported.
    Raises ValueError if that is not `threads`.
    """

    name = "Polars"

    def __init__(self, scenario: Scenario, population: Population, threads: int) -> None:
        if pl.thread_pool_size() != threads:
            raise ValueError(f"Polars runs {pl.thread_pool_size()} threads, not {threads}: set POLARS_MAX_THREADS")
        self._table = pl.DataFrame(population.to_arrow()).rechunk()
        self._has_unknowns = bool(population.nullable)
        self._wordings = _word(scenario, Frames(self._table.schema, population.nullable))

    @staticmethod
    def declines(_scenario: Scenario, _question: Question, _rows: int) -> str | None:
        """It never does."""
        return None

    def ways(self, question: Question) -> Sequence[Way]:
        """Both of its engines; for counts, the sum in the same step as the expression and in the next one."""
        asked: Mapping[Question, Mapping[str, Ask]] = {
            Question.PLANES: {"columns": self._planes},
            Question.PAGES: {"slices": self._pages},
            Question.COUNTS: {
                "sums of expressions": self._sums_of_expressions,
                "sums of columns": self._sums_of_columns,
            },
        }
        read = _read_counts if question is Question.COUNTS else _read_planes
        return [
            Way(f"{name}{wording.note}, {runner}", partial(ask, wording, runner), read)
            for wording in self._wordings
            for name, ask in asked[question].items()
            for runner in RUNNERS
        ]

    def close(self) -> None:
        """Let go of the columns: the pool of threads is the process's."""
        del self._table

    def _planes(self, wording: Wording, runner: Runner) -> Collected:
        return self._collect(wording, self._table, runner)

    def _pages(self, wording: Wording, runner: Runner) -> Iterator[Collected]:
        for start in range(0, len(self._table), PAGE_ROWS):
            yield self._collect(wording, self._table.slice(start, PAGE_ROWS), runner)

    def _collect(self, wording: Wording, table: pl.DataFrame, runner: Runner) -> Collected:
        """The verdicts, and their sums and nulls, which Polars counts from its bitmaps."""
        verdicts = wording.lay(table).select(wording.verdicts).collect(engine=runner)
        return verdicts, verdicts.sum(), *([verdicts.null_count()] if self._has_unknowns else [])

    def _sums_of_expressions(self, wording: Wording, runner: Runner) -> Collected:
        frame = wording.lay(self._table)
        return self._collect_sums(frame, wording.verdicts, runner)

    def _sums_of_columns(self, wording: Wording, runner: Runner) -> Collected:
        frame = wording.lay(self._table).select(wording.verdicts)
        return self._collect_sums(frame, [pl.col(name) for name in frame.collect_schema()], runner)

    def _collect_sums(self, frame: pl.LazyFrame, verdicts: Sequence[pl.Expr], runner: Runner) -> Collected:
        sums = [verdict.sum() for verdict in verdicts]
        nulls = [verdict.null_count().name.suffix("?") for verdict in verdicts] if self._has_unknowns else []
        found = frame.select(*sums, *nulls).collect(engine=runner)
        return (found[:, : len(sums)], found[:, len(sums) :]) if nulls else (found,)


def _word(scenario: Scenario, frames: Frames) -> list[Wording]:
    """All expressions in one step; where segments refer to others, also one step a depth."""
    inlined: dict[str, pl.Expr] = {}
    for segment in scenario.segments:
        inlined[segment.id] = frames.expression(segment.rule, inlined)
    wordings = [Wording("", (), tuple(each.alias(id_) for id_, each in inlined.items()))]
    layers = depths(scenario.segments)
    if len(layers) > 1:
        named = {segment.id: pl.col(segment.id) for segment in scenario.segments}
        laid = tuple(tuple(frames.expression(each.rule, named).alias(each.id) for each in layer) for layer in layers)
        wordings.append(Wording(" depth by depth", laid, tuple(named.values())))
    return wordings


def _read_planes(collected: Collected) -> Answer:
    read = arrow_answer(collected[0].to_arrow())
    counted = _read_counts(collected[1:])
    return Answer(counted.member_counts, counted.unknown_counts, read.members, read.unknowns)


def _read_counts(collected: Collected) -> Answer:
    members = _row(collected[0])
    return Answer(members, _row(collected[1]) if len(collected) > 1 else np.zeros_like(members))


def _row(frame: pl.DataFrame) -> Counts:
    return np.array(frame.row(0), np.int64)
