"""What is said of each group: exact means, deviations, middle values, percentiles and sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import Plane
from segmentd.engine.errors import EvaluationCancelledError
from segmentd.engine.facts.groups import Balances, Codes, Integers
from segmentd.engine.facts.groups_members import gather_groups
from segmentd.scoring.service import Cancelled

MIN_MINOR: Final = -(2**63)
MAX_MINOR: Final = 2**63 - 1

_LOOK: Final = 1_024
"""Groups between two looks at whether anybody waits."""


def fits(amount: int) -> bool:
    """Whether an amount fits 64 bits."""
    return MIN_MINOR <= amount <= MAX_MINOR


def divide_half_even(total: int, number: int) -> int:
    """The quotient, rounded to the nearest integer, halves to the even one. `number` is above 0."""
    quotient, rest = divmod(total, number)
    return quotient + (2 * rest > number or (2 * rest == number and quotient % 2 == 1))


def standard_deviation(count: int, total: int, squares: int, scale: int) -> float | None:
    """Of a sample, in major units, from exact sums of minor units; None of fewer than two. Rounded twice at most."""
    if count < 2:
        return None
    return math.sqrt((count * squares - total * total) / (count * (count - 1) * 10 ** (2 * scale)))


def nearest_rank(percentile_hundredths: int, count: int) -> int:
    """The place, from 0, of a percentile among `count` ascending values."""
    return max(-(-percentile_hundredths * count // 10_000), 1) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Middle values and percentiles by group, which mean nothing for groups without known balances.

    `medians` int64[groups], `percentiles` int64[groups, percentiles].
    """

    wanted: tuple[int, ...]
    medians: Integers
    percentiles: npt.NDArray[np.int64]


def no_orders(groups: int, wanted: Sequence[int]) -> Orders:
    """Room for the order statistics of so many groups."""
    return Orders(tuple(wanted), np.zeros(groups, np.int64), np.zeros((groups, len(wanted)), np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of groups: those of a plane, by their group; `counts` int64[groups] says how many are known of each."""

    plane: Plane
    codes: Codes
    counts: Integers
    balances: Balances = field(repr=False)


def fill_orders(rows: Rows, first: int, orders: Orders, cancelled: Cancelled) -> None:
    """Write the order statistics of groups into those from `first` on. Raises EvaluationCancelledError."""
    ends = np.concatenate([[0], np.cumsum(rows.counts)])
    values = gather_groups(rows.plane, rows.codes, ends, rows.balances)
    for group in np.flatnonzero(rows.counts).tolist():
        if group % _LOOK == 0 and cancelled():
            raise EvaluationCancelledError
        _order(values[ends[group] : ends[group + 1]], first + group, orders)


def _order(values: Integers, group: int, orders: Orders) -> None:
    """The order statistics of the values of one group, which are moved."""
    count, done = len(values), 0
    ranks = [nearest_rank(each, count) for each in orders.wanted]
    middle = (count - 1) // 2, count // 2
    # One place at a time, each among what lies above the one before: for a single place NumPy selects in vectors, 17
    # times as fast as for a list of them.
    for rank in sorted({*middle, *ranks}):
        values[done:].partition(rank - done)
        done = rank + 1
    orders.medians[group] = divide_half_even(int(values[middle[0]]) + int(values[middle[1]]), 2)
    orders.percentiles[group] = values[ranks] if ranks else []


def equal_bounds(least: int, greatest: int, bins: int) -> tuple[int, ...]:
    """The bounds between so many bins of equal width that cover the amounts from the least to the greatest.

    Fewer where the amounts, or 64 bits, end before.
    """
    width = -(-(greatest - least + 1) // bins)
    return tuple(bound for index in range(1, bins) if (bound := least + index * width) <= MAX_MINOR)
