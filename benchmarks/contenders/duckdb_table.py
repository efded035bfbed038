"""DuckDB: one query with an aggregate or a column a segment, from a table in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.contenders.contender import PAGE_ROWS, Answer, Counts, Question, Way, arrow_answer
from benchmarks.dialects.sql import counts, duckdb_dialect, verdicts
from benchmarks.population import Population
from benchmarks.scenario import Scenario

FILTERED_WORK: Final = 400_000_000
"""Rows by segments up to which the slow textbook form is tried too."""

Fetched = tuple[pa.Table, Counts, Counts]
"""Verdicts, members of each, unknown of each."""


class DuckdbTable:
    """A DuckDB database in memory with a table of a scenario's columns."""

    name = "DuckDB"

    def __init__(self, scenario: Scenario, population: Population, threads: int) -> None:
        self._connection = duckdb.connect(config={"threads": threads})
        # Without it, DuckDB makes joins of IN, which take longer here and forget the order of the rows.
        self._connection.execute("SET disabled_optimizers = 'in_clause'")
        self._connection.register("given", population.to_arrow())
        self._connection.execute("CREATE TABLE customers AS SELECT * FROM given")
        self._connection.unregister("given")
        self._segments = scenario.segments
        self._has_unknowns = bool(population.nullable)
        self._small = population.rows * len(scenario.segments) <= FILTERED_WORK
        dialect = duckdb_dialect(population.nullable)
        self._queries: Mapping[str, str] = {
            "": verdicts(scenario.segments, dialect),
            " over distinct conditions": verdicts(scenario.segments, dialect, distinct_first=True),
        }

    @staticmethod
    def declines(_scenario: Scenario, _question: Question, _rows: int) -> str | None:
        """It never does."""
        return None

    def ways(self, question: Question) -> Sequence[Way]:
        """With every condition where it stands, and with the distinct ones computed first, in a subquery."""
        match question:
            case Question.PLANES:
                return [
                    Way(f"columns to Arrow{note}", partial(self._fetch_table, query), _read_planes)
                    for note, query in self._queries.items()
                ]
            case Question.PAGES:
                return [
                    Way(f"batches of Arrow{note}", partial(self._fetch_pages, query), _read_planes)
                    for note, query in self._queries.items()
                ]
            case Question.COUNTS:
                return [
                    Way(way, partial(self._fetch_counts, query), self._read_counts)
                    for way, query in self._count_queries().items()
                ]

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _count_queries(self) -> Mapping[str, str]:
        queries = {f"count_if{note}": self._count(query, "count_if({})") for note, query in self._queries.items()}
        if self._small:
            queries["count(*) filter"] = self._count(self._queries[""], "count(*) FILTER (WHERE {})")
        return queries

    def _count(self, query: str, aggregate: str) -> str:
        return counts(self._segments, query, aggregate, unknowns=self._has_unknowns)

    def _fetch_counts(self, query: str) -> list[Any]:
        return self._connection.execute(query).fetchall()

    def _fetch_table(self, query: str) -> Fetched:
        return _with_counts(self._connection.sql(query).to_arrow_table())

    def _fetch_pages(self, query: str) -> Iterator[Fetched]:
        for batch in self._connection.sql(query).to_arrow_reader(PAGE_ROWS):
            yield _with_counts(pa.Table.from_batches([batch]))

    def _read_counts(self, rows: list[tuple[int, ...]]) -> Answer:
        counted = np.array(rows[0], np.int64)
        segments = len(self._segments)
        return Answer(counted[:segments], counted[segments:] if self._has_unknowns else np.zeros(segments, np.int64))


def _with_counts(table: pa.Table) -> Fetched:
    """The table with its ones and nulls, which Arrow counts from bitmaps."""
    members = np.array([pc.sum(column).as_py() or 0 for column in table.columns], np.int64)
    return table, members, np.array([column.null_count for column in table.columns], np.int64)


def _read_planes(fetched: Fetched) -> Answer:
    table, members, unknowns = fetched
    read = arrow_answer(table)
    return Answer(members, unknowns, read.members, read.unknowns)
