"""The average of an owner's balances at the ends of days, in one walk backwards over the facts of each account.

Of an account only the facts in the window are read, and those before it back to the first that counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.facts.aggregates_balances import day_after, day_of_fact, known_before, merge_gaps, opening_day
from segmentd.kernels.facts.aggregates_ranges import lower_bound
from segmentd.kernels.facts.aggregates_rows import counts_row, is_set
from segmentd.kernels.facts.aggregates_sums import LOW

NEAR = 16
"""Where the last fact comes after a window, the window's end is looked for among so many before it, one by one."""

MOST_TERMS = 2**31
"""The halves of a sum over fewer days of accounts cannot overflow."""
HALF = 2**31
"""A whole number fits 64 bit if its upper half is from -HALF to below."""


@inline_kernel
def end_before(times: Any, start: int, stop: int, moment: int) -> int:
    """The first of some rows at the moment or later, of which the last is one."""
    near = max(stop - NEAR, start)
    if times[near] >= moment:
        return lower_bound(times, start, near, moment)
    while times[stop - 1] >= moment:
        stop -= 1
    return stop


@inline_kernel
def has_day(days: Any, present: Any, row: int) -> Any:
    """Whether a row has a day: all have one where `present` is empty, none where `days` is."""
    return days.shape[0] != 0 and row >= 0 and (present.shape[0] == 0 or is_set(present, row))


@kernel
def average_daily_balances(
    offsets: Any,
    places: Any,
    item_offsets: Any,
    times: Any,
    values: Any,
    kept: Any,
    poison: Any,
    accounts: Any,
    row_of: Any,
    opened: Any,
    is_opened: Any,
    closed: Any,
    is_closed: Any,
    closings: Any,
    cells: Any,
    base_us: int,
    from_us: int,
    to_us: int,
    demand: Any,
    from_first: Any,
    least: int,
    unknown: Any,
    first: int,
    last: int,
    froms: Any,
    tos: Any,
    hidden: Any,
    averages: Any,
    known: Any,
) -> None:
    """The mean over the known days of the sum of each owner's balances, half to even, and whether it is known.

    Each owner has one pair where `offsets` is empty. A day is known unless it is one of an account's from its opening
    to before its first fact. Of `accounts[pairs]`, slots, `row_of` gives the rows of `opened` and `closed`, starts of
    days, where the planes beside them have a bit. `base_us`: where the first day begins; `from_us` and `to_us`: the
    window. With `from_first` an owner's days begin with that of the owner's first fact. An owner is unknown without an
    account, with fewer known days than `least`, 1 or more, with `demand` where a day is not known, where a fact of
    `poison` may be the last before a day, where the mean does not fit 64 bit, and where days by accounts are too many
    for an exact sum. Unknown means are 0. `froms`, `tos` and `hidden`: room for an owner's pairs.

    Nearly all accounts are there on all days and have facts that all count: these have a loop of their own, whose
    indexes have no sign, for what `day_of_fact` says. An owner of several accounts, some of whose days are not known,
    is walked twice: to find these days, and to leave them out.
    """
    total_days = closings.shape[0]
    every_row_counts = kept.shape[0] == 0 and poison.shape[0] == 0
    always_there = opened.shape[0] == 0 and closed.shape[0] == 0
    for owner in range(first, last):
        pair, end_pair = owner, owner + 1
        if offsets.shape[0]:
            pair, end_pair = offsets[owner], offsets[owner + 1]
        pairs = end_pair - pair
        gaps, earliest, above, below, again = 0, total_days, 0, 0, False
        is_known = unknown[owner] == 0 and pairs > 0 and total_days * pairs < MOST_TERMS
        while pair < end_pair:
            there, end = 0, total_days
            if not always_there:
                account_row = row_of[accounts[pair]]
                if has_day(closed, is_closed, account_row):
                    end = day_after(closings, base_us, closed[account_row])
                if has_day(opened, is_opened, account_row) and opened[account_row] > base_us:
                    there = opening_day(closings, opened[account_row], end)
            start, stop = item_offsets[places[pair]], item_offsets[places[pair] + 1]
            if stop > start and times[stop - 1] >= to_us:
                stop = end_before(times, start, stop, to_us)
            row, until, begins = stop - 1, end, total_days
            if every_row_counts and there == 0 and end == total_days and not again:
                while row >= start:
                    moment, value = times[np.uint64(row)], values[np.uint64(row)]
                    if moment < from_us:
                        above += (value >> 32) * until
                        below += (value & LOW) * until
                        until = 0
                        break
                    day = day_of_fact(cells, moment)
                    above += (value >> 32) * (until - day)
                    below += (value & LOW) * (until - day)
                    until = day
                    row -= 1
                begins = until
                row = start - 1
            while row >= start:
                moment, value = times[row], values[row]
                if poison.shape[0] and is_set(poison, row):
                    is_known = False
                if counts_row(kept, row):
                    begins = 0 if moment < from_us else day_of_fact(cells, moment)
                    day = min(max(begins, there), end)
                    held = until - day
                    if again:
                        held = known_before(froms, tos, hidden, gaps, until)
                        held -= known_before(froms, tos, hidden, gaps, day)
                    above += (value >> 32) * held
                    below += (value & LOW) * held
                    until = day
                    if moment < from_us:
                        break
                row -= 1
            earliest = min(earliest, begins)
            if not again and there < min(begins, end):
                froms[gaps] = there
                tos[gaps] = min(begins, end)
                gaps += 1
            pair += 1
            if pair == end_pair and gaps > 0 and not again:
                gaps = merge_gaps(froms, tos, gaps, hidden)
                if pairs > 1:
                    pair, above, below, again = end_pair - pairs, 0, 0, True
        begins = earliest if from_first else 0
        days = total_days - begins
        if gaps > 0:
            days = known_before(froms, tos, hidden, gaps, total_days) - known_before(froms, tos, hidden, gaps, begins)
        divisor = max(days, 1)
        above, below = above + (below >> 32), below & LOW
        quotient = above // divisor  # by halves, and without a branch: nobody foresees which mean is rounded up
        below |= (above - quotient * divisor) << 32
        rest = below // divisor
        twice = 2 * (below - rest * divisor)
        rest += (twice > divisor) | ((twice == divisor) & (rest & 1 == 1))
        quotient += rest >> 32
        is_known = is_known and days >= least and (days == total_days - begins or not demand)
        is_known = is_known and -HALF <= quotient < HALF
        averages[owner] = (quotient << 32) | (rest & LOW) if is_known else 0
        known[owner] = is_known
