"""Sums of an owner's values: of whole numbers exact, of doubles in the order of time."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.facts.aggregates_ranges import LEAST, NEVER
from segmentd.kernels.facts.aggregates_rows import counts_row, kept_bits
from segmentd.kernels.facts.aggregates_wide import add_square, scaled_variance
from segmentd.kernels.members.bits import trailing_zeros

LOW = 0xFFFFFFFF
"""A whole number is `high * 2^32 + low`: sums of two billion of each half cannot overflow."""

LARGEST_SPREAD = 2.0**62
"""Below it, a count times the distance of the least value from the greatest has a square of less than 128 bit."""


@kernel
def sum_integers(
    offsets: Any,
    starts: Any,
    stops: Any,
    kept: Any,
    values: Any,
    first: int,
    last: int,
    high: Any,
    low: Any,
    counts: Any,
) -> None:
    """The exact sum of each owner's values, `high * 2^32 + low`, and how many they are."""
    for owner in range(first, last):
        above, below, count = 0, 0, 0
        for pair in range(offsets[owner], offsets[owner + 1]):
            start, stop = starts[pair], stops[pair]
            if kept.shape[0] == 0:
                for row in range(start, stop):
                    above += values[row] >> 32
                    below += values[row] & LOW
                count += max(stop - start, 0)
            elif start < stop:
                for word in range(start >> 6, ((stop - 1) >> 6) + 1):
                    bits = kept_bits(kept, word, start, stop)
                    while bits:
                        row = (word << 6) + trailing_zeros(bits)
                        bits &= bits - np.uint64(1)
                        above += values[row] >> 32
                        below += values[row] & LOW
                        count += 1
        high[owner] = above
        low[owner] = below
        counts[owner] = count


@kernel
def sum_squares(
    offsets: Any,
    starts: Any,
    stops: Any,
    kept: Any,
    values: Any,
    first: int,
    last: int,
    spreads: Any,
    counts: Any,
) -> None:
    """`n * sum(x * x) - sum(x) * sum(x)` of each owner's values, and n; -1 where it does not fit 128 bit.

    It is that of the values' distances from the first, which are smaller.
    """
    for owner in range(first, last):
        high, low, total, count = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        origin, least, greatest = np.int64(0), NEVER, LEAST
        for pair in range(offsets[owner], offsets[owner + 1]):
            for row in range(starts[pair], stops[pair]):
                if counts_row(kept, row):
                    value = values[row]
                    if count == 0:
                        origin = value
                    distance = value - origin
                    least = min(least, value)
                    greatest = max(greatest, value)
                    high, low = add_square(high, low, distance)
                    total += distance
                    count += 1
        fits = count == 0 or (float(greatest) - float(least)) * count < LARGEST_SPREAD
        spreads[owner] = scaled_variance(high, low, count, total) if fits else -1.0
        counts[owner] = count


@kernel
def sum_doubles(
    offsets: Any,
    starts: Any,
    stops: Any,
    kept: Any,
    times: Any,
    values: Any,
    centres: Any,
    first: int,
    last: int,
    cursors: Any,
    sums: Any,
    counts: Any,
) -> None:
    """The sum of each owner's values in the order of time, equal times in the order of pairs, and how many they are.

    With `centres[owners]`, the sum of squares of the distances from them. `cursors`: room for an owner's pairs.
    """
    for owner in range(first, last):
        begin, pairs = offsets[owner], offsets[owner + 1] - offsets[owner]
        for pair in range(pairs):
            cursors[pair] = starts[begin + pair]
        total, count = 0.0, 0
        pair = next_pair(cursors, stops, times, begin, pairs)
        while pair >= 0:
            row = cursors[pair]
            cursors[pair] += 1
            if counts_row(kept, row):
                value = values[row]
                if centres.shape[0]:
                    value = (value - centres[owner]) * (value - centres[owner])
                total += value
                count += 1
            if pairs > 1 or cursors[pair] >= stops[begin + pair]:
                pair = next_pair(cursors, stops, times, begin, pairs)
        sums[owner] = total
        counts[owner] = count


@inline_kernel
def next_pair(cursors: Any, stops: Any, times: Any, begin: int, pairs: int) -> int:
    """The pair whose next row is the earliest, -1 where no row is left."""
    found = -1
    for pair in range(pairs):
        if cursors[pair] < stops[begin + pair] and (found < 0 or times[cursors[pair]] < times[cursors[found]]):
            found = pair
    return found
