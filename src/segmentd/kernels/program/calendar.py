"""Calendar fields of a block's times: microseconds since 1970-01-01T00:00:00, local ones with the zone's offset.

Days become dates by the proleptic Gregorian calendar, counted from March 1st of year 0 in cycles of 400 years, with the
divisions of Cassio Neri and Lorenz Schneider ("Euclidean Affine Functions and their Application to Calendar
Algorithms", 2023). All of it is shifts and products of integers below 2^32 and one product of doubles, without a
branch, so that LLVM turns every loop here into vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel
from segmentd.kernels.program import opcodes

DAY_US = 86_400_000_000
CYCLE_US = 146_097 * DAY_US
"""400 Gregorian years, after which dates, weekdays and rules of daylight saving repeat."""

GRID_BASE = 0
GRID_SHIFT = 1
GRID_LAST = 2
GRID_HEADER = 3
"""Elements of a zone's grid before its moments."""

_DAY_SHIFT = 13
_DAY_PARTS = DAY_US >> _DAY_SHIFT
_BIAS_CYCLES = 1000
"""More 400-year cycles than lie between any int64 of microseconds and 1970: makes days positive."""
_MARCH_OF_YEAR_0 = 719_468
_JANUARY = 306
"""The day of the year, counted from March 1st, that is January 1st."""
_LOW = 0xFFFFFFFF


@inline_kernel
def local_times(values: Any, grid: Any, offsets: Any, rows: int, out: Any) -> None:
    """Times plus the zone's offset at each.

    The grid's cells are `1 << grid[GRID_SHIFT]` microseconds each, from `grid[GRID_BASE]`, at most 0, on; the zone
    changes at most once in each: at the cell's moment, from the cell's offset to that of the next. Earlier times are
    as those of the first cell. Times past `grid[GRID_LAST]` are moved back by whole 400-year cycles, of which the grid
    covers at least one.
    """
    last = grid[GRID_LAST]
    for word in range(rows >> 6):
        late = np.uint64(0)
        for lane in range(64):
            row = word * 64 + lane
            at = values[row]
            late |= np.uint64(at > last) << np.uint64(lane)
            out[row] = at + offset_at(min(at, last), grid, offsets)
        if late:
            for lane in range(64):
                row = word * 64 + lane
                at = values[row]
                if at > last:
                    out[row] = at + offset_at(last - CYCLE_US + (at - last) % CYCLE_US, grid, offsets)


@inline_kernel
def offset_at(at: int, grid: Any, offsets: Any) -> Any:
    """A zone's offset at a time up to the grid's last."""
    cell = max((at - grid[GRID_BASE]) >> grid[GRID_SHIFT], 0)
    return offsets[cell + (at >= grid[GRID_HEADER + cell])]


