"""What a definition of an aggregate must obey by itself, whatever attributes the ledger has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.api.limits import check_length
from segmentd.ledger.aggregates import (
    Aggregate,
    AllTime,
    Between,
    CompleteMonths,
    Function,
    MonthToDate,
    Source,
    Span,
    TrailingDays,
    TrailingSeconds,
)
from segmentd.ledger.defaults import INT64_RANGE, TIMESTAMP_RANGE
from segmentd.schema import SELECTABLE, Subject

FIELD: Final = "attribute.aggregate"
"""Where an aggregate stands in a request."""

MAX_HUNDREDTHS: Final = 10_000
MAX_MONTHS: Final = 120
MAX_DAYS: Final = 36_500
MAX_SECONDS: Final = 3_153_600_000
"""100 years of 365 days, as `MAX_DAYS`."""
MAX_MIN_COUNT: Final = 1_000_000
MAX_ROLES: Final = 16
ROLE_LENGTH: Final = 64

TREND_MONTHS: Final = 2
"""A line goes through two points at least."""

AMOUNT: Final = "amount"
"""The only measure of RECURRING: what returns is a payment."""

WITHOUT_MEASURE: Final = frozenset(
    {Function.COUNT, Function.DAYS_SINCE, Function.AVERAGE_DAILY_BALANCE, Function.MONTHS_BELOW}
)
_OF_BALANCES: Final = (Source.TRANSACTIONS, Source.BALANCES)
_TIMED: Final = (Source.TRANSACTIONS, Source.BALANCES, Source.ENGAGEMENTS)
"""Sources whose facts have a time; that of an account is the day of its opening, which need not be known."""

SOURCES: Final[Mapping[Function, tuple[Source, ...]]] = {
    Function.DAYS_SINCE: _TIMED,
    Function.TREND: _TIMED,
    Function.AVERAGE_DAILY_BALANCE: _OF_BALANCES,
    Function.MONTHS_BELOW: _OF_BALANCES,
    Function.RECURRING: (Source.TRANSACTIONS,),
}
"""The sources of functions that do not take all of them."""

_BY_MONTH: Final = frozenset({Function.MONTHS_BELOW, Function.TREND, Function.RECURRING})
"""Functions that need a window of complete months."""


def check_aggregate(aggregate: Aggregate, subject: Subject) -> None:
    """Raise InvalidFieldError or FieldRequiredError, naming the field, unless a subject can be described so."""
    _check_source(aggregate, subject)
    _check_measure(aggregate)
    _check_window(aggregate)
    _check_numbers(aggregate)
    _check_accounts(aggregate, subject)


def _check_source(aggregate: Aggregate, subject: Subject) -> None:
    source, function = aggregate.source, aggregate.function
    if subject not in SELECTABLE:
        raise InvalidFieldError(
            FIELD, function, f"attributes of {subject}s are no aggregates; customers' and accounts' are"
        )
    if subject is Subject.ACCOUNT and source not in _OF_BALANCES:
        raise InvalidFieldError(f"{FIELD}.source", source, f"of an account it is {_any_of(_OF_BALANCES)}")
    allowed = SOURCES.get(function)
    if allowed is not None and source not in allowed:
        raise InvalidFieldError(f"{FIELD}.source", source, f"{function} takes {_any_of(allowed)}")


def _check_measure(aggregate: Aggregate) -> None:
    function, measure, field = aggregate.function, aggregate.measure, f"{FIELD}.measure"
    if function in WITHOUT_MEASURE:
        if measure:
            raise InvalidFieldError(field, measure, f"{function} takes no measure")
    elif not measure:
        raise FieldRequiredError(field, f"must be set: {function} needs a field of the facts, such as {AMOUNT}")
    elif function is Function.RECURRING and measure != AMOUNT:
        raise InvalidFieldError(field, measure, f"{function} takes {AMOUNT}")


def _check_window(aggregate: Aggregate) -> None:
    field, window, function = f"{FIELD}.window", aggregate.window, aggregate.function
    _check_span(window.span, field)
    name = span_name(window.span)
    if aggregate.source is Source.ACCOUNTS and not isinstance(window.span, AllTime):
        raise InvalidFieldError(field, name, "accounts have no window: they count as they are at the moment")
    if window.demand_coverage and isinstance(window.span, AllTime):
        raise InvalidFieldError(
            f"{field}.demand_coverage", value=True, allowed="all time has no start to reach back to"
        )
    if function not in _BY_MONTH:
        return
    if not isinstance(window.span, CompleteMonths):
        raise InvalidFieldError(field, name, f"{function} needs complete_months")
    if function is Function.TREND and window.span.months < TREND_MONTHS:
        allowed = f"{function} needs {TREND_MONTHS} to {MAX_MONTHS}"
        raise InvalidFieldError(f"{field}.complete_months", window.span.months, allowed)


def _check_span(span: Span, field: str) -> None:
    match span:
        case TrailingSeconds(seconds):
            _check_range(f"{field}.trailing_seconds", seconds, 1, MAX_SECONDS)
        case TrailingDays(days):
            _check_range(f"{field}.trailing_days", days, 1, MAX_DAYS)
        case CompleteMonths(months):
            _check_range(f"{field}.complete_months", months, 1, MAX_MONTHS)
        case Between(start_us, end_us):
            for name, moment in (("start_time", start_us), ("end_time", end_us)):
                if moment not in TIMESTAMP_RANGE:
                    raise InvalidFieldError(f"{field}.between.{name}", moment, "a moment from 0001 to 9999")
            if start_us >= end_us:
                raise InvalidFieldError(f"{field}.between.end_time", end_us, "it must be after start_time")


def span_name(span: Span) -> str:
    """A span as its field in `AggregateWindow` is called."""
    match span:
        case AllTime():
            return "all_time"
        case TrailingSeconds():
            return "trailing_seconds"
        case TrailingDays():
            return "trailing_days"
        case CompleteMonths():
            return "complete_months"
        case MonthToDate():
            return "month_to_date"
        case Between():
            return "between"


def _check_numbers(aggregate: Aggregate) -> None:
    function = aggregate.function
    _check_own(aggregate.percentile_hundredths, "percentile_hundredths", function, Function.PERCENTILE)
    _check_own(aggregate.threshold_minor, "threshold_minor", function, Function.MONTHS_BELOW)
    _check_range(f"{FIELD}.percentile_hundredths", aggregate.percentile_hundredths, 0, MAX_HUNDREDTHS)
    _check_range(f"{FIELD}.threshold_minor", aggregate.threshold_minor, INT64_RANGE[0], INT64_RANGE[-1])
    _check_range(f"{FIELD}.min_count", aggregate.min_count, 0, MAX_MIN_COUNT)


def _check_own(value: int, name: str, function: Function, owner: Function) -> None:
    if value and function is not owner:
        raise InvalidFieldError(f"{FIELD}.{name}", value, f"it is for {owner} alone, and the function is {function}")


def _check_accounts(aggregate: Aggregate, subject: Subject) -> None:
    """Which accounts count is said of facts on accounts, and by role of a customer's alone."""
    field, roles = f"{FIELD}.roles", aggregate.roles
    if aggregate.source is Source.ENGAGEMENTS and aggregate.account_filter:
        allowed = f"it is not for {aggregate.source}, which are on no account"
        raise InvalidFieldError(f"{FIELD}.account_filter", aggregate.account_filter, allowed)
    if not roles:
        return
    if subject is not Subject.CUSTOMER or aggregate.source is Source.ENGAGEMENTS:
        raise InvalidFieldError(field, roles[0], "roles choose among the accounts of a customer")
    if len(roles) > MAX_ROLES:
        raise InvalidFieldError(field, len(roles), f"at most {MAX_ROLES} roles")
    for index, role in enumerate(roles):
        if not role:
            raise FieldRequiredError(f"{field}[{index}]", "must be a role, such as OWNER")
        check_length(role, f"{field}[{index}]", ROLE_LENGTH)
        if role in roles[:index]:
            raise InvalidFieldError(f"{field}[{index}]", role, "each role may be named once")


def _check_range(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidFieldError(field, value, f"{least:,} to {most:,}")


def _any_of(sources: tuple[Source, ...]) -> str:
    return " or ".join(sources)
