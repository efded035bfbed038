"""The scenario *nested*: segments of segments, five deep."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from benchmarks.rules import Either, Every, InSegment, Not, Rule, Segment
from benchmarks.scenario import Scenario
from benchmarks.scenarios.bank import COLUMNS
from benchmarks.scenarios.dealing import Size, draw_conditions, draw_segments, pick

SEED: Final = 2028
DEPTH: Final = 5
EACH: Final = 20
"""Segments of each depth; those of the first refer to none, all others to two of the depth before."""


def nested() -> Scenario:
    """100 segments, 20 of each depth, over the columns of *bank*, one of which lacks values."""
    random = np.random.default_rng(SEED)
    columns = tuple(replace(spec, missing=0.1) if spec.id == "savings" else spec for spec in COLUMNS)
    segments = [replace(each, id=f"depth1n{at:02d}") for at, each in enumerate(_first(random))]
    pool = draw_conditions(random, columns, (DEPTH - 1) * EACH)
    for depth in range(2, DEPTH + 1):
        below = [segment.id for segment in segments[-EACH:]]
        for at in range(EACH):
            left, right = (below[index] for index in random.permutation(EACH)[:2])
            rule = _join(random, InSegment(left), InSegment(right), pool.pop())
            segments.append(Segment(f"depth{depth}n{at:02d}", rule))
    return Scenario("nested", columns, tuple(segments), SEED)


def _first(random: np.random.Generator) -> tuple[Segment, ...]:
    return draw_segments(random, COLUMNS, Size(EACH, 4 * EACH, 3 * EACH))


def _join(random: np.random.Generator, left: Rule, right: Rule, condition: Rule) -> Rule:
    joined: tuple[Rule, ...] = (
        Either((Every((left, condition)), right)),
        Every((Either((left, right)), condition)),
        Every((Not(left), right)),
        Either((Every((left, Not(right))), condition)),
    )
    return pick(random, joined)
