"""Calendar functions in the ledger's zone: complete years, months and days between two moments, and the start of a day.

Complete months follow `java.time.LocalDate.until`: dates are packed as `(year * 12 + month) * 32 + day`, and a month is
complete when the packed difference reaches 32.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from segmentd.moments import MICROSECOND, microseconds
from segmentd.time_zones import time_zone

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_DAY_US: Final = 86_400_000_000
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_EARLIEST: Final = datetime(1, 1, 3, tzinfo=UTC)
_LATEST: Final = datetime(9999, 12, 29, tzinfo=UTC)
"""Python cannot convert moments at the very ends to local time; the offset there is taken a day or two inwards."""


def years_between(start: datetime, end: datetime, zone: str) -> int:
    """Complete years from `start`'s local date to `end`'s; negative if `end` comes first."""
    return _truncated(months_between(start, end, zone), 12)


def months_between(start: datetime, end: datetime, zone: str) -> int:
    """Complete months from `start`'s local date to `end`'s; negative if `end` comes first."""
    return _truncated(_packed(local_day(end, zone)) - _packed(local_day(start, zone)), 32)


def days_between(start: datetime, end: datetime, zone: str) -> int:
    """Days from `start`'s local date to `end`'s; negative if `end` comes first."""
    return local_day(end, zone) - local_day(start, zone)


CALENDAR_FUNCTIONS: Final[dict[str, tuple[str, Callable[[datetime, datetime, str], int]]]] = {
    "years_between_timestamp_timestamp": ("yearsBetween", years_between),
    "months_between_timestamp_timestamp": ("monthsBetween", months_between),
    "days_between_timestamp_timestamp": ("daysBetween", days_between),
}
"""Overload id → name and implementation."""


def start_of_day(text: str, zone: str) -> datetime:
    """The first moment of a day `YYYY-MM-DD` in a zone. Raises ValueError unless the text is such a day."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is no date of the form YYYY-MM-DD")
    midnight = datetime.fromisoformat(text).replace(tzinfo=time_zone(zone))
    before, after = _offset_at(midnight), _offset_at(midnight.replace(fold=1))
    at_midnight = midnight.replace(tzinfo=UTC) - before
    return at_midnight if before >= after else _end_of_gap(midnight.replace(tzinfo=UTC) - after, at_midnight, zone)


def _end_of_gap(early: datetime, late: datetime, zone: str) -> datetime:
    """The second in which the clocks went forward over midnight: after `early`, at `late` or before it."""
    first = _offset_at(early.astimezone(time_zone(zone)))
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        changed = _offset_at(middle.astimezone(time_zone(zone))) != first
        early, late = (early, middle) if changed else (middle, late)
    return late


def local_day(moment: datetime, zone: str) -> int:
    """The local date of a moment, as days since 1970-01-01."""
    clamped = min(max(moment, _EARLIEST), _LATEST)
    offset = _offset_at(clamped.astimezone(time_zone(zone)))
    return (microseconds(moment) + offset // MICROSECOND) // _DAY_US


def _offset_at(local: datetime) -> timedelta:
    zone: tzinfo | None = local.tzinfo
    offset = zone.utcoffset(local) if zone else None
    return offset if offset is not None else timedelta(0)


def _packed(day: int) -> int:
    year, month, day_of_month = _civil(day)
    return (year * 12 + month - 1) * 32 + day_of_month


def _civil(day: int) -> tuple[int, int, int]:
    """Year, month and day; eras of 400 years repeat, for a zone's offset can lead out of Python's years."""
    era, rest = divmod(day + _EPOCH_ORDINAL - 1, 146_097)
    shifted = date.fromordinal(rest + 1)
    return shifted.year + 400 * era, shifted.month, shifted.day


def _truncated(dividend: int, divisor: int) -> int:
    """The quotient towards zero, as processors and Java divide."""
    quotient = abs(dividend) // divisor
    return quotient if dividend >= 0 else -quotient
