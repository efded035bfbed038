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
    """How facts are aggregated.

    `x` are the values of the facts that count and have the measure, `n` is their number. A value is unknown with fewer
    of them than the function needs or `min_count` asks for; where a filter, or the measure of a fact that counts, is
    unknown; where it does not fit 64 bits; and where the window's coverage is demanded and lacking. Sums of money are
    exact.
    """

    COUNT = "COUNT"
    """How many facts there are: INT64. Needs none."""
    SUM = "SUM"
    """The sum of x, of the measure's type. Of none it is 0."""
    MIN = "MIN"
    """The least x. Needs one; unknown with a NaN."""
    MAX = "MAX"
    """The greatest x. Needs one; unknown with a NaN."""
    AVERAGE = "AVERAGE"
    """sum(x) / n: of a DECIMAL a DECIMAL, rounded half to even, else a DOUBLE. Needs one."""
    MEDIAN = "MEDIAN"
    """The middle x, of an even number the mean of the middle two, typed as AVERAGE. Needs one; unknown with a NaN."""
    STANDARD_DEVIATION = "STANDARD_DEVIATION"
    """sqrt(sum((x - sum(x) / n) ** 2) / (n - 1)): DOUBLE, of a DECIMAL in major units. Needs two."""
    PERCENTILE = "PERCENTILE"
    """The ceil(p * n / 100)th x in order, at least the first (nearest rank). Needs one; unknown with a NaN."""
    DISTINCT_COUNT = "DISTINCT_COUNT"
    """How many distinct x there are: INT64. Needs none."""
    FIRST = "FIRST"
    """x of the first fact by time; of accounts by opening, those first whose opening is not known. Needs one."""
    LAST = "LAST"
    """x of the last fact by time, as FIRST. Needs one."""
    DAYS_SINCE = "DAYS_SINCE"
    """Days of the ledger's zone from that of the last fact to that of the moment: INT64. Needs one."""
    AVERAGE_DAILY_BALANCE = "AVERAGE_DAILY_BALANCE"
    """The mean over the window's known days of the accounts' balance at the end of each, half to even. Needs one.

    A day is known if at its end the balance of every account is: 0 before the day of opening and after that of closing,
    else that of the last fact, if there is one.
    """
    MONTHS_BELOW = "MONTHS_BELOW"
    """In how many months the balance was below the threshold at the end of a known day: INT64. Needs a known day."""
    TREND = "TREND"
    """The slope of the least-squares line through the months' sums, 0 of none: DOUBLE, of a DECIMAL in major units.

    Of m months with sums S it is 6 * sum((2 * i - (m - 1)) * S[i]) / (m * (m * m - 1)), i from 0.
    """
    RECURRING = "RECURRING"
    """The greatest amount of which there is a transaction with the same counterparty in every month. Of none: 0."""


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
    """The time of which facts count. `demand_coverage`: unknown unless the facts reach back to its start.

    Of balances at the ends of days: unless all its days are known.
    """

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
