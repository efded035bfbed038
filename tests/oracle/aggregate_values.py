"""Aggregates of the numbers of facts, in plain Python and exact fractions: the oracle's arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from enum import Enum
from fractions import Fraction
from typing import Final

from segmentd.ledger.aggregates import Aggregate, Function

Value = int | float | str | bool


class Unknown(Enum):
    """The value of what nobody knows."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
Result = Value | Unknown


def of_integers(definition: Aggregate, whole: Sequence[int], scale: int, is_decimal: bool) -> Result:  # noqa: FBT001
    """The function of whole numbers, minor units where they are money."""
    match definition.function:
        case Function.SUM:
            return sum(whole) if -(2**63) <= sum(whole) < 2**63 else UNKNOWN
        case Function.MIN:
            return min(whole)
        case Function.MAX:
            return max(whole)
        case Function.AVERAGE:
            return _mean(whole, is_decimal)
        case Function.MEDIAN:
            ordered = sorted(whole)
            return _mean([ordered[(len(whole) - 1) // 2], ordered[len(whole) // 2]], is_decimal)
        case Function.PERCENTILE:
            return _nearest_rank(whole, definition.percentile_hundredths)
        case _:
            mean = Fraction(sum(whole), len(whole))
            variance = sum((value - mean) ** 2 for value in whole) / (len(whole) - 1)
            if len(whole) * (max(whole) - min(whole)) >= 2**62:
                return UNKNOWN
            return math.sqrt(variance) / 10.0**scale


def of_doubles(definition: Aggregate, values: Sequence[float]) -> Result:
    """The function of doubles in the order of time."""
    function = definition.function
    if function is Function.SUM:
        return _total(values)
    if function is Function.AVERAGE:
        return _total(values) / len(values)
    if function is Function.STANDARD_DEVIATION:
        mean = _total(values) / len(values)
        return math.sqrt(_total((value - mean) * (value - mean) for value in values) / (len(values) - 1))
    if any(math.isnan(value) for value in values):
        return UNKNOWN
    ordered = sorted(values)
    match function:
        case Function.MIN:
            return ordered[0]
        case Function.MAX:
            return ordered[-1]
        case Function.MEDIAN:
            lower, upper = ordered[(len(values) - 1) // 2], ordered[len(values) // 2]
            return lower if lower == upper else lower / 2 + upper / 2
        case _:
            return _nearest_rank(ordered, definition.percentile_hundredths)


def _mean(values: Sequence[int], is_decimal: bool) -> Result:  # noqa: FBT001
    if is_decimal:
        return round(Fraction(sum(values), len(values)))
    return float(sum(values)) / len(values)


def _total(values: Iterable[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


def _nearest_rank(values: Sequence[int | float], hundredths: int) -> int | float:
    rank = max(math.ceil(Fraction(hundredths * len(values), 10_000)), 1)
    return sorted(values)[rank - 1]
