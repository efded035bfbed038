"""Timestamps, durations and dates at the ends of their ranges and around changes of the clock."""

from __future__ import annotations

import datetime as dt

import pytest

from segmentd.engine import Engine
from segmentd.schema import DATE, TIMESTAMP, AttributeSpec, Schema, Subject
from tests.oracle.calendar import EARLIEST_US, LATEST_US, instant, start_of_day
from tests.oracle.evaluator import UNKNOWN
from tests.oracle.judge import Judge

SECOND = 1_000_000
YEAR_292 = 9_223_372_036_854_775
"""The largest whole microseconds in the int64 nanoseconds that CEL keeps a duration in."""


def utc(*parts: int) -> int:
    """The instant of a date and time in UTC."""
    return instant(dt.datetime(*parts, tzinfo=dt.UTC))  # type: ignore[arg-type,misc]


def moments(engine: Engine, *values: int | None, zone: str = "Europe/Prague", now_us: int = 0) -> Judge:
    """A judge over rows whose timestamp `t` has these values."""
    schema = Schema(Subject.CUSTOMER, (AttributeSpec("t", TIMESTAMP),), zone)
    return Judge(engine, schema, [{"t": value} for value in values], now_us)


def days(engine: Engine, *values: dt.date | None, zone: str = "Europe/Prague") -> Judge:
    """A judge over rows whose date `d` has these values."""
    schema = Schema(Subject.CUSTOMER, (AttributeSpec("d", DATE),), zone)
    return Judge(engine, schema, [{"d": None if value is None else start_of_day(value, zone)} for value in values])


def test_sums_stay_within_the_years(engine: Engine) -> None:
    """A timestamp moved out of the years 1 to 9999 is unknown; the ends themselves are not."""
    judge = moments(engine, EARLIEST_US, LATEST_US, 0, None)
    assert judge.values('customer.t + duration("-1s")') == [UNKNOWN, LATEST_US - SECOND, -SECOND, UNKNOWN]
    assert judge.values('customer.t - duration("-0.000001s")') == [EARLIEST_US + 1, UNKNOWN, 1, UNKNOWN]
    for unmoved in ('customer.t + duration("0s")', 'duration("0s") + customer.t', 'customer.t - duration("0s")'):
        assert judge.values(unmoved) == [EARLIEST_US, LATEST_US, 0, UNKNOWN]
    for beyond in ('customer.t + duration("0.000001s")', 'duration("0.000001s") + customer.t'):
        assert judge.values(beyond) == [EARLIEST_US + 1, UNKNOWN, 1, UNKNOWN]
    assert judge.values('customer.t - duration("0.000001s")') == [UNKNOWN, LATEST_US - 1, -1, UNKNOWN]


def test_differences_stay_within_a_duration(engine: Engine) -> None:
    """A difference of more than 292 years, which int64 nanoseconds cannot hold, is unknown.

    The official runtime multiplies the difference of the seconds, rounded down, before it adds what is beyond
    them: backwards from the start of a second it fails up to a second earlier than forwards.
    """
    back = -9_223_372_036_000_000
    judge = moments(engine, YEAR_292, YEAR_292 + 1, back, back - 1, 0, None)
    epoch = 'timestamp("1970-01-01T00:00:00Z")'
    assert judge.verdicts(f'customer.t - {epoch} >= duration("0s")') == [True, None, False, None, True, None]
    assert judge.verdicts(f"customer.t - {epoch} == customer.t - {epoch}") == [True, None, True, None, True, None]
    assert judge.verdicts(f'(customer.t - {epoch}) + duration("1s") > duration("0s")')[0] is None
    later = 'timestamp("1970-01-01T00:00:00.999999Z")'
    assert judge.verdicts(f'{later} - customer.t > duration("0s")') == [False, False, None, None, True, None]


