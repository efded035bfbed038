"""Exact sums as values: whole numbers where they fit 64 bit, means rounded half to even, doubles.

A sum is `high * 2^32 + low` with `low` from 0 to below 2^32, an array of each.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.engine.facts.aggregates_ranges import Integers

Doubles = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

_HALF: Final = 1 << 31
_LOW: Final = 0xFFFFFFFF


def fits(high: Integers) -> Truths:
    """Whether a sum fits 64 bit."""
    return (high >= -_HALF) & (high < _HALF)


def whole(high: Integers, low: Integers) -> Integers:
    """Sums that fit 64 bit; others mean nothing."""
    return (high << 32) | low


def doubles(high: Integers, low: Integers) -> Doubles:
    """The doubles nearest to sums."""
    found: Doubles = high.astype(np.float64) * 2.0**32 + low.astype(np.float64)
    return found


def means(high: Integers, low: Integers, counts: Integers) -> tuple[Integers, Truths]:
    """Sums by counts from 0 to 2^31, rounded half to even, and whether they fit 64 bit. By 0: meaningless."""
    divisors = np.maximum(counts, 1)
    above, rest = np.divmod(high, divisors)
    below, rest = np.divmod((rest << 32) | low, divisors)
    twice = 2 * rest
    below += (twice > divisors) | ((twice == divisors) & (below & 1 == 1))
    above += below >> 32
    return whole(above, below & _LOW), fits(above)


def middles(lower: Integers, upper: Integers) -> tuple[Integers, Integers]:
    """The exact sums of pairs of whole numbers."""
    low = (lower & _LOW) + (upper & _LOW)
    return (lower >> 32) + (upper >> 32) + (low >> 32), low & _LOW
