"""DuckDB: one query with an aggregate or a column a segment, from a table in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.contenders.contender import Answer, Question, Way, arrow_planes
from benchmarks.dialects.arrays import count_members
from benchmarks.dialects.sql import sql, sql_condition
from benchmarks.rules import Condition, conditions
from benchmarks.scenario import Scenario, Values

AGGREGATES: Final = {"count(*) filter": "count(*) FILTER (WHERE {})", "count_if": "count_if({})"}


class DuckdbTable:
    """A DuckDB database in memory with a table of a scenario's columns."""

    name = "DuckDB"

    def __init__(self, scenario: Scenario, columns: Mapping[str, Values], threads: int) -> None:
        self._connection = duckdb.connect(config={"threads": threads})
        self._connection.register("given", pa.table(dict(columns)))
        self._connection.execute("CREATE TABLE customers AS SELECT * FROM given")
        self._connection.unregister("given")
        self._scenario = scenario

    def ways(self, question: Question) -> Sequence[Way]:
        """With every condition where it stands, and with the distinct ones computed first, in a subquery."""
        if question is Question.MEMBERS:
            return [
                Way(f"columns to Arrow{note}", partial(self._fetch_table, query), _read_members)
                for note, query in self._queries('{} AS "{}"')
            ]
        return [
            Way(f"{name}{note}", partial(self._fetch_rows, query), _read_counts)
            for name, aggregate in AGGREGATES.items()
            for note, query in self._queries(aggregate)
        ]

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _queries(self, item: str) -> Sequence[tuple[str, str]]:
        """The query that selects an item a segment, twice; `item` has places for the predicate and the id."""
        segments = self._scenario.segments
        distinct = dict.fromkeys(found for segment in segments for found in conditions(segment.rule))
        names = {condition: f"c{index}" for index, condition in enumerate(distinct)}
        computed = ", ".join(f"{sql_condition(condition)} AS {name}" for condition, name in names.items())

        def word(condition: Condition) -> str:
            return names[condition]

        plain = ", ".join(item.format(sql(segment.rule), segment.id) for segment in segments)
        shared = ", ".join(item.format(sql(segment.rule, word), segment.id) for segment in segments)
        return (
            ("", f"SELECT {plain} FROM customers"),
            (" over distinct conditions", f"SELECT {shared} FROM (SELECT {computed} FROM customers)"),
        )

    def _fetch_rows(self, query: str) -> list[Any]:
        return self._connection.execute(query).fetchall()

    def _fetch_table(self, query: str) -> pa.Table:
        return self._connection.sql(query).to_arrow_table()


def _read_counts(rows: list[tuple[int, ...]]) -> Answer:
    return Answer(np.array(rows[0], np.int64))


def _read_members(table: pa.Table) -> Answer:
    planes = arrow_planes(table)
    return Answer(count_members(planes), planes)
