"""Complete years, months and days between moments in a zone, and the first moment of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.language.calendar_functions import (
    days_between,
    local_day,
    months_between,
    start_of_day,
    years_between,
)

ZONES = ["UTC", "Europe/Prague", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo"]
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


def noon(day: date) -> datetime:
    """The middle of a day in UTC."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "years", "months", "days"),
    [
        ("2000-02-29", "2001-02-28", 0, 11, 365),
        ("2000-02-29", "2001-03-01", 1, 12, 366),
        ("2000-01-31", "2000-02-29", 0, 0, 29),
        ("2000-01-31", "2000-03-01", 0, 1, 30),
        ("1990-05-15", "2008-05-14", 17, 215, 6574),
        ("1990-05-15", "2008-05-15", 18, 216, 6575),
        ("2001-02-28", "2000-02-29", 0, -11, -365),
        ("2008-05-15", "1990-05-16", -17, -215, -6574),
        ("2020-06-01", "2020-06-01", 0, 0, 0),
    ],
)
def test_known_differences(start: str, end: str, years: int, months: int, days: int) -> None:
    """The differences are those that java.time's Period and ChronoUnit give."""
    left, right = noon(date.fromisoformat(start)), noon(date.fromisoformat(end))
    assert years_between(left, right, "UTC") == years
    assert months_between(left, right, "UTC") == months
    assert days_between(left, right, "UTC") == days


@given(start=DAYS, end=DAYS)
def test_months_by_counting(start: date, end: date) -> None:
    """Months are those of the calendar, less one where the day of the month has not been reached."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    if months < 0 and end.day > start.day:
        months += 1
    assert months_between(noon(start), noon(end), "UTC") == months
    assert years_between(noon(start), noon(end), "UTC") == int(months / 12)
    assert days_between(noon(start), noon(end), "UTC") == (end - start).days


@given(day=DAYS, zone=st.sampled_from(ZONES))
def test_start_of_day(day: date, zone: str) -> None:
    """A day starts at its first moment: that moment is in the day, and the microsecond before is not."""
    first = start_of_day(day.isoformat(), zone)
    number = (day - date(1970, 1, 1)).days
    before = local_day(first - timedelta(microseconds=1), zone)
    assert before < number
    # Two days of Samoa and Tokelau never were; such a day starts with the one after it.
    assert local_day(first, zone) == number or (zone == "Pacific/Apia" and day == date(2011, 12, 30))


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2020-07-01", "Europe/Prague", "2020-06-30T22:00:00+00:00"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),
        ("2020-01-01", "Asia/Kathmandu", "2019-12-31T18:15:00+00:00"),
        ("2010-10-31", "America/Havana", "2010-10-31T04:00:00+00:00"),
    ],
)
def test_known_starts(text: str, zone: str, moment: str) -> None:
    """Days that start with a clock change start at its moment: Brazil skipped that midnight."""
    assert start_of_day(text, zone).isoformat() == moment


@pytest.mark.parametrize(
    "text", ["2020-1-1", "20200101", "2020-01-01T00:00:00Z", "2020-13-01", "2021-02-29", " 2020-01-01", ""]
)
def test_no_dates(text: str) -> None:
    """Only YYYY-MM-DD of a day that there is."""
    with pytest.raises(ValueError, match=r"no date|out of range|must be in"):
        start_of_day(text, "UTC")


@pytest.mark.parametrize("zone", ZONES)
def test_the_ends_of_time(zone: str) -> None:
    """Local dates are known for the first and last moments too, where they lie outside of Python's years."""
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert local_day(first, zone) in (-719_163, -719_162)
    assert local_day(last, zone) in (2_932_896, 2_932_897)
    assert years_between(first, last, zone) in (9_998, 9_999)