@inline_kernel
def divided(number: int, divisor: int, shift: int) -> int:
    """`number // divisor` of a number from 0 to below 2^32, by a product and a shift.

    Exact where `number * divisor < 1 << shift` and the factor is below 2^32.
    """
    return ((number & _LOW) * ((1 << shift) // divisor + 1)) >> shift


@inline_kernel
def day_of(local: int) -> Any:
    """Days since 1970-01-01 of any int64, rounded down.

    A day is 2^13 times 10,546,875, so 51 bits are left to be divided, which a double holds exactly, and half a unit
    more. That quotient is at least 4.7e-8 away from every integer, and the product below at most 2.4e-8 from it.
    """
    return np.int64(np.floor((np.float64(local >> _DAY_SHIFT) + 0.5) * (1.0 / _DAY_PARTS)))


@inline_kernel
def march_year(days: int) -> tuple[int, int, int]:
    """Century since year 0, year of the century, day of the year of a day since 1970-01-01; years begin in March."""
    quarters = 4 * (days + (_MARCH_OF_YEAR_0 + 146_097 * _BIAS_CYCLES)) + 3
    century = divided(quarters, 146_097, 48)
    in_century = (quarters - century * 146_097) | 3
    year = divided(in_century, 1_461, 32)
    return century - 4 * _BIAS_CYCLES, year, (in_century - year * 1_461) >> 2


@inline_kernel
def civil_date(days: int) -> tuple[Any, Any, int]:
    """Year, month 1..12 and day 1..31 of a day since 1970-01-01."""
    century, year, day_of_year = march_year(days)
    in_new_year = np.int64(day_of_year >= _JANUARY)
    months = 2_141 * day_of_year + 197_913
    month = (months >> 16) - 12 * in_new_year
    return century * 100 + year + in_new_year, month, divided(months & 0xFFFF, 2_141, 32) + 1


@inline_kernel
def year_of(local: int) -> Any:
    """The year."""
    return civil_date(day_of(local))[0]


@inline_kernel
def month_of(local: int) -> Any:
    """The month, 0 to 11."""
    return civil_date(day_of(local))[1] - 1


@inline_kernel
def day_of_month_of(local: int) -> Any:
    """The day of the month, from 0."""
    return civil_date(day_of(local))[2] - 1


@inline_kernel
def day_of_week_of(local: int) -> Any:
    """The day of the week; 0 is Sunday."""
    days = day_of(local) + (4 + 7 * 20_000_000)
    return days - 7 * divided(days, 7, 32)


@inline_kernel
def day_of_year_of(local: int) -> Any:
    """The day of the year, from 0."""
    century, year, from_march = march_year(day_of(local))
    leap = np.int64((year & 3 == 0) & ((year != 0) | (century & 3 == 0)))
    return from_march - _JANUARY if from_march >= _JANUARY else from_march + 59 + leap


@inline_kernel
def in_day(local: int) -> Any:
    """Microseconds since midnight."""
    return local - day_of(local) * DAY_US


@inline_kernel
def hour_of(local: int) -> int:
    """The hour."""
    return divided(in_day(local) >> 10, 3_600_000_000 >> 10, 50)


@inline_kernel
def minute_of(local: int) -> int:
    """The minute of the hour."""
    minutes = divided(in_day(local) >> 8, 60_000_000 >> 8, 47)
    return minutes - 60 * divided(minutes, 60, 32)


@inline_kernel
def second_of_day(time: int) -> int:
    """The second of microseconds since midnight."""
    return divided(time >> 6, 1_000_000 >> 6, 45)


@inline_kernel
def second_of(local: int) -> int:
    """The second of the minute."""
    seconds = second_of_day(in_day(local))
    return seconds - 60 * divided(seconds, 60, 32)


@inline_kernel
def millisecond_of(local: int) -> int:
    """The millisecond of the second."""
    time = in_day(local)
    return divided(time - 1_000_000 * second_of_day(time), 1_000, 32)


@inline_kernel
def calendar_fields(field: int, local: Any, rows: int, out: Any) -> None:
    """One field of each local time, counted as in CEL. A loop a field: what a loop decides for itself is no vector."""
    if field == opcodes.YEAR:
        for row in range(rows):
            out[row] = year_of(local[row])
    elif field == opcodes.MONTH:
        for row in range(rows):
            out[row] = month_of(local[row])
    elif field == opcodes.DAY_OF_MONTH:
        for row in range(rows):
            out[row] = day_of_month_of(local[row])
    elif field == opcodes.DAY_OF_WEEK:
        for row in range(rows):
            out[row] = day_of_week_of(local[row])
    elif field == opcodes.DAY_OF_YEAR:
        for row in range(rows):
            out[row] = day_of_year_of(local[row])
    elif field == opcodes.HOURS:
        for row in range(rows):
            out[row] = hour_of(local[row])
    elif field == opcodes.MINUTES:
        for row in range(rows):
            out[row] = minute_of(local[row])
    elif field == opcodes.SECONDS:
        for row in range(rows):
            out[row] = second_of(local[row])
    else:
        for row in range(rows):
            out[row] = millisecond_of(local[row])


@inline_kernel
def packed_months(local: int) -> Any:
    """`(months since year 0) * 32 + day`: whole months between two dates are the truncated difference over 32."""
    year, month, day = civil_date(day_of(local))
    return (year * 12 + month - 1) * 32 + day


@inline_kernel
def months_between(start: Any, end: Any, rows: int, out: Any) -> None:
    """Complete months from each start's date to its end's, negative backwards, as `java.time` counts them."""
    for row in range(rows):
        difference = packed_months(end[row]) - packed_months(start[row])
        out[row] = (difference + ((difference >> 63) & 31)) >> 5


@inline_kernel
def days_between(start: Any, end: Any, rows: int, out: Any) -> None:
    """Days from each start's date to its end's, negative backwards."""
    for row in range(rows):
        out[row] = day_of(end[row]) - day_of(start[row])
