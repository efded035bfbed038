"""chDB, ClickHouse in the process: one query with an aggregate or a column a segment, from tables in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import count
from typing import Any, Final

import numpy as np
import pyarrow as pa
from chdb.session import Session

from benchmarks.contenders.contender import PAGE_ROWS, Answer, Counts, Question, Way, count_verdicts
from benchmarks.dialects.sql import clickhouse_dialect, counts, name, verdicts
from benchmarks.population import Column, Population
from benchmarks.scenario import Scenario
from segmentd.columns.planes import pack, word_count

TYPES: Final = {
    "uint8": "UInt8",
    "uint16": "UInt16",
    "int16": "Int16",
    "int32": "Int32",
    "int64": "Int64",
    "float32": "Float32",
    "float64": "Float64",
}
FEW_TEXTS: Final = 10_000
"""Distinct texts up to which ClickHouse advises a dictionary, the type LowCardinality."""
MAX_PLANE_BYTES: Final = 2 << 30
"""A verdict is a byte in ClickHouse."""
MAX_PAGE_BYTES: Final = 1 << 29
"""Where pages are asked for, there is a table a page, the verdicts on which take so many bytes at most."""
MAX_ARROW_BYTES: Final = 20_000_000
"""Verdicts that are asked for as Arrow too, which takes ten times as long as a table in memory."""
ROW: Final = "rowNumber"
"""The column that says which customer a verdict is of: ClickHouse's threads do not keep an order."""

LIMITS: Final = (
    "max_query_size = 100000000, max_ast_elements = 10000000, max_expanded_ast_elements = 10000000, "
    "max_parser_depth = 100000"
)

_NUMBERS = count()


class ChdbTable:
    """Tables of the engine Memory with a scenario's columns. There is one ClickHouse in a process, shared by all."""

    name = "chDB"

    def __init__(self, scenario: Scenario, population: Population, threads: int) -> None:
        _ask(f"SET max_threads = {threads}, max_insert_threads = {threads}, {LIMITS}")
        self._table = f"default.t{next(_NUMBERS)}"
        self._rows = population.rows
        self._create(self._table, population, 0)
        self._population, self._pages = population, list[str]()
        self._segments = scenario.segments
        self._has_unknowns = bool(population.nullable)
        self._query = verdicts(scenario.segments, clickhouse_dialect(population.nullable), keys=(ROW,))

    @staticmethod
    def declines(scenario: Scenario, question: Question, rows: int) -> str | None:
        """Planes that are too large as bytes."""
        size = rows * len(scenario.segments)
        if question is Question.PLANES and size > MAX_PLANE_BYTES:
            return f"verdicts are bytes: {size / 1e9:.1f} GB"
        return None

    def ways(self, question: Question) -> Sequence[Way]:
        """Aggregates in one query; verdicts into another table in memory, or out as Arrow."""
        match question:
            case Question.COUNTS:
                return [
                    Way(aggregate, partial(_fetch, self._count(self._verdicts(self._table), aggregate)), self._counted)
                    for aggregate in ("countIf({})", "sum({})")
                ]
            case Question.PLANES:
                stored = Way("into a table", partial(self._store, self._table), self._read_stored)
                fetched = Way("columns to Arrow", partial(_fetch, self._verdicts(self._table)), self._read)
                return [stored, fetched] if self._rows * len(self._segments) <= MAX_ARROW_BYTES else [stored]
            case Question.PAGES:
                self._split()
                return [Way("a table a page, into a table", self._store_pages, self._read_stored)]

    def close(self) -> None:
        """Drop the tables."""
        for table in (self._table, *self._pages, f"{self._table}v", *(f"{page}v" for page in self._pages)):
            _ask(f"DROP TABLE IF EXISTS {table}")

    def _create(self, table: str, population: Population, first_row: int) -> None:
        columns = {name(id_): _type_of(column) for id_, column in population.columns.items()}
        columns[ROW] = "UInt32"
        described = ", ".join(f"{id_} {type_}" for id_, type_ in columns.items())
        _ask(f"CREATE TABLE {table} ({described}) ENGINE = Memory")
        rows = pa.array(np.arange(first_row, first_row + population.rows, dtype=np.uint32))
        given = population.to_arrow().append_column(ROW, rows)  # read by name, out of this frame
        session().query(f"INSERT INTO {table} SELECT {', '.join(columns)} FROM Python(given)")
        del given

    def _split(self) -> None:
        size = min(PAGE_ROWS, MAX_PAGE_BYTES // len(self._segments) // 64 * 64)
        for start in range(0, self._rows if not self._pages else 0, size):
            self._pages.append(f"{self._table}p{start}")
            self._create(self._pages[-1], self._population.slice(start, start + size), 0)

    def _verdicts(self, table: str) -> str:
        return self._query.replace("FROM customers", f"FROM {table}")

    def _count(self, query: str, aggregate: str) -> str:
        return counts(self._segments, query, aggregate, unknowns=self._has_unknowns)

    def _store(self, table: str) -> tuple[str, pa.Table]:
        """The name of a table with the verdicts, and their counts."""
        kept = f"{self._table}v"
        _ask(f"DROP TABLE IF EXISTS {kept}")
        _ask(f"CREATE TABLE {kept} ENGINE = Memory AS {self._verdicts(table)}")
        return kept, _fetch(self._count(f"SELECT * FROM {kept}", "sum({})"))

    def _store_pages(self) -> Iterator[tuple[str, pa.Table]]:
        return (self._store(table) for table in self._pages)

    def _read_stored(self, stored: tuple[str, pa.Table]) -> Answer:
        kept, counted = stored
        read, found = self._read(_fetch(f"SELECT * FROM {kept}")), self._counted(counted)
        return Answer(found.member_counts, found.unknown_counts, read.members, read.unknowns)

    def _read(self, table: pa.Table) -> Answer:
        order = np.argsort(table.column(ROW).to_numpy())
        shape = (len(self._segments), word_count(len(order)))
        members, unknowns = np.zeros(shape, np.uint64), np.zeros(shape, np.uint64)
        for number, segment in enumerate(self._segments):
            column = table.column(segment.id)
            members[number] = pack(column.fill_null(0).to_numpy()[order] != 0)
            unknowns[number] = pack(column.is_null().to_numpy()[order])
        return Answer(*count_verdicts(members, unknowns), members, unknowns)

    def _counted(self, table: pa.Table) -> Answer:
        counted: Counts = np.array([column[0].as_py() or 0 for column in table.columns], np.int64)
        segments = len(self._segments)
        return Answer(counted[:segments], counted[segments:] if self._has_unknowns else np.zeros(segments, np.int64))


@cache
def session() -> Any:
    """The process's ClickHouse."""
    make: Any = Session
    return make()


def _ask(query: str) -> None:
    session().query(query)


def _fetch(query: str) -> Any:
    return session().query(query, "ArrowTable")


def _type_of(column: Column) -> str:
    """ClickHouse's own advice: Nullable only where values are missing, dictionaries where texts are few."""
    if column.dictionary is None:
        type_ = TYPES[column.values.dtype.name]
        return type_ if column.missing is None else f"Nullable({type_})"
    text = "String" if column.missing is None else "Nullable(String)"
    return f"LowCardinality({text})" if len(column.dictionary.texts) <= FEW_TEXTS else text
