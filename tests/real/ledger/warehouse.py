"""The bank's facts in DuckDB, and answers in SQL: an opinion of its own, by another engine and another language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from tests.berka import TABLES
from tests.real.population import ZONE

_TABLES: Final = (Path(__file__).parent / "warehouse.sql").read_text("utf-8")

Value = int | float | str | bool | None
"""Amounts in haler, dates in days since 1970; None is unknown."""


class Warehouse:
    """The tables of `warehouse.sql` over the bank's files, and those that are put beside them."""

    def __init__(self, source: Path) -> None:
        self._base = duckdb.connect()
        self._base.execute(f"SET TimeZone = '{ZONE}'")
        for table in TABLES:
            self._base.execute(
                f"""CREATE TABLE raw_{table} AS SELECT row_number() OVER () AS place, * FROM read_csv(
                    '{source / f"{table}.asc"}', delim = ';', quote = '"', header = true, all_varchar = true)"""
            )
        self._base.execute(_TABLES)

    def put(self, name: str, table: pa.Table) -> None:
        """Add a table."""
        self._base.register("given", table)
        self._base.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
        self._base.unregister("given")

    def at(self, moment: datetime) -> Warehouse:
        """The same, asked as of a moment."""
        self._base.execute(f"SET VARIABLE moment = TIMESTAMPTZ '{moment.isoformat()}'")
        return self

    def table(self, query: str) -> pa.Table:
        """What a query gives."""
        return self._base.sql(query).to_arrow_table()

    def values(self, query: str, subject: str, otherwise: str) -> Mapping[str, Value]:
        """The values of all customers, or accounts; of those whom the query leaves out it is `otherwise`."""
        found = self._base.execute(
            f"""WITH found(id, value) AS ({query})
            SELECT {subject}, CASE WHEN found.id IS NULL THEN {otherwise} ELSE found.value END
            FROM {subject} LEFT JOIN found ON found.id = {subject}"""
        ).fetchall()
        values = {id_: _plain(value) for id_, value in found}
        assert len(values) == len(found), "the statement gives two values to one subject"
        return values

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives, row by row."""
        found: list[tuple[Any, ...]] = self._base.execute(query).fetchall()
        return found

    def ids(self, query: str) -> frozenset[str]:
        """The ids that a query gives."""
        return frozenset(id_ for (id_,) in self._base.execute(query).fetchall())


def _plain(value: Any) -> Value:
    """Numbers of wide integers are integers in Python already; anything else that is not plain is a mistake."""
    assert value is None or isinstance(value, int | float | str), f"{value!r} is a {type(value).__name__}"
    return value
