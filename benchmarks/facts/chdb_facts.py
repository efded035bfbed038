"""chDB, ClickHouse in the process: window functions and groups over tables in memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import pyarrow as pa

from benchmarks.contenders.chdb_table import session
from benchmarks.facts.history import History
from benchmarks.facts.peer import Answer, Ask, dense_months, dense_sums
from benchmarks.facts.question import END_DAY, MONTH_STARTS, START_DAY, Question

COLUMNS: Final = "account UInt32, time Int64, day Int32, amount Int64, balance Int64, category UInt8"
HELD: Final = "account UInt32, time Int64, day Int32, balance Int64, next Int32"
NAMES: Final = "account, time, day, amount, balance, category"

DAYS: Final = f"(least(next, {END_DAY}) - greatest(day, {START_DAY}))"
BALANCES: Final = f"""
SELECT account, sum(balance * {DAYS}) AS total FROM {{}} WHERE next > {START_DAY} AND day < {END_DAY} GROUP BY account
"""
FOLLOWED: Final = f"""
(SELECT account, time, day, balance, leadInFrame(day, 1, toInt32({END_DAY})) OVER
(PARTITION BY account ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next FROM facts)
"""
ARRAYS: Final = f"""
SELECT account, arraySum((d, n, b) -> b * greatest(0, least(n, {END_DAY}) - greatest(d, {START_DAY})),
  arrayMap(x -> x.2, sorted) AS days, arrayPushBack(arrayPopFront(days), {END_DAY}),
  arrayMap(x -> x.3, sorted)) AS total
FROM (SELECT account, arraySort(groupArray((time, day, balance))) AS sorted FROM facts GROUP BY account)
"""
MONTHLY: Final = f"""
SELECT account, dateDiff('month', toDate('2025-01-01'), toDate(day)) AS month, category, sum(amount) AS total FROM {{}}
WHERE day >= {MONTH_STARTS[0]} AND day < {MONTH_STARTS[-1]} GROUP BY account, month, category
"""


class ChdbFacts:
    """Tables with the transactions as they came, and by account with how long each balance held."""

    name = "chDB"

    def __init__(self, history: History, threads: int) -> None:
        _ask(f"SET max_threads = {threads}, max_insert_threads = {threads}")
        given = history.to_arrow()
        self._create("facts", "Memory", COLUMNS)
        session().query(f"INSERT INTO facts SELECT {NAMES} FROM Python(given)")
        del given
        self._create("held", "MergeTree ORDER BY (account, time)", HELD)
        _ask(f"INSERT INTO held SELECT account, time, day, balance, next FROM {FOLLOWED}")
        self._create("ordered", "MergeTree ORDER BY (account, time)", COLUMNS)
        _ask(f"INSERT INTO ordered SELECT {NAMES} FROM facts")
        self._accounts = history.accounts

    def native(self, question: Question) -> Mapping[str, Ask]:
        """From the transactions as they came."""
        if question is Question.DAILY_BALANCE:
            return {
                "window function": partial(_fetch, BALANCES.format(FOLLOWED)),
                "sorted arrays": partial(_fetch, ARRAYS),
            }
        return {"group by": partial(_fetch, MONTHLY.format("facts"))}

    def prepared(self, question: Question) -> Mapping[str, Ask]:
        """From what was kept beside them."""
        if question is Question.MONTHLY_SUMS:
            return {"by account": partial(_fetch, MONTHLY.format("ordered"))}
        in_order = BALANCES.format("held") + " SETTINGS optimize_aggregation_in_order = 1"
        return {"valid-to column, in order": partial(_fetch, in_order)}

    def read(self, question: Question, found: object) -> Answer:
        """The answer by account."""
        assert isinstance(found, pa.Table)
        columns = {name: found.column(name).to_numpy() for name in found.column_names}
        return (dense_sums if question is Question.DAILY_BALANCE else dense_months)(columns, self._accounts)

    def close(self) -> None:
        """Drop the tables."""
        for table in ("facts", "held", "ordered"):
            _ask(f"DROP TABLE IF EXISTS {table}")

    def _create(self, table: str, engine: str, columns: str) -> None:
        _ask(f"DROP TABLE IF EXISTS {table}")
        name, _, rest = engine.partition(" ")
        _ask(f"CREATE TABLE {table} ({columns}) ENGINE = {name} {rest}")


def _ask(query: str) -> None:
    session().query(query)


def _fetch(query: str) -> Any:
    return session().query(query, "ArrowTable")
