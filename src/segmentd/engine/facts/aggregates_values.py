"""Sums, extremes and ranks of owners' values, an array a result, by owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import Plane
from segmentd.engine.facts.aggregates_ranges import Integers, Ranges, read_only
from segmentd.kernels.facts import aggregates_order as order
from segmentd.kernels.facts import aggregates_sums as sums

Doubles = npt.NDArray[np.float64]

MEDIAN: Final = order.MEDIAN
DISTINCT: Final = order.DISTINCT


@dataclass(frozen=True, slots=True, eq=False)
class WideSums:
    """Exact sums, `high * 2^32 + low`, and the numbers of values that they are of, by owner."""

    high: Integers
    low: Integers
    counts: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """One or two values of a rank and the numbers of values, by owner. They mean nothing where there are none."""

    lower: Integers
    upper: Integers
    counts: Integers


def sum_integers(ranges: Ranges, kept: Plane, values: Integers) -> WideSums:
    """The exact sums of whole numbers."""
    high, low, counts = _zeros(ranges), _zeros(ranges), _zeros(ranges)
    ranges.each(sums.sum_integers, _inputs(kept, values), (high, low, counts))
    return WideSums(high + (low >> 32), low & sums.LOW, counts)


def sum_squares(ranges: Ranges, kept: Plane, values: Integers) -> tuple[Doubles, Integers]:
    """`n * sum(x * x) - sum(x) * sum(x)` of whole numbers, -1 where it is too large, and n."""
    spreads, counts = np.zeros(len(ranges)), _zeros(ranges)
    ranges.each(sums.sum_squares, _inputs(kept, values), (spreads, counts))
    return spreads, counts


def sum_doubles(
    ranges: Ranges, kept: Plane, values: Doubles, centres: Doubles | None = None
) -> tuple[Doubles, Integers]:
    """The sums of doubles in the order of time, of the squares of distances from centres where these are given."""
    found, counts = np.zeros(len(ranges)), _zeros(ranges)
    inputs = (
        read_only(kept, np.uint64),
        ranges.facts.times,
        read_only(values, np.float64),
        read_only(np.zeros(0) if centres is None else centres, np.float64),
    )

    def room(_first: int, _last: int) -> list[Integers]:
        return [np.zeros(ranges.most_pairs, np.int64)]

    ranges.each(sums.sum_doubles, inputs, (found, counts), room)
    return found, counts


def find_extremes(ranges: Ranges, kept: Plane, values: Integers) -> Ranked:
    """The least values and the greatest."""
    found = Ranked(_zeros(ranges), _zeros(ranges), _zeros(ranges))
    ranges.each(order.find_extremes, _inputs(kept, values), (found.lower, found.upper, found.counts))
    return found


def rank_values(ranges: Ranges, kept: Plane, values: Integers, asked: int) -> Ranked:
    """A percentile in hundredths, the two values of the MEDIAN, or the number of DISTINCT values in `lower`."""
    found = Ranked(_zeros(ranges), _zeros(ranges), _zeros(ranges))
    inputs = (*_inputs(kept, values), asked)

    def room(first: int, last: int) -> list[Integers]:
        return [np.zeros(ranges.most_rows(first, last), np.int64)]

    ranges.each(order.rank_values, inputs, (found.lower, found.upper, found.counts), room)
    return found


def _inputs(kept: Plane, values: Integers) -> tuple[Plane, Integers]:
    return read_only(kept, np.uint64), read_only(values, np.int64)


def _zeros(ranges: Ranges) -> Integers:
    return np.zeros(len(ranges), np.int64)
