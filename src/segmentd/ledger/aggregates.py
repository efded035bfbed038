"""What an aggregated attribute is computed from: which facts, what of them, how, and of which time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class Source(StrEnum):
    """The facts that are aggregated."""

    ACCOUNTS = "ACCOUNTS"
    TRANSACTIONS = "TRANSACTIONS"
    BALANCES = "BALANCES"
    ENGAGEMENTS = "ENGAGEMENTS"


@unique
class Function(StrEnum):
    """How facts are aggregated; `aggregate.proto` says what each means and when it is unknown."""

    COUNT = "COUNT"
    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    AVERAGE = "AVERAGE"
    MEDIAN = "MEDIAN"
    STANDARD_DEVIATION = "STANDARD_DEVIATION"
    PERCENTILE = "PERCENTILE"
    DISTINCT_COUNT = "DISTINCT_COUNT"
    FIRST = "FIRST"
    LAST = "LAST"
    DAYS_SINCE = "DAYS_SINCE"
    AVERAGE_DAILY_BALANCE = "AVERAGE_DAILY_BALANCE"
    MONTHS_BELOW = "MONTHS_BELOW"
    TREND = "TREND"
    RECURRING = "RECURRING"


@dataclass(frozen=True, slots=True)
class AllTime:
    """Everything up to the moment of evaluation."""


@dataclass(frozen=True, slots=True)
class TrailingSeconds:
    """So many seconds before the moment, up to it."""

    seconds: int


@dataclass(frozen=True, slots=True)
class TrailingDays:
    """So many days of the ledger's zone before the day of the moment, and that day up to the moment."""

    days: int


@dataclass(frozen=True, slots=True)
class CompleteMonths:
    """So many calendar months of the ledger's zone before the month of the moment."""

    months: int


@dataclass(frozen=True, slots=True)
class MonthToDate:
    """From the start of the month of the moment, up to it."""


@dataclass(frozen=True, slots=True)
class Between:
    """From a moment to before another, as far as they have passed: microseconds since 1970."""

    start_us: int
    end_us: int


Span = AllTime | TrailingSeconds | TrailingDays | CompleteMonths | MonthToDate | Between


@dataclass(frozen=True, slots=True)
class Window:
    """The time of which facts count. `demand_coverage`: unknown unless the facts reach back to its start."""

    span: Span = AllTime()
    demand_coverage: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A definition as `aggregate.proto` describes it.

    `filter` and `account_filter` are CEL, "" where everything counts. `measure` "" where the function takes none.
    `threshold_minor`: minor units of the ledger's currency. `min_count` 0: what the function needs at least. `roles`
    none: all.
    """

    source: Source
    function: Function
    measure: str = ""
    filter: str = ""
    account_filter: str = ""
    window: Window = Window()
    percentile_hundredths: int = 0
    threshold_minor: int = 0
    min_count: int = 0
    roles: tuple[str, ...] = ()
