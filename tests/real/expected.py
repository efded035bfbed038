"""What SQL says about the real population: an opinion of its own, by another engine and another language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.real.definitions import RealAttribute, RealSegment
from tests.real.population import AS_OF, NOW


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who is in a segment, and for whom it is undecidable, by customer id."""

    members: frozenset[str]
    unknowns: frozenset[str]

    def among(self, customers: frozenset[str]) -> Verdict:
        """The verdict on some customers only."""
        return Verdict(self.members & customers, self.unknowns & customers)


class Customers:
    """The population in DuckDB, as the table `customers` with the columns `moment` and `today` added."""

    def __init__(self, population: Path) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(
            f"""CREATE TABLE customers AS
            SELECT *, TIMESTAMPTZ '{NOW.isoformat()}' AS moment, DATE '{AS_OF.isoformat()}' AS today
            FROM read_parquet('{population}')"""
        )

    def ids(self) -> tuple[str, ...]:
        """Every customer's id, in the order of the file."""
        return tuple(
            str(row["customer_id"]) for row in self._rows("SELECT customer_id FROM customers ORDER BY customer_id")
        )

    def verdict(self, segment: RealSegment) -> Verdict:
        """What the segment's SQL says; a condition that is null is not true."""
        return Verdict(self._where(segment.sql_members), self._where(segment.sql_unknown))

    def values(self, attribute: RealAttribute) -> dict[str, Any]:
        """A computed attribute's values by customer id; None where they are missing or unknown."""
        rows = self._rows(f"SELECT customer_id, {attribute.sql_value} AS value FROM customers")
        return {str(row["customer_id"]): row["value"] for row in rows}

    def unknown_values(self, attribute: RealAttribute) -> frozenset[str]:
        """The customers whose value of a computed attribute is unknown."""
        return self._where(attribute.sql_unknown)

    def describe(self, customer: str, attributes: Iterable[str]) -> str:
        """A customer's values of some attributes, for a message."""
        columns = ", ".join(["customer_id", *sorted(attributes)])
        row = self._rows(f"SELECT {columns} FROM customers WHERE customer_id = {int(customer)}")[0]
        return ", ".join(f"{name} = {value}" for name, value in row.items())

    def _where(self, condition: str) -> frozenset[str]:
        rows = self._rows(f"SELECT customer_id FROM customers WHERE ({condition}) IS TRUE")
        return frozenset(str(row["customer_id"]) for row in rows)

    def _rows(self, query: str) -> list[dict[str, Any]]:
        """Through Arrow, which needs no further package for moments with a zone."""
        rows: list[dict[str, Any]] = self._connection.sql(query).to_arrow_table().to_pylist()
        return rows
