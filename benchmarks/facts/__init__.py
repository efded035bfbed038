"""Aggregates of a ledger's facts beside what DuckDB, Polars and ClickHouse take for them."""
