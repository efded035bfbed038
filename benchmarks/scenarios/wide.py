"""The scenario *wide*: 200 columns, each of which few segments read."""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.population import Values
from benchmarks.scenario import ColumnSpec, Scenario
from benchmarks.scenarios.dealing import Size, draw_segments
from segmentd.schema import DOUBLE, INT64

COLUMNS: Final = 200
SEED: Final = 2025


def wide() -> Scenario:
    """100 segments with 391 conditions, 300 of them distinct, over 200 columns."""
    columns = tuple(_column(index) for index in range(COLUMNS))
    segments = draw_segments(np.random.default_rng(SEED), columns, Size(100, 391, 300))
    return Scenario("wide", columns, segments, SEED)


def _column(index: int) -> ColumnSpec:
    """A count of 16 bits, one of 32, a ratio of 32, an amount of 64, and again."""
    match index % 4:
        case 0:
            return ColumnSpec(f"count{index}", INT64, np.int16, 0, _small)
        case 1:
            return ColumnSpec(f"days{index}", INT64, np.int32, 0, _large)
        case 2:
            return ColumnSpec(f"ratio{index}", DOUBLE, np.float32, 0, _large)
        case _:
            return ColumnSpec(f"spend{index}", DOUBLE, np.float64, 2, lambda random, n: random.gamma(2.0, 400.0, n))


def _small(random: np.random.Generator, rows: int) -> Values:
    return random.integers(0, 1_000, rows)


def _large(random: np.random.Generator, rows: int) -> Values:
    return random.integers(0, 100_000, rows)
