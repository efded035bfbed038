"""DuckDB: window functions and groups over a table in memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import duckdb
import pyarrow as pa

from benchmarks.facts.history import History
from benchmarks.facts.peer import Answer, Ask, dense_months, dense_sums
from benchmarks.facts.question import END_DAY, MONTH_STARTS, START_DAY, Question

MONTH: Final = "datediff('month', DATE '2025-01-01', DATE '1970-01-01' + day)"

DAYS: Final = f"(least(next, {END_DAY}) - greatest(day, {START_DAY}))"
BALANCES: Final = f"""
SELECT account, sum(balance * {DAYS})::BIGINT AS total FROM {{}}
WHERE next > {START_DAY} AND day < {END_DAY} GROUP BY account
"""
FOLLOWED: Final = f"(SELECT *, lead(day, 1, {END_DAY}) OVER (PARTITION BY account ORDER BY time) AS next FROM facts)"
WRITTEN_OUT: Final = f"""
SELECT account, {MONTH} AS month, category, sum(amount)::BIGINT AS total FROM facts
WHERE day >= {MONTH_STARTS[0]} AND day < {MONTH_STARTS[-1]} GROUP BY ALL
"""


class DuckdbFacts:
    """A DuckDB database in memory with the transactions as they came, and by account with the days of each balance."""

    name = "DuckDB"

    def __init__(self, history: History, threads: int) -> None:
        self._connection = duckdb.connect(config={"threads": threads})
        self._connection.register("given", history.to_arrow())
        self._connection.execute("CREATE TABLE facts AS SELECT * FROM given")
        self._connection.execute(f"CREATE TABLE held AS SELECT * FROM {FOLLOWED} ORDER BY account, time")
        self._connection.unregister("given")
        self._history = history

    def native(self, question: Question) -> Mapping[str, Ask]:
        """From the transactions as they came."""
        if question is Question.DAILY_BALANCE:
            return {"window function": partial(self._fetch, BALANCES.format(FOLLOWED))}
        return {"group by": partial(self._fetch, WRITTEN_OUT)}

    def prepared(self, question: Question) -> Mapping[str, Ask]:
        """From what was kept beside them."""
        if question is Question.DAILY_BALANCE:
            return {"valid-to column": partial(self._fetch, BALANCES.format("held"))}
        return {}

    def read(self, question: Question, found: object) -> Answer:
        """The answer by account."""
        assert isinstance(found, pa.Table)
        columns = {name: found.column(name).to_numpy() for name in found.column_names}
        return (dense_sums if question is Question.DAILY_BALANCE else dense_months)(columns, self._history.accounts)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _fetch(self, query: str) -> pa.Table:
        return self._connection.sql(query).to_arrow_table()
