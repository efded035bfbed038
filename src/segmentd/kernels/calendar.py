"""Calendar fields of a block's times: microseconds since 1970-01-01T00:00:00, local ones with the zone's offset.

Days become dates by the proleptic Gregorian calendar, counted from March 1st of year 0 in eras of 400 years
(Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
"""

from __future__ import annotations

from typing import Any

from segmentd.kernels import opcodes
from segmentd.kernels.arithmetic import truncated_quotient
from segmentd.kernels.compiler import inline_kernel

DAY_US = 86_400_000_000
CYCLE_US = 146_097 * DAY_US
"""400 Gregorian years, after which dates, weekdays and rules of daylight saving repeat."""


@inline_kernel
def local_times(values: Any, transitions: Any, offsets: Any, rows: int, out: Any) -> None:
    """Times plus the zone's offset at each.

    `offsets[i]` holds from `transitions[i]` to before `transitions[i + 1]`; the first transition is the least int64.
    Times past the last transition are moved back by whole 400-year cycles, of which the table covers at least one.
    """
    last = transitions[transitions.shape[0] - 1]
    for row in range(rows):
        at = values[row]
        if at > last:
            at = last - CYCLE_US + (at - last) % CYCLE_US
        low = 0
        high = transitions.shape[0]
        while high - low > 1:
            middle = (low + high) >> 1
            if transitions[middle] <= at:
                low = middle
            else:
                high = middle
        out[row] = values[row] + offsets[low]


@inline_kernel
def civil_date(days: int) -> tuple[int, int, int]:
    """Year, month 1..12 and day 1..31 of a day since 1970-01-01."""
    shifted = days + 719468
    era = shifted // 146097
    day_of_era = shifted - era * 146097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * from_march + 2) // 5 + 1
    month = from_march + 3 if from_march < 10 else from_march - 9
    year = year_of_era + era * 400
    return (year + 1 if month <= 2 else year), month, day


@inline_kernel
def days_before_year(year: int) -> int:
    """Days from 1970-01-01 to January 1st of a year."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400 - 719162


@inline_kernel
def calendar_field(field: int, local: int) -> int:
    """One field of a local time, counted as in CEL."""
    days = local // DAY_US
    in_day = local - days * DAY_US
    if field == opcodes.HOURS:
        return in_day // 3_600_000_000
    if field == opcodes.MINUTES:
        return in_day // 60_000_000 % 60
    if field == opcodes.SECONDS:
        return in_day // 1_000_000 % 60
    if field == opcodes.MILLISECONDS:
        return in_day // 1_000 % 1_000
    if field == opcodes.DAY_OF_WEEK:
        return (days + 4) % 7
    year, month, day = civil_date(days)
    if field == opcodes.YEAR:
        return year
    if field == opcodes.MONTH:
        return month - 1
    if field == opcodes.DAY_OF_MONTH:
        return day - 1
    return days - days_before_year(year)


@inline_kernel
def calendar_fields(field: int, local: Any, rows: int, out: Any) -> None:
    """One field of each local time."""
    for row in range(rows):
        out[row] = calendar_field(field, local[row])


@inline_kernel
def packed_months(local: int) -> int:
    """`(months since year 0) * 32 + day`: whole months between two dates are the truncated difference over 32."""
    year, month, day = civil_date(local // DAY_US)
    return (year * 12 + month - 1) * 32 + day


@inline_kernel
def months_between(start: Any, end: Any, rows: int, out: Any) -> None:
    """Complete months from each start's date to its end's, negative backwards, as `java.time` counts them."""
    for row in range(rows):
        out[row] = truncated_quotient(packed_months(end[row]) - packed_months(start[row]), 32)


@inline_kernel
def days_between(start: Any, end: Any, rows: int, out: Any) -> None:
    """Days from each start's date to its end's, negative backwards."""
    for row in range(rows):
        out[row] = end[row] // DAY_US - start[row] // DAY_US
