"""The same reports in SQL, by DuckDB over the same facts: an account's balance is found, then grouped.

Tables: `accounts(account, kind, currency, institution, tier, opened, closed, balance)` with days as numbers from 1970;
`members(segment, account)`; `regions(account, district)`, of owners; `seen(account, time_us, balance, place)`,
transactions and snapshots alike, where the greatest place counts among those of one time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed: `make setup` installs it")

Key = tuple[Any, ...]

ROWS = """
rows AS (
    SELECT month, a.*, CASE WHEN held.account IS NOT NULL THEN held.last WHEN {is_now} THEN a.balance END AS held
    FROM valuations CROSS JOIN accounts a
    LEFT JOIN (
        SELECT month, account, arg_max(balance, (time_us, place)) AS last
        FROM valuations JOIN seen ON time_us <= moment_us
        GROUP BY month, account
    ) held USING (month, account)
    WHERE (opened IS NULL OR opened <= local_day) AND (closed IS NULL OR local_day <= closed)
)"""

FIGURES = """
WITH {rows},
ranked AS (
    SELECT {keys}, held, row_number() OVER (PARTITION BY {keys} ORDER BY held) AS place,
        count(held) OVER (PARTITION BY {keys}) AS n
    FROM rows {joined}
)
SELECT {keys}, count(held), count(*) - count(held), coalesce(sum(held), 0)::VARCHAR, min(held), max(held),
    max(held) FILTER (place = (n + 1) // 2), max(held) FILTER (place = (n + 2) // 2),
    stddev_samp(held / 100), list(held ORDER BY held) FILTER (held IS NOT NULL)
FROM ranked GROUP BY ALL
"""

DAILY = """
WITH ends AS (
    SELECT unnest(?::BIGINT[]) AS end_us, unnest(?::INTEGER[]) AS day, unnest(?::VARCHAR[]) AS month
),
there AS (
    SELECT a.account, month, end_us FROM accounts a CROSS JOIN ends
    WHERE (opened IS NULL OR opened <= day) AND (closed IS NULL OR day <= closed)
),
latest AS (
    SELECT account, time_us, arg_max(balance, place) AS balance FROM seen GROUP BY account, time_us
),
held AS (
    SELECT t.account, t.month, l.balance FROM there t ASOF LEFT JOIN latest l
    ON t.account = l.account AND t.end_us >= l.time_us
),
sums AS (SELECT account, month, sum(balance) AS total, bool_or(balance IS NULL) AS lost FROM held GROUP BY ALL)
SELECT {keys}, coalesce(sum(total) FILTER (NOT lost), 0)::VARCHAR, count(*) FILTER (lost)
FROM sums JOIN accounts USING (account) {joined} GROUP BY ALL
"""

OTHERS = {
    "segment": "JOIN members USING (account)",
    "district": "LEFT JOIN regions USING (account)",
}
"""What keys need that are no columns of accounts."""


def joins(keys: str) -> str:
    """The further tables that some keys need."""
    return " ".join(join for key, join in OTHERS.items() if key in keys)


@dataclass(frozen=True)
class Figures:
    """What SQL says of a group: amounts in minor units, ascending `values` for whatever else is asked."""

    count: int
    unknown: int
    sum: int
    min: int | None
    max: int | None
    middle: tuple[int | None, int | None]
    deviation: float | None
    values: list[int]

    @property
    def average(self) -> int:
        """Half to even, from exact numbers."""
        return round(Fraction(self.sum, self.count))

    @property
    def median(self) -> int:
        """The mean of the two in the middle, half to even."""
        low, high = self.middle
        assert low is not None
        assert high is not None
        return round(Fraction(low + high, 2))


def _figures(
    count: int,
    unknown: int,
    total: str,
    least: int | None,
    greatest: int | None,
    low: int | None,
    high: int | None,
    deviation: float | None,
    values: list[int] | None,
) -> Figures:
    return Figures(count, unknown, int(total), least, greatest, (low, high), deviation, values or [])


class Warehouse:
    """A database with the facts of a ledger in the zone of Prague."""

    def __init__(self) -> None:
        self._base = duckdb.connect()
        self._base.execute("SET threads = 2")

    def put(self, name: str, table: Any) -> None:
        """A table of columns, of Arrow."""
        self._base.register("given", table)
        self._base.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
        self._base.unregister("given")

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a statement gives."""
        found: list[tuple[Any, ...]] = self._base.execute(sql, list(parameters)).fetchall()
        return found

    def figures(self, keys: str, valuations: Sequence[tuple[str, int]], *, is_now: bool = False) -> dict[Key, Figures]:
        """The groups by some columns of accounts, `month` and `segment`, which may be none, at some moments."""
        days = [local_day(moment_us) for _, moment_us in valuations]
        self.run("CREATE OR REPLACE TABLE valuations (month VARCHAR, moment_us BIGINT, local_day INTEGER)")
        for (month, moment_us), day in zip(valuations, days, strict=True):
            self.run("INSERT INTO valuations VALUES (?, ?, ?)", [month, moment_us, day])
        rows = ROWS.format(is_now="true" if is_now else "false")
        names = keys or "'all'"
        width = len(names.split(","))
        found = self.run(FIGURES.format(rows=rows, keys=names, joined=joins(keys)))
        return {each[:width]: _figures(*each[width:]) for each in found}

    def daily(self, keys: str, days: Sequence[tuple[str, date]]) -> dict[Key, tuple[int, int]]:
        """By group the sum over accounts and days, each with its month, and how many accounts it is unknown of."""
        ends = [day_start_us(day + timedelta(days=1)) - 1 for _, day in days]
        numbers, months = [(day - date(1970, 1, 1)).days for _, day in days], [month for month, _ in days]
        names = keys or "'all'"
        width = len(names.split(","))
        found = self.run(DAILY.format(keys=names, joined=joins(keys)), [ends, numbers, months])
        return {each[:width]: (int(each[width]), each[width + 1]) for each in found}


def day_start_us(day: date) -> int:
    """When a day begins in Prague."""
    moment = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Prague"))
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def local_day(moment_us: int) -> int:
    """The day of a moment in Prague, from 1970."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment_us)
    return (moment.astimezone(ZoneInfo("Europe/Prague")).date() - date(1970, 1, 1)).days


def month_ends(last: date, count: int) -> list[tuple[str, int]]:
    """So many months before that of a day, with their last moments."""
    ends = []
    for back in range(count, 0, -1):
        number = last.year * 12 + last.month - 1 - back
        following = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
        ends.append((f"{number // 12:04}-{number % 12 + 1:02}", day_start_us(following) - 1))
    return ends