def test_now_is_an_instant_of_the_request(engine: Engine) -> None:
    """`now` takes part in comparison and arithmetic as any timestamp."""
    now = utc(2025, 6, 15, 12)
    judge = moments(engine, now, now - 1, now + 1, None, now_us=now)
    assert judge.verdicts("customer.t < now") == [False, True, False, None]
    assert judge.verdicts("customer.t <= now") == [True, True, False, None]
    assert judge.verdicts('now - duration("1h") < customer.t') == [True, True, True, None]
    assert judge.verdicts("now.getFullYear() == 2025") == [True] * 4


def test_seconds_round_down(engine: Engine) -> None:
    """`int()` of a timestamp before 1970 is the second that contains it; milliseconds count up within it."""
    judge = moments(engine, -1, -SECOND, SECOND - 1, None)
    assert judge.values("int(customer.t)") == [-1, -1, 0, UNKNOWN]
    assert judge.values("customer.t.getMilliseconds()") == [999, 0, 999, UNKNOWN]
    assert judge.values("customer.t.getSeconds()") == [59, 59, 0, UNKNOWN]


def test_getters_in_utc_and_in_a_zone(engine: Engine) -> None:
    """A getter of a timestamp counts in UTC unless it names a zone."""
    judge = moments(engine, utc(2024, 12, 31, 23, 30))
    assert judge.values("customer.t.getFullYear()") == [2024]
    assert judge.values('customer.t.getFullYear("Europe/Prague")') == [2025]
    assert judge.values('customer.t.getMonth("Europe/Prague")') == [0]
    assert judge.values("customer.t.getDayOfYear()") == [365]
    assert judge.values('customer.t.getDate("Asia/Kathmandu")') == [1]
    assert judge.values('customer.t.getMinutes("Asia/Kathmandu")') == [15]
    assert judge.values('customer.t.getHours("America/New_York")') == [18]
    assert judge.values('customer.t.getDayOfWeek("+05:30")') == [3]


def test_getters_beyond_the_years(engine: Engine) -> None:
    """At the ends of the range a zone leads into year 0 and into year 10,000."""
    judge = moments(engine, EARLIEST_US, LATEST_US)
    assert judge.values('customer.t.getFullYear("America/New_York")') == [0, 9999]
    assert judge.values('customer.t.getFullYear("Asia/Kathmandu")') == [1, 10_000]
    assert judge.values('customer.t.getDayOfYear("Asia/Kathmandu")') == [0, 0]


def test_the_clock_changes(engine: Engine) -> None:
    """Around both changes of the clock each instant has the offset of its side."""
    spring, autumn = utc(2020, 3, 29, 1), utc(2020, 10, 25, 1)
    judge = moments(engine, spring - 1, spring, autumn - 1, autumn)
    assert judge.values('customer.t.getHours("Europe/Prague")') == [1, 3, 2, 2]


def test_dates_are_local_days(engine: Engine) -> None:
    """A date is the start of its day in the ledger's zone, and its getters count there."""
    judge = days(engine, dt.date(2020, 3, 29), dt.date(2020, 3, 30), None)
    assert judge.values("customer.d") == [utc(2020, 3, 28, 23), utc(2020, 3, 29, 22), None]
    assert judge.values("customer.d.getDate()") == [29, 30, UNKNOWN]
    assert judge.values('customer.d.getDate("UTC")') == [28, 29, UNKNOWN]
    assert judge.values("customer.d.getHours()") == [0, 0, UNKNOWN]
    assert judge.verdicts('customer.d == date("2020-03-29")') == [True, False, False]
    assert judge.verdicts('customer.d < timestamp("2020-03-29T00:00:00Z")') == [True, False, None]
    assert judge.values('(customer.d == null ? date("2020-03-29") : customer.d).getDate()') == [29, 30, 29]


