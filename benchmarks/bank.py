"""The scenario *bank*: 100 segments of 391 conditions, 210 of them distinct, over ten columns of customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np

from benchmarks.rules import Comparison, Condition, Either, Every, Not, Rule, Segment
from benchmarks.scenario import ColumnSpec, Scenario, Values
from segmentd.schema import DOUBLE, INT64

Item = TypeVar("Item")

MIN_CONDITIONS: Final = 2
MAX_CONDITIONS: Final = 6
EXACT_SHARE: Final = 0.1
"""Of the conditions on integers, so many ask for one value."""
ORDERINGS: Final = (Comparison.LESS, Comparison.AT_MOST, Comparison.GREATER, Comparison.AT_LEAST)
SAMPLE_ROWS: Final = 10_000
"""Bounds are quantiles of so many drawn values."""

COLUMNS: Final = (
    ColumnSpec("age", INT64, np.int16, 0, lambda random, n: random.integers(18, 96, n)),
    ColumnSpec("tenureMonths", INT64, np.int16, 0, lambda random, n: random.integers(0, 360, n)),
    ColumnSpec("transactionCount", INT64, np.int32, 0, lambda random, n: random.poisson(40, n) * 3),
    ColumnSpec("daysSinceVisit", INT64, np.int32, 0, lambda random, n: random.exponential(60, n)),
    ColumnSpec("income", DOUBLE, np.float64, 2, lambda random, n: random.lognormal(7.8, 0.6, n)),
    ColumnSpec("balance", DOUBLE, np.float64, 2, lambda random, n: random.normal(4_000, 6_000, n)),
    ColumnSpec("savings", DOUBLE, np.float64, 2, lambda random, n: random.lognormal(8.5, 1.4, n)),
    ColumnSpec("cardSpend", DOUBLE, np.float64, 2, lambda random, n: random.gamma(2.0, 400.0, n)),
    ColumnSpec("loanOutstanding", DOUBLE, np.float64, 2, lambda random, n: random.lognormal(9.5, 1.0, n)),
    ColumnSpec("riskScore", DOUBLE, np.float64, 4, lambda random, n: random.beta(2.0, 5.0, n)),
)


def bank(*, segments: int = 100, conditions: int = 391, distinct: int = 210, seed: int = 2024) -> Scenario:
    """The scenario of these numbers, or a smaller or larger one of the same kind.

    Raises ValueError where they do not go together: two to six conditions a segment, every distinct one in use.
    """
    if not MIN_CONDITIONS * segments <= conditions <= MAX_CONDITIONS * segments or not segments <= distinct:
        raise ValueError(f"{segments} segments cannot have {conditions} conditions, {distinct} of them distinct")
    if distinct > conditions:
        raise ValueError(f"{conditions} conditions cannot have {distinct} distinct ones")
    random = np.random.default_rng(seed)
    hands = _deal(random, _pool(random, distinct), _sizes(random, segments, conditions))
    drawn = tuple(Segment(f"segment{index:04d}", _join(random, hand)) for index, hand in enumerate(hands))
    return Scenario("bank", COLUMNS, drawn, seed)


def _sizes(random: np.random.Generator, segments: int, conditions: int) -> list[int]:
    """The numbers of conditions of each segment."""
    sizes = [MIN_CONDITIONS] * segments
    for _ in range(conditions - sum(sizes)):
        open_ones = [index for index, size in enumerate(sizes) if size < MAX_CONDITIONS]
        sizes[int(random.choice(open_ones))] += 1
    return sizes


def _pool(random: np.random.Generator, distinct: int) -> list[Condition]:
    """As many different conditions, spread evenly over the columns, in random order."""
    samples = [np.round(spec.draw(random, SAMPLE_ROWS), spec.decimals) for spec in COLUMNS]
    pool: dict[Condition, None] = {}
    while len(pool) < distinct:
        column = len(pool) % len(COLUMNS)
        pool.setdefault(_condition(random, COLUMNS[column], samples[column]))
    return [list(pool)[index] for index in random.permutation(distinct)]


def _condition(random: np.random.Generator, spec: ColumnSpec, sample: Values) -> Condition:
    quantile = float(np.quantile(sample, random.uniform(0.1, 0.9)))
    bound = round(quantile, spec.decimals) if spec.decimals else round(quantile)
    exact = not spec.decimals and random.random() < EXACT_SHARE
    return Condition(spec.id, Comparison.EQUAL if exact else _pick(random, ORDERINGS), bound)


def _deal(random: np.random.Generator, pool: Sequence[Condition], sizes: Sequence[int]) -> list[list[Condition]]:
    """Each condition of the pool to one segment, then more of them up to its size; a segment's are of many columns."""
    hands: list[list[Condition]] = [[] for _ in sizes]
    for condition in pool:
        roomy = [hand for hand, size in zip(hands, sizes, strict=True) if len(hand) < size]
        _pick(random, [hand for hand in roomy if not _reads(hand, condition.column)] or roomy).append(condition)
    for hand, size in zip(hands, sizes, strict=True):
        while len(hand) < size:
            condition = _pick(random, pool)
            if not _reads(hand, condition.column):
                hand.append(condition)
    return hands


def _reads(hand: Sequence[Condition], column: str) -> bool:
    return any(condition.column == column for condition in hand)


def _join(random: np.random.Generator, hand: Sequence[Condition]) -> Rule:
    """The conditions as a person would join them: some required, two alternatives, now and then an exception."""
    parts: list[Rule] = list(hand)
    if len(parts) >= 3 and random.random() < 0.6:
        parts = [*parts[:-2], Either(tuple(parts[-2:]))]
    if len(parts) >= 3 and random.random() < 0.3:
        parts = [*parts[:-1], Not(parts[-1])]
    return Every(tuple(parts)) if random.random() < 0.8 else Either(tuple(parts))


def _pick(random: np.random.Generator, items: Sequence[Item]) -> Item:
    return items[int(random.integers(len(items)))]
