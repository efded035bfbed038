"""Balances at the ends of days: an account's is that of its last fact before the day's end, while it is there.

`closings[days]`: the ends of the days of a window, ascending. Work is done by the stretches of days between two facts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.facts.aggregates_order import sort_values
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
def day_of_fact(cells: Any, moment: int) -> Any:
    """What `day_at` gives of a moment in the window: at most one day ends in a cell, so there is nothing to search.

    Numba looks whether an index counts from the end unless it has no sign: without that, walks take a fifth less time.
    """
    cell = np.uint64((moment - cells[0, TURN]) >> CELL_SHIFT) + np.uint64(1)
    return cells[cell, BEFORE] if moment < cells[cell, TURN] else cells[cell, AFTER]


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
    return day_of_fact(cells, times[row]) if row < stop else closings.shape[0]


@inline_kernel
def opening_day(closings: Any, opened: int, end: int) -> Any:
    """The number of the first day on which an account is there, that which it ends before where there is none.

    It has been there always where its opening is not known.
    """
    return min(day_at(closings, opened), end)


@inline_kernel
def merge_gaps(froms: Any, tos: Any, count: int, hidden: Any) -> int:
    """Make one of gaps that touch each other, of stretches of days each; how many are left, ascending.

    `froms[count]` and `tos[count]`: where each begins, and before which day it ends. `hidden`: how many days lie in
    those before each. Both sides can be sorted alone: when as many have ended as had begun, all that had begun have.
    """
    sort_values(froms, count)
    sort_values(tos, count)
    last = 0
    hidden[0] = 0
    for gap in range(1, count):
        if froms[gap] > tos[last]:
            hidden[last + 1] = hidden[last] + tos[last] - froms[last]
            last += 1
            froms[last] = froms[gap]
        tos[last] = tos[gap]
    return last + 1


@inline_kernel
def known_before(froms: Any, tos: Any, hidden: Any, gaps: int, day: int) -> Any:
    """How many days before a day lie in none of the gaps, which `merge_gaps` has made."""
    low, high = 0, gaps
    while low < high:
        middle = (low + high) >> 1
        if froms[middle] < day:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        return day
    return day - hidden[low - 1] - (min(day, tos[low - 1]) - froms[low - 1])


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
    opens: Any,
    begins: Any,
    ends: Any,
    counts: Any,
    days: Any,
    unknown: Any,
) -> None:
    """In how many months the sum of each owner's balances was below the threshold on a known day; `days`: how many.

    Which days are known, `opened`, `closed` and `demand` are as of the sums. `months[days]`: the month of each day,
    ascending. `cursors`, `balances`, `opens`, `begins` and `ends`: room for an owner's pairs.
    """
    total_days = closings.shape[0]
    for owner in range(first, last):
        begin, pairs = offsets[owner], offsets[owner + 1] - offsets[owner]
        for pair in range(pairs):
            start, stop = starts[begin + pair], stops[begin + pair]
            before = last_before(kept, poison, item_offsets[places[begin + pair]], start)
            if before == -2:
                unknown[owner] = 1
            balances[pair] = values[before] if before >= 0 else 0
            cursors[pair] = first_kept(kept, start, stop)
            begins[pair] = first_day(kept, cells, closings, times, before, start, stop)
            ends[pair] = day_after(closings, from_us, closed[begin + pair])
            opens[pair] = opening_day(closings, opened[begin + pair], ends[pair])
        count, marked, day, known = 0, -1, 0, 0
        while day < total_days:
            above, below, until, is_known = 0, 0, total_days, True
            for pair in range(pairs):
                stop = stops[begin + pair]
                while cursors[pair] < stop and day_of_fact(cells, times[cursors[pair]]) <= day:
                    balances[pair] = values[cursors[pair]]
                    cursors[pair] = first_kept(kept, cursors[pair] + 1, stop)
                if day < opens[pair]:
                    until = min(until, opens[pair])
                elif day < ends[pair]:
                    until = min(until, ends[pair])
                    if cursors[pair] < stop:
                        until = min(until, day_of_fact(cells, times[cursors[pair]]))
                    is_known = is_known and day >= begins[pair]
                    above += balances[pair] >> 32
                    below += balances[pair] & LOW
            if is_known:
                known += until - day
                if is_below(above, below, threshold):
                    newest = months[until - 1]
                    count += newest - max(marked, months[day] - 1)
                    marked = newest
            day = until
        if demand and known < total_days:
            unknown[owner] = 1
        counts[owner] = count
        days[owner] = known


@inline_kernel
def is_below(high: int, low: int, threshold: int) -> Any:
    """Whether the sum `high * 2^32 + low` is less than a whole number; `low` may be more than 32 bit."""
    above = high + (low >> 32)
    return above < threshold >> 32 or (above == threshold >> 32 and low & LOW < threshold & LOW)