@pytest.mark.parametrize(
    ("zone", "day", "starts"),
    [
        ("America/Sao_Paulo", dt.date(2018, 11, 4), (2018, 11, 4, 3)),  # midnight is skipped: the day starts at 1:00
        ("America/Toronto", dt.date(1919, 3, 31), (1919, 3, 31, 4, 30)),  # from 23:30 to 0:30
        ("Asia/Kathmandu", dt.date(2020, 1, 1), (2019, 12, 31, 18, 15)),
        ("America/New_York", dt.date(2020, 11, 1), (2020, 11, 1, 4)),
        ("America/Havana", dt.date(2020, 11, 1), (2020, 11, 1, 4)),  # midnight comes twice: the first counts
    ],
)
def test_days_start_where_the_clock_says(engine: Engine, zone: str, day: dt.date, starts: tuple[int, ...]) -> None:
    """A day starts at its first instant, also where midnight is skipped or comes twice; in columns and in literals."""
    judge = days(engine, day, zone=zone)
    assert judge.values("customer.d") == [utc(*starts)]
    assert judge.verdicts(f'customer.d == date("{day}")') == [True]


def test_complete_years_and_months(engine: Engine) -> None:
    """A year or month is complete on its day, and counts downwards when the second date comes first."""
    judge = days(engine, dt.date(2024, 2, 29), dt.date(2025, 2, 28), dt.date(2025, 1, 31), dt.date(2025, 3, 1), None)
    assert judge.values('yearsBetween(customer.d, date("2025-02-28"))') == [0, 0, 0, 0, UNKNOWN]
    assert judge.values('yearsBetween(customer.d, date("2025-03-01"))') == [1, 0, 0, 0, UNKNOWN]
    assert judge.values('monthsBetween(customer.d, date("2025-02-28"))') == [11, 0, 0, 0, UNKNOWN]
    assert judge.values('monthsBetween(customer.d, date("2025-03-31"))') == [13, 1, 2, 0, UNKNOWN]
    assert judge.values('monthsBetween(date("2025-03-31"), customer.d)') == [-13, -1, -2, 0, UNKNOWN]
    assert judge.values('daysBetween(customer.d, date("2025-03-01"))') == [366, 1, 29, 0, UNKNOWN]


def test_local_dates_decide_between(engine: Engine) -> None:
    """Days are counted between local dates: an hour before and after local midnight are a day apart."""
    judge = moments(engine, utc(2025, 6, 14, 21, 59), utc(2025, 6, 14, 22, 1))
    assert judge.values('daysBetween(customer.t, timestamp("2025-06-15T12:00:00Z"))') == [1, 0]


def test_calendar_functions_span_the_range(engine: Engine) -> None:
    """From the first to the last instant are 9,998 complete years and 3,652,058 days, and local ones in a zone."""
    judge = moments(engine, EARLIEST_US, LATEST_US, zone="UTC")
    assert judge.values("yearsBetween(customer.t, timestamp(253402300799))") == [9_998, 0]
    assert judge.values("daysBetween(customer.t, timestamp(253402300799))") == [3_652_058, 0]
    east = moments(engine, EARLIEST_US, LATEST_US, zone="Asia/Kathmandu")
    assert east.values("daysBetween(customer.t, timestamp(253402300799))") == [3_652_059, 0]


def test_seconds_become_timestamps(engine: Engine) -> None:
    """`timestamp(int)` outside of the years 1 to 9999 is unknown."""
    judge = moments(engine, EARLIEST_US, LATEST_US, 0)
    assert judge.values("timestamp(int(customer.t) + 1)") == [EARLIEST_US + SECOND, UNKNOWN, SECOND]
    assert judge.values("timestamp(int(customer.t) - 1)") == [UNKNOWN, LATEST_US - LATEST_US % SECOND - SECOND, -SECOND]


def test_duration_getters_go_towards_zero(engine: Engine) -> None:
    """Hours, minutes and seconds of a duration are totals, cut towards zero; milliseconds are of its second."""
    judge = moments(engine, -5_400_500_000, 5_400_500_000)
    since = '(customer.t - timestamp("1970-01-01T00:00:00Z"))'
    assert judge.values(f"{since}.getHours()") == [-1, 1]
    assert judge.values(f"{since}.getMinutes()") == [-90, 90]
    assert judge.values(f"{since}.getSeconds()") == [-5400, 5400]
    assert judge.values(f"{since}.getMilliseconds()") == [-500, 500]
