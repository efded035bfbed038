"""A scenario: columns, how their values are drawn, and the segments that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.rules import Segment, conditions
from segmentd.schema import DataType

Values = npt.NDArray[Any]
Draw = Callable[[np.random.Generator, int], Values]

CHUNK_ROWS = 1 << 18
"""Values are drawn for so many rows at a time, so that few temporary arrays lie beside a large population."""


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column of a scenario: its attribute type, its element type, and how values are drawn.

    `decimals` are the digits after the point that its values and bounds have; 0 for integers.
    """

    id: str
    type: DataType
    dtype: npt.DTypeLike
    decimals: int
    draw: Draw


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is asked about whom. `seed` decides the values of the columns."""

    name: str
    columns: tuple[ColumnSpec, ...]
    segments: tuple[Segment, ...]
    seed: int

    @property
    def condition_count(self) -> int:
        """Conditions of all segments, repeated ones too."""
        return sum(1 for segment in self.segments for _ in conditions(segment.rule))

    @property
    def distinct_condition_count(self) -> int:
        """Conditions of all segments, each counted once."""
        return len({condition for segment in self.segments for condition in conditions(segment.rule)})

    def populate(self, rows: int) -> Mapping[str, Values]:
        """The columns of `rows` customers by id; the same for the same seed, and written to, so that memory is real."""
        return {
            spec.id: _fill(spec, rows, np.random.default_rng((self.seed, index)))
            for index, spec in enumerate(self.columns)
        }


def _fill(spec: ColumnSpec, rows: int, random: np.random.Generator) -> Values:
    values = np.empty(rows, spec.dtype)
    for start in range(0, rows, CHUNK_ROWS):
        size = min(CHUNK_ROWS, rows - start)
        values[start : start + size] = np.round(spec.draw(random, size), spec.decimals)
    return values
