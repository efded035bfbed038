"""The scenario *bank* and those that differ from it in size or in missing values: *campaign*, *platform*, *nulls*."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from benchmarks.rules import Has, Segment
from benchmarks.scenario import ColumnSpec, Scenario
from benchmarks.scenarios.dealing import Size, deal_segments, draw_conditions, draw_segments
from segmentd.schema import DOUBLE, INT64

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

MISSING_SHARE: Final = 0.3
SEED: Final = 2024


def bank(
    *, segments: int = 100, conditions: int = 391, distinct: int = 210, seed: int = SEED, name: str = "bank"
) -> Scenario:
    """The scenario of these numbers, or a smaller or larger one of the same kind. Raises ValueError as `Size` does."""
    size = Size(segments, conditions, distinct)
    return Scenario(name, COLUMNS, draw_segments(np.random.default_rng(seed), COLUMNS, size), seed)


def campaign() -> Scenario:
    """A campaign's 20 segments."""
    return bank(segments=20, conditions=70, distinct=52, name="campaign")


def platform() -> Scenario:
    """1,000 segments of many teams, over the same ten columns."""
    return bank(segments=1_000, conditions=4_000, distinct=1_300, name="platform")


def nulls() -> Scenario:
    """Like *bank*, where each column lacks 30 % of its values, and a few segments ask for that."""
    random = np.random.default_rng(SEED)
    columns = tuple(replace(spec, missing=MISSING_SHARE) for spec in COLUMNS)
    size = Size(100, 391, 210)
    pool = draw_conditions(random, columns, size.distinct - len(columns))
    drawn: tuple[Segment, ...] = deal_segments(random, [*pool, *(Has(spec.id) for spec in columns)], size)
    return Scenario("nulls", columns, drawn, SEED)
