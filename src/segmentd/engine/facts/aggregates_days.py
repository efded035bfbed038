"""Balances at the ends of days, trends of months and amounts that return, by owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from segmentd.columns.planes import Plane
from segmentd.engine.facts.aggregates_ranges import NEVER, Flags, Integers, Ranges, Slots, read_only
from segmentd.engine.facts.aggregates_values import WideSums
from segmentd.kernels.facts import aggregates_balances as balances
from segmentd.kernels.facts import aggregates_months as months


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """The days of a window: when each ends, its month where months are asked for, and when the first begins.

    `demand`: an owner is unknown where a day is not known. `from_first`: an owner's days begin with that of the owner's
    first fact.
    """

    closings: Integers
    months: Integers
    from_us: int
    demand: bool
    from_first: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Balances by row of facts, which rows count, which make an owner unknown; by pair, days of opening and closing.

    These are moments at which days start, LEAST where there is none.
    """

    kept: Plane
    poison: Plane
    values: Integers
    opened: Integers
    closed: Integers


def day_cells(days: Days) -> Integers:
    """The days in cells of equal length, as `kernels/facts/aggregates_balances.py` says; for moments in the window."""
    closings, base = days.closings, days.from_us
    count = 1 + ((int(closings[-1]) - base) >> balances.CELL_SHIFT) if len(closings) else 1
    turns = np.full(count, NEVER, np.int64)
    ends = closings[:-1]
    turns[(ends - base) >> balances.CELL_SHIFT] = ends
    starts = base + (np.arange(count, dtype=np.int64) << balances.CELL_SHIFT)
    cells = np.zeros((count + 1, 3), np.int64)
    cells[0, balances.TURN] = base
    cells[1:, balances.TURN] = turns
    cells[1:, balances.BEFORE] = np.searchsorted(closings, starts, side="right")
    cells[1:, balances.AFTER] = np.searchsorted(closings, turns, side="right")
    return read_only(cells, np.int64)


def count_months_below(ranges: Ranges, history: History, days: Days, threshold: int) -> tuple[Integers, Integers]:
    """In how many months the balance was below a threshold, and on how many days it is known."""
    counts, known = np.zeros(len(ranges), np.int64), np.zeros(len(ranges), np.int64)
    grid = read_only(days.closings, np.int64), day_cells(days), read_only(days.months, np.int64)
    inputs = (*_inputs(ranges, history), *grid, days.from_us, days.demand, threshold)
    outputs = (counts, known, ranges.unknown)
    ranges.each(balances.count_months_below, inputs, outputs, _room(ranges, 5))
    return counts, known


def sum_trends(ranges: Ranges, kept: Plane, values: Integers, month_starts: Integers) -> WideSums:
    """Sums weighted by month, of which `kernels/facts/aggregates_months.py` says what they are for."""
    found = WideSums(*(np.zeros(len(ranges), np.int64) for _ in range(3)))
    inputs = (
        read_only(kept, np.uint64),
        ranges.facts.times,
        read_only(values, np.int64),
        read_only(month_starts, np.int64),
    )
    ranges.each(months.sum_trends, inputs, (found.high, found.low, found.counts))
    return found


def find_recurring(
    ranges: Ranges, kept: Plane, values: Integers, parties: Slots, month_starts: Integers
) -> tuple[Integers, Flags, Integers]:
    """The greatest value that comes with the same party every month, whether there is one, and how many values."""
    found, counts = np.zeros(len(ranges), np.int64), np.zeros(len(ranges), np.int64)
    is_found = np.zeros(len(ranges), np.uint8)
    inputs = (
        read_only(kept, np.uint64),
        ranges.facts.times,
        read_only(values, np.int64),
        read_only(parties, np.int32),
        read_only(month_starts, np.int64),
    )

    def room(first: int, last: int) -> list[Integers]:
        most = ranges.most_rows(first, last)
        return [np.zeros(most, np.int64) for _ in range(4)]

    ranges.each(months.find_recurring, inputs, (found, is_found, counts), room)
    return found, is_found, counts


def _inputs(ranges: Ranges, history: History) -> tuple[Plane | Integers | Slots, ...]:
    return (
        read_only(history.kept, np.uint64),
        read_only(history.poison, np.uint64),
        ranges.places,
        ranges.facts.offsets,
        ranges.facts.times,
        read_only(history.values, np.int64),
        read_only(history.opened, np.int64),
        read_only(history.closed, np.int64),
    )


def _room(ranges: Ranges, arrays: int) -> Callable[[int, int], list[Integers]]:
    """So many arrays for an owner's pairs."""
    pairs = ranges.most_pairs
    return lambda _first, _last: [np.zeros(pairs, np.int64) for _ in range(arrays)]
