"""Functions that add up: COUNT, SUM, AVERAGE and STANDARD_DEVIATION.

Sums of whole numbers and of money are exact, whatever their order and size; those of doubles are made in the order of
time, facts at the same time in the order of their accounts' slots, and follow IEEE 754: a NaN makes them NaN.
"""

from __future__ import annotations

import numpy as np

from segmentd.columns.column import FixedColumn
from segmentd.engine.facts.aggregates_values import sum_doubles, sum_integers, sum_squares
from segmentd.facts.aggregates import rounding
from segmentd.facts.aggregates.scope import Scope, Truths
from segmentd.schema import Kind

Result = tuple[FixedColumn, Truths]


def count(scope: Scope) -> Result:
    """The number of facts; unknown below `min_count`."""
    counts = scope.ranges.counts(scope.kept)
    return scope.column(counts, scope.enough(counts, 0))


def total(scope: Scope) -> Result:
    """The sum, of none 0; unknown where it does not fit 64 bit."""
    if scope.measured.is_double:
        sums, counts = sum_doubles(scope.ranges, scope.kept, scope.measured.numbers())
        return scope.column(sums, scope.enough(counts, 0))
    wide = sum_integers(scope.ranges, scope.kept, scope.measured.numbers())
    known = scope.enough(wide.counts, 0) & rounding.fits(wide.high)
    return scope.column(rounding.whole(wide.high, wide.low), known)


def average(scope: Scope) -> Result:
    """The sum by the count: of money exact and rounded half to even, else one division of doubles. Of none: unknown."""
    if scope.measured.is_double:
        sums, counts = sum_doubles(scope.ranges, scope.kept, scope.measured.numbers())
        return scope.column(sums / np.maximum(counts, 1), scope.enough(counts, 1))
    wide = sum_integers(scope.ranges, scope.kept, scope.measured.numbers())
    known = scope.enough(wide.counts, 1)
    if scope.type.kind is Kind.DECIMAL:
        return scope.column(rounding.means(wide.high, wide.low, wide.counts)[0], known)
    return scope.column(rounding.doubles(wide.high, wide.low) / np.maximum(wide.counts, 1), known)


def standard_deviation(scope: Scope) -> Result:
    """The root of the sum of squared distances from the mean, by one less than the count. Of fewer than two: unknown.

    Of whole numbers it is the root of `(n * sum(x * x) - sum(x) ** 2) / (n * (n - 1))`, the numerator exact, which
    is unknown where n times the distance of the least value from the greatest is 2^62 or more. Of doubles, distances
    from the mean are squared and added up in the order of time.
    """
    if scope.measured.is_double:
        numbers = scope.measured.numbers()
        sums, counts = sum_doubles(scope.ranges, scope.kept, numbers)
        squares, _ = sum_doubles(scope.ranges, scope.kept, numbers, sums / np.maximum(counts, 1))
        return scope.column(np.sqrt(squares / np.maximum(counts - 1, 1)), scope.enough(counts, 2))
    spreads, counts = sum_squares(scope.ranges, scope.kept, scope.measured.numbers())
    divisors = np.maximum(counts.astype(np.float64) * (counts - 1), 1.0)
    major = np.sqrt(np.maximum(spreads, 0.0) / divisors) / 10.0**scope.measured.scale
    return scope.column(major, scope.enough(counts, 2) & (spreads >= 0))
