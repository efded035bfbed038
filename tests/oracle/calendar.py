"""Civil dates the slow way: one instant at a time, with `zoneinfo` and `datetime`, for the oracle only.

Instants are microseconds since 1970-01-01T00:00:00Z. Years outside 1..9999, which `datetime` lacks, are
reached by moving whole Gregorian cycles of 400 years, in which weekdays and leap years repeat.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
CYCLE_YEARS = 400
CYCLE = 146_097 * DAY
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
EARLIEST_US = -62_135_596_800 * MICROSECONDS
LATEST_US = 253_402_300_800 * MICROSECONDS - 1


@cache
def time_zone(name: str) -> ZoneInfo:
    """The zone by the rules of the `tzdata` package, whatever database the machine has."""
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def instant(moment: dt.datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exactly."""
    return (moment - EPOCH) // dt.timedelta(microseconds=1)


def local_date(instant_us: int, zone: str) -> tuple[int, int, int]:
    """Year, month and day in the zone; the year may be 0 or 10,000 at the ends of the range."""
    cycles = _cycles_inward(instant_us)
    moved = EPOCH + dt.timedelta(microseconds=instant_us + cycles * CYCLE)
    local = moved.astimezone(time_zone(zone))
    return local.year - cycles * CYCLE_YEARS, local.month, local.day


def start_of_day(date: dt.date, zone: str) -> int:
    """The first instant of the date in the zone: midnight, or the end of the gap that swallows midnight."""
    midnight = dt.datetime.combine(date, dt.time(), tzinfo=time_zone(zone))
    before = midnight.replace(fold=0)
    back = before.astimezone(dt.UTC).astimezone(time_zone(zone))
    if back.replace(tzinfo=None) == before.replace(tzinfo=None):
        return instant(before)
    return _end_of_gap(date, zone)


def months_between(start_us: int, end_us: int, zone: str) -> int:
    """Complete months from one local date to another: `java.time.LocalDate.until(end, MONTHS)`."""
    return _truncated(_packed(local_date(end_us, zone)) - _packed(local_date(start_us, zone)), 32)


def years_between(start_us: int, end_us: int, zone: str) -> int:
    """Complete years from one local date to another: twelve complete months each."""
    return _truncated(months_between(start_us, end_us, zone), 12)


def days_between(start_us: int, end_us: int, zone: str) -> int:
    """Days from one local date to another, however long each was."""
    return _day_number(local_date(end_us, zone)) - _day_number(local_date(start_us, zone))


def _cycles_inward(instant_us: int) -> int:
    if instant_us > LATEST_US - 366 * DAY:
        return -1
    return 1 if instant_us < EARLIEST_US + 366 * DAY else 0


def _end_of_gap(date: dt.date, zone: str) -> int:
    """The first second whose local date is this one, found by halving between the noons around midnight."""
    noon = dt.datetime.combine(date, dt.time(12), tzinfo=time_zone(zone))
    before, after = instant(noon) // MICROSECONDS - 86_400, instant(noon) // MICROSECONDS
    while after - before > 1:
        middle = (before + after) // 2
        if local_date(middle * MICROSECONDS, zone) < (date.year, date.month, date.day):
            before = middle
        else:
            after = middle
    return after * MICROSECONDS


def _packed(date: tuple[int, int, int]) -> int:
    year, month, day = date
    return (year * 12 + month - 1) * 32 + day


def _day_number(date: tuple[int, int, int]) -> int:
    year, month, day = date
    return dt.date(year % CYCLE_YEARS + CYCLE_YEARS, month, day).toordinal() + year // CYCLE_YEARS * 146_097


def _truncated(dividend: int, divisor: int) -> int:
    return abs(dividend) // divisor * (1 if dividend >= 0 else -1)
