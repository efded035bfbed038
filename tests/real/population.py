"""Builds the customer population of the Berka bank: its eight files in, one Parquet file out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import duckdb

from tests.berka import TABLES

AS_OF: Final = date(1994, 3, 31)
"""The day at whose end the population stands."""

NOW: Final = datetime(1994, 3, 30, 23, 30, tzinfo=UTC)
"""What `now` means to the segments: already 1994-03-31 in the bank's zone, still the 30th in UTC."""

ZONE: Final = "Europe/Prague"
"""The bank's business time zone."""

CURRENCY: Final = "CZK"
"""The currency of every amount."""

_QUERY = (Path(__file__).parent / "population.sql").read_text("utf-8")


def write_population(source: Path, target: Path) -> None:
    """Write a row a client, `customer_id` and the typed attributes, to the Parquet file `target`.

    `source` is the directory of the eight `.asc` files.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET VARIABLE as_of = $day::DATE", {"day": AS_OF.isoformat()})
        connection.execute("SET VARIABLE zone = $zone", {"zone": ZONE})
        connection.execute("CREATE MACRO berka_date(text) AS strptime('19' || text, '%Y%m%d')::DATE")
        for table in TABLES:
            connection.execute(_load_statement(table, source / f"{table}.asc"))
        connection.execute(f"COPY ({_QUERY}) TO '{target}' (FORMAT parquet)")


def _load_statement(table: str, path: Path) -> str:
    """Every column stays text here: a reader that guesses types would turn amounts into floating point."""
    return f"""CREATE TABLE "{table}" AS
        SELECT * FROM read_csv('{path}', delim = ';', quote = '"', header = true, all_varchar = true)"""
