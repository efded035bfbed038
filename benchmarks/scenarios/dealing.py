"""Segments of drawn conditions: a pool of different ones, dealt to segments and joined as people would join them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from benchmarks.population import Values
from benchmarks.rules import ORDERINGS, Atom, Comparison, Condition, Either, Every, Not, Rule, Segment, columns_of
from benchmarks.scenario import ColumnSpec
from segmentd.schema import Kind

Item = TypeVar("Item")

MIN_CONDITIONS: Final = 2
MAX_CONDITIONS: Final = 6
EXACT_SHARE: Final = 0.1
"""Of the conditions on integers, so many ask for one value."""
SAMPLE_ROWS: Final = 10_000
"""Bounds are quantiles of so many drawn values."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many segments, conditions of all of them, and conditions of which each is another.

    Raises ValueError where they do not go together: two to six conditions a segment, every distinct one in use.
    """

    segments: int
    conditions: int
    distinct: int

    def __post_init__(self) -> None:
        segments, conditions, distinct = self.segments, self.conditions, self.distinct
        if not MIN_CONDITIONS * segments <= conditions <= MAX_CONDITIONS * segments or not segments <= distinct:
            raise ValueError(f"{segments} segments cannot have {conditions} conditions, {distinct} of them distinct")
        if distinct > conditions:
            raise ValueError(f"{conditions} conditions cannot have {distinct} distinct ones")


def draw_segments(random: np.random.Generator, columns: Sequence[ColumnSpec], size: Size) -> tuple[Segment, ...]:
    """Segments of conditions on columns of numbers."""
    return deal_segments(random, draw_conditions(random, columns, size.distinct), size)


def deal_segments(random: np.random.Generator, pool: Sequence[Atom], size: Size) -> tuple[Segment, ...]:
    """Segments of the conditions of the pool, each of which is in one at least."""
    hands = _deal(random, pool, _sizes(random, size))
    return tuple(Segment(f"segment{index:04d}", _join(random, hand)) for index, hand in enumerate(hands))


def draw_conditions(random: np.random.Generator, columns: Sequence[ColumnSpec], distinct: int) -> list[Atom]:
    """As many different conditions, spread evenly over the columns, in random order."""
    samples = [np.round(spec.draw(random, SAMPLE_ROWS), spec.decimals) for spec in columns]
    pool: dict[Atom, None] = {}
    while len(pool) < distinct:
        column = len(pool) % len(columns)
        pool.setdefault(_condition(random, columns[column], samples[column]))
    return [list(pool)[index] for index in random.permutation(distinct)]


def pick(random: np.random.Generator, items: Sequence[Item]) -> Item:
    """One of the items."""
    return items[int(random.integers(len(items)))]


def _sizes(random: np.random.Generator, size: Size) -> list[int]:
    """The numbers of conditions of each segment."""
    sizes = [MIN_CONDITIONS] * size.segments
    for _ in range(size.conditions - sum(sizes)):
        open_ones = [index for index, has in enumerate(sizes) if has < MAX_CONDITIONS]
        sizes[int(random.choice(open_ones))] += 1
    return sizes


def _condition(random: np.random.Generator, spec: ColumnSpec, sample: Values) -> Condition:
    quantile = float(np.quantile(sample, random.uniform(0.1, 0.9)))
    is_whole = spec.type.kind is Kind.INT64
    bound = round(quantile) if is_whole else round(quantile, spec.decimals)
    exact = is_whole and random.random() < EXACT_SHARE
    return Condition(spec.id, Comparison.EQUAL if exact else pick(random, ORDERINGS), bound)


def _deal(random: np.random.Generator, pool: Sequence[Atom], sizes: Sequence[int]) -> list[list[Atom]]:
    """Each condition of the pool to one segment, then more of them up to its size; a segment's are of many columns."""
    hands: list[list[Atom]] = [[] for _ in sizes]
    for condition in pool:
        roomy = [hand for hand, size in zip(hands, sizes, strict=True) if len(hand) < size]
        pick(random, [hand for hand in roomy if not _reads(hand, condition)] or roomy).append(condition)
    for hand, size in zip(hands, sizes, strict=True):
        while len(hand) < size:
            condition = pick(random, pool)
            if not _reads(hand, condition):
                hand.append(condition)
    return hands


def _reads(hand: Sequence[Atom], condition: Atom) -> bool:
    return any(columns_of(held) == columns_of(condition) for held in hand)


def _join(random: np.random.Generator, hand: Sequence[Atom]) -> Rule:
    """The conditions as a person would join them: some required, two alternatives, now and then an exception."""
    parts: list[Rule] = list(hand)
    if len(parts) >= 3 and random.random() < 0.6:
        parts = [*parts[:-2], Either(tuple(parts[-2:]))]
    if len(parts) >= 3 and random.random() < 0.3:
        parts = [*parts[:-1], Not(parts[-1])]
    return Every(tuple(parts)) if random.random() < 0.8 else Either(tuple(parts))
