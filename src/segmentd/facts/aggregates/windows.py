"""Windows of aggregates as moments: where one begins and ends, its days, its months, and when it will be another.

Days and months are those of the ledger's time zone. A fact counts if its time is at `from_us` or later and before
`to_us`; facts of the very moment of evaluation count, so a window up to the moment ends one microsecond after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from segmentd.columns.zones import DAY_US, SECOND_US, start_of_days, utc_offsets
from segmentd.engine.facts.aggregates_ranges import LEAST, NEVER, Integers
from segmentd.ledger.aggregates import (
    AllTime,
    Between,
    CompleteMonths,
    MonthToDate,
    Span,
    TrailingDays,
    TrailingSeconds,
)

_EPOCH: Final = date(1970, 1, 1)
_FIRST_DAY: Final = date.min.toordinal() - _EPOCH.toordinal() + 1
_FIRST_MONTH: Final = 12


@dataclass(frozen=True, slots=True)
class Bounds:
    """A window from a moment to before another; `from_us` LEAST: from the start of all time."""

    from_us: int
    to_us: int


@dataclass(frozen=True, slots=True, eq=False)
class DayGrid:
    """The days of a window: the end of each, no later than the window's, and its month, counted from the first.

    `from_us`: where the first day begins.
    """

    closings: Integers
    months: Integers
    from_us: int


@lru_cache(maxsize=1024)
def bounds_of(span: Span, now_us: int, zone: str) -> Bounds:
    """The window of a span as of a moment."""
    end = now_us + 1
    match span:
        case AllTime():
            return Bounds(LEAST, end)
        case TrailingSeconds(seconds):
            return Bounds(now_us - seconds * SECOND_US, end)
        case TrailingDays(days):
            return Bounds(day_start(local_day(now_us, zone) - days, zone), end)
        case CompleteMonths(months):
            starts = month_starts(months, now_us, zone)
            return Bounds(int(starts[0]), int(starts[-1]))
        case MonthToDate():
            return Bounds(int(month_starts(1, now_us, zone)[-1]), end)
        case Between(start_us, end_us):
            return Bounds(start_us, min(end_us, end))


def local_day(moment_us: int, zone: str) -> int:
    """The day of a moment, in days since 1970-01-01."""
    return int(local_days(np.array([moment_us], np.int64), zone)[0])


def local_days(moments: Integers, zone: str) -> Integers:
    """The days of moments, in days since 1970-01-01."""
    days: Integers = (moments + utc_offsets(moments, zone)) // DAY_US
    return days


def day_start(day: int, zone: str) -> int:
    """The first moment of a day, given in days since 1970-01-01; the first day that is, for an earlier one."""
    return int(start_of_days(np.array([max(day, _FIRST_DAY)], np.int64), zone)[0])


def month_starts(months: int, now_us: int, zone: str) -> Integers:
    """The first moments of so many months before that of the moment, and of that one."""
    today = _EPOCH + timedelta(local_day(now_us, zone))
    last = today.year * 12 + today.month - 1
    firsts = [divmod(max(month, _FIRST_MONTH), 12) for month in range(last - months, last + 1)]
    days = [(date(year, month + 1, 1) - _EPOCH).days for year, month in firsts]
    return start_of_days(np.array(days, np.int64), zone)


def day_grid(bounds: Bounds, zone: str) -> DayGrid:
    """The days of a window that has a beginning; none where it is empty."""
    if bounds.from_us >= bounds.to_us:
        none = np.zeros(0, np.int64)
        return DayGrid(none, none, bounds.from_us)
    first, last = local_day(bounds.from_us, zone), local_day(bounds.to_us - 1, zone)
    days = np.arange(first, last + 1, dtype=np.int64)
    closings = np.minimum(start_of_days(days + 1, zone), bounds.to_us)
    months = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
    return DayGrid(closings, months - months[0], day_start(first, zone))


def entering_us(span: Span) -> int:
    """Facts of times before this come into the window as time passes, whatever else changes."""
    match span:
        case CompleteMonths():
            return LEAST
        case Between():
            return span.end_us
        case _:
            return NEVER


def sliding_us(span: Span) -> int:
    """How long facts stay in a window that slides, -1 where they leave it at turns only."""
    return span.seconds * SECOND_US if isinstance(span, TrailingSeconds) else -1


@lru_cache(maxsize=1024)
def next_turn(span: Span, now_us: int, zone: str, *, by_day: bool) -> int:
    """The moment from which the window is another for everybody, beside facts that come and go; NEVER where it stays.

    `by_day`: what is computed depends on the days of the window or on that of the moment.
    """
    turns = [NEVER]
    if by_day or isinstance(span, TrailingDays):
        turns.append(_next_day(now_us, zone))
    if isinstance(span, CompleteMonths | MonthToDate):
        turns.append(_next_month(now_us, zone))
    if isinstance(span, TrailingSeconds) and by_day:
        length = span.seconds * SECOND_US
        start = now_us - length
        at_start = day_start(local_day(start, zone), zone) == start
        turns.append(now_us + 1 if at_start else _next_day(start, zone) + length)
    if isinstance(span, Between) and by_day and now_us < span.start_us:
        turns.append(span.start_us)
    return min(turns)


def _next_day(moment_us: int, zone: str) -> int:
    return day_start(local_day(moment_us, zone) + 1, zone)


def _next_month(moment_us: int, zone: str) -> int:
    today = _EPOCH + timedelta(local_day(moment_us, zone))
    following = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    return day_start((following - _EPOCH).days, zone)
