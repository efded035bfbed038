"""Balances at the ends of days: an account's is that of its last fact before the day's end.

`closings[days]`: the ends of the days of a window, ascending. Work is done by the stretches of days between two facts.
"""

from __future__ import annotations

from typing import Any

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.facts.aggregates_ranges import LEAST
from segmentd.kernels.facts.aggregates_rows import counts_row, first_kept, is_set
from segmentd.kernels.facts.aggregates_sums import LOW

DAY_US = 86_400_000_000

CELL_SHIFT = 35
"""Cells of 2^35 microseconds, 9.5 hours: shorter than any day."""
TURN, BEFORE, AFTER = 0, 1, 2
"""Columns of `cells[cells + 1, 3]`: the end of a day in the cell, and the numbers of the days before and after it.

The first row's TURN is where the first cell begins. An end that coincides with the window's is left out.
"""


@inline_kernel
def day_at(closings: Any, moment: int) -> Any:
    """The number of the first day that ends after the moment: the day in which it lies, or 0, or the number of days."""
    days = closings.shape[0]
    if days == 0 or moment < closings[0]:
        return 0
    if moment >= closings[days - 1]:
        return days
    day = min((moment - closings[0]) // DAY_US + 1, days - 1)
    while closings[day] <= moment:
        day += 1
    while closings[day - 1] > moment:
        day -= 1
    return day


@inline_kernel
def day_of_fact(cells: Any, closings: Any, moment: int) -> Any:
    """What `day_at` gives of a moment in the window: at most one day ends in a cell, so there is nothing to search."""
    cell = (moment - cells[0, TURN]) >> CELL_SHIFT
    return cells[cell + 1, BEFORE] if moment < cells[cell + 1, TURN] else cells[cell + 1, AFTER]


@inline_kernel
def day_after(closings: Any, from_us: int, moment: int) -> Any:
    """The number of the first day that begins after the day of a moment; all days, where that is not known."""
    if moment == LEAST:
        return closings.shape[0]
    if moment < from_us:
        return 0
    return min(day_at(closings, moment) + 1, closings.shape[0])


@inline_kernel
def last_before(kept: Any, poison: Any, begin: int, start: int) -> int:
    """The last row before `start` that counts, -1 where there is none, -2 where it is not known which that is."""
    for row in range(start - 1, begin - 1, -1):
        if poison.shape[0] and is_set(poison, row):
            return -2
        if counts_row(kept, row):
            return row
    return -1


@inline_kernel
def first_day(kept: Any, cells: Any, closings: Any, times: Any, before: int, start: int, stop: int) -> Any:
    """The number of the first day at whose end there has been a fact."""
    if before >= 0:
        return 0
    row = first_kept(kept, start, stop)
    return day_of_fact(cells, closings, times[row]) if row < stop else closings.shape[0]


@kernel
def sum_daily_balances(
    offsets: Any,
    starts: Any,
    stops: Any,
    kept: Any,
    poison: Any,
    places: Any,
    item_offsets: Any,
    times: Any,
    values: Any,
    opened: Any,
    closed: Any,
    closings: Any,
    cells: Any,
    from_us: int,
    demand: Any,
    first: int,
    last: int,
    high: Any,
    low: Any,
    days: Any,
    unknown: Any,
) -> None:
    """The sum over the days of the sum of each owner's balances, and the number of days since the first fact.

    `opened` and `closed`, by pair, are starts of days, LEAST where they are not known. `from_us`: where the first day
    begins. The sum is `high * 2^32 + low`. With `demand`, an owner is unknown where a day since an opening has no fact
    before its end.
    """
    total_days = closings.shape[0]
    for owner in range(first, last):
        above, below, uncovered = 0, 0, total_days
        for pair in range(offsets[owner], offsets[owner + 1]):
            start, stop = starts[pair], stops[pair]
            before = last_before(kept, poison, item_offsets[places[pair]], start)
            if before == -2:
                unknown[owner] = 1
            end = day_after(closings, from_us, closed[pair])
            begins = first_day(kept, cells, closings, times, before, start, stop)
            uncovered = min(uncovered, begins)
            if demand and day_at(closings, opened[pair]) < min(begins, end):
                unknown[owner] = 1
            balance = values[before] if before >= 0 else 0
            day = 0
            for row in range(start, stop):
                if counts_row(kept, row):
                    until = min(day_of_fact(cells, closings, times[row]), end)
                    above += (balance >> 32) * (until - day)
                    below += (balance & LOW) * (until - day)
                    day = until
                    balance = values[row]
            if day < end:
                above += (balance >> 32) * (end - day)
                below += (balance & LOW) * (end - day)
        high[owner] = above + (below >> 32)
        low[owner] = below & LOW
        days[owner] = total_days - uncovered


@kernel
def count_months_below(
    offsets: Any,
    starts: Any,
    stops: Any,
    kept: Any,
    poison: Any,
    places: Any,
    item_offsets: Any,
    times: Any,
    values: Any,
    opened: Any,
    closed: Any,
    closings: Any,
    cells: Any,
    months: Any,
    from_us: int,
    demand: Any,
    threshold: int,
    first: int,
    last: int,
    cursors: Any,
    balances: Any,
    ends: Any,
    counts: Any,
    days: Any,
    unknown: Any,
) -> None:
    """In how many months the sum of each owner's balances was below the threshold on a day; `days` as of the sums.

    `months[days]`: the month of each day, ascending. An owner is unknown too where a sum of balances does not fit 64
    bit. `cursors`, `balances` and `ends`: room for an owner's pairs.
    """
    total_days = closings.shape[0]
    for owner in range(first, last):
        begin, pairs = offsets[owner], offsets[owner + 1] - offsets[owner]
        total, uncovered = 0, total_days
        for pair in range(pairs):
            start, stop = starts[begin + pair], stops[begin + pair]
            before = last_before(kept, poison, item_offsets[places[begin + pair]], start)
            if before == -2:
                unknown[owner] = 1
            end = day_after(closings, from_us, closed[begin + pair])
            begins = first_day(kept, cells, closings, times, before, start, stop)
            uncovered = min(uncovered, begins)
            if demand and day_at(closings, opened[begin + pair]) < min(begins, end):
                unknown[owner] = 1
            balance = values[before] if before >= 0 and end > 0 else 0
            if overflows(total, balance):
                unknown[owner] = 1
            total += balance
            balances[pair] = balance
            ends[pair] = end
            cursors[pair] = first_kept(kept, start, stop)
        count, marked, day = 0, -1, 0
        while day < total_days:
            until = total_days
            for pair in range(pairs):
                if cursors[pair] < stops[begin + pair]:
                    until = min(until, day_of_fact(cells, closings, times[cursors[pair]]), ends[pair])
                elif balances[pair] != 0:
                    until = min(until, ends[pair])
            if until > day and total < threshold:
                newest = months[until - 1]
                count += newest - max(marked, months[day] - 1)
                marked = newest
            day = max(day, until)
            if day >= total_days:
                break
            for pair in range(pairs):
                stop = stops[begin + pair]
                balance = balances[pair]
                while cursors[pair] < stop and day_of_fact(cells, closings, times[cursors[pair]]) <= day:
                    balance = values[cursors[pair]]
                    cursors[pair] = first_kept(kept, cursors[pair] + 1, stop)
                if ends[pair] <= day:
                    balance = 0
                    cursors[pair] = stop
                if balance != balances[pair]:
                    total -= balances[pair]
                    if overflows(total, balance):
                        unknown[owner] = 1
                    total += balance
                    balances[pair] = balance
        counts[owner] = count
        days[owner] = total_days - uncovered


@inline_kernel
def overflows(left: int, right: int) -> bool:
    """Whether the sum does not fit 64 bit."""
    total = left + right
    return ((left ^ total) & (right ^ total)) < 0
