"""What accounts held at a moment, and on the days of a window, from what was seen of them.

Kernels take addresses of inputs, which may be read-only; the caller vouches for the memory. Of each account, by its
place, `offsets` int64 cut its transactions and its snapshots, whose `times` ascend. Planes at address 0 are all ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.lanes import int32_at, int64_at, uint64_at

UNSEEN = 0
"""Nothing says what the account held."""
KNOWN = 1
LOST = 2
"""Something says it, in a currency for which there is no rate; or nothing does on one of several days."""
OVERFLOWN = 3
"""It does not fit 64 bits."""


@inline_kernel
def bit_at(plane: int, row: Any) -> Any:
    """The bit of a row; 1 of a plane that has no address."""
    if plane == 0:
        return True
    return (uint64_at(plane, 0)[row >> 6] >> np.uint64(row & 63)) & np.uint64(1) != 0


@inline_kernel
def rows_until(times: Any, first: Any, last: Any, moment: int) -> Any:
    """The row after the last of `first` to before `last` whose time is not after the moment."""
    while first < last:
        middle = (first + last) // 2
        if times[middle] <= moment:
            first = middle + 1
        else:
            last = middle
    return first


@inline_kernel
def last_balance(first: Any, stop: Any, given: int, rated: int) -> Any:
    """The last row before `stop` that gives a balance, or that lacks a rate; -1 if there is none."""
    row = stop - 1
    while row >= first and not bit_at(given, row) and bit_at(rated, row):
        row -= 1
    return row if row >= first else -1


@kernel
def balances_at(
    moment: int,
    offsets: int,
    times: int,
    after: int,
    given: int,
    rated: int,
    snapshot_offsets: int,
    snapshot_times: int,
    snapshots: int,
    snapshots_given: int,
    places: int,
    targets: int,
    values: Any,
    states: Any,
) -> None:
    """The balance after the last transaction up to the moment that gives one, or the last snapshot's.

    The snapshot's where both are of the same time. `after` and `snapshots` int64, with planes of where they are
    `given`; `rated`: where a transaction's amount is there, so that a balance that is not was not given. `targets`
    int32 by place: the row in `values` and `states`, -1: nobody.
    """
    limits, times_at = int64_at(offsets, places + 1), int64_at(times, 0)
    snapshot_limits, snapshot_times_at = int64_at(snapshot_offsets, places + 1), int64_at(snapshot_times, 0)
    balance_after, snapshot_of, row_of = int64_at(after, 0), int64_at(snapshots, 0), int32_at(targets, places)
    for place in range(places):
        target = row_of[place]
        if target < 0:
            continue
        first = limits[place]
        stop = rows_until(times_at, first, limits[place + 1], moment)
        row = last_balance(first, stop, given, rated)
        first = snapshot_limits[place]
        snapshot = rows_until(snapshot_times_at, first, snapshot_limits[place + 1], moment) - 1
        values[target], states[target] = 0, UNSEEN
        if snapshot >= first and (row < 0 or snapshot_times_at[snapshot] >= times_at[row]):
            states[target] = LOST
            if bit_at(snapshots_given, snapshot):
                values[target], states[target] = snapshot_of[snapshot], KNOWN
        elif row >= 0:
            states[target] = LOST
            if bit_at(given, row):
                values[target], states[target] = balance_after[row], KNOWN


@kernel
def daily_sums(
    ends: Any,
    offsets: int,
    times: int,
    after: int,
    given: int,
    rated: int,
    snapshot_offsets: int,
    snapshot_times: int,
    snapshots: int,
    snapshots_given: int,
    places: int,
    targets: int,
    first_days: Any,
    last_days: Any,
    values: Any,
    states: Any,
) -> None:
    """The sums of what accounts held at the ends of days, ascending moments; the others as of `balances_at`.

    Of each row the days `first_days` to before `last_days` count. A row is KNOWN if its balance was so on all of them,
    else LOST, and OVERFLOWN where its sum does not fit.
    """
    limits, times_at = int64_at(offsets, places + 1), int64_at(times, 0)
    snapshot_limits, snapshot_times_at = int64_at(snapshot_offsets, places + 1), int64_at(snapshot_times, 0)
    balance_after, snapshot_of, row_of = int64_at(after, 0), int64_at(snapshots, 0), int32_at(targets, places)
    for place in range(places):
        target = row_of[place]
        if target < 0:
            continue
        values[target], states[target] = 0, UNSEEN
        if first_days[target] >= last_days[target]:
            continue
        last, snapshot_last = limits[place + 1], snapshot_limits[place + 1]
        stop = rows_until(times_at, limits[place], last, ends[first_days[target]])
        row = last_balance(limits[place], stop, given, rated)
        snapshot_stop = rows_until(snapshot_times_at, snapshot_limits[place], snapshot_last, ends[first_days[target]])
        total, state = np.int64(0), KNOWN
        for day in range(first_days[target], last_days[target]):
            while stop < last and times_at[stop] <= ends[day]:
                if bit_at(given, stop) or not bit_at(rated, stop):
                    row = stop
                stop += 1
            while snapshot_stop < snapshot_last and snapshot_times_at[snapshot_stop] <= ends[day]:
                snapshot_stop += 1
            snapshot = snapshot_stop - 1
            if snapshot >= snapshot_limits[place] and (row < 0 or snapshot_times_at[snapshot] >= times_at[row]):
                is_known = bit_at(snapshots_given, snapshot)
                value = snapshot_of[snapshot]
            else:
                is_known = row >= 0 and bit_at(given, row)
                value = balance_after[max(row, 0)] if is_known else np.int64(0)
            if not is_known:
                state = LOST
                break
            before = total
            total += value
            if (before ^ total) & (value ^ total) < 0:
                state = OVERFLOWN
                break
        values[target], states[target] = total, state
