"""A scenario: columns, how their values are drawn, and the segments that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.population import Bools, Column, Dictionary, Population, Values
from benchmarks.rules import Segment, conditions
from segmentd.schema import DataType

Draw = Callable[[np.random.Generator, int], Values]

CHUNK_ROWS = 1 << 18
"""Values are drawn for so many rows at a time, so that few temporary arrays lie beside a large population."""


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column of a scenario: its attribute type, its element type, and how values are drawn.

    `decimals` are the digits after the point that its values and bounds have; 0 for integers. Of text, places in the
    `dictionary` are drawn. `missing`: the share of rows without a value.
    """

    id: str
    type: DataType
    dtype: npt.DTypeLike
    decimals: int
    draw: Draw
    missing: float = 0.0
    dictionary: Dictionary | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is asked about whom. `seed` decides the values of the columns. Segments stand after those they refer to."""

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

    def draw(self, rows: int) -> Population:
        """The columns of `rows` customers; the same for the same seed, and written to, so that memory is real."""
        return Population(rows, {spec.id: self._column(index, rows) for index, spec in enumerate(self.columns)})

    def populate(self, rows: int) -> Mapping[str, Values]:
        """The values of the columns by id. ValueError where they are not all: text, or missing values."""
        columns = self.draw(rows).columns
        if any(column.missing is not None or column.dictionary is not None for column in columns.values()):
            raise ValueError(f"the columns of {self.name} are more than numbers")
        return {id_: column.values for id_, column in columns.items()}

    def _column(self, index: int, rows: int) -> Column:
        spec = self.columns[index]
        values = _fill(spec, rows, np.random.default_rng((self.seed, index)))
        missing = _miss(spec.missing, rows, np.random.default_rng((self.seed, index, 1))) if spec.missing else None
        return Column(values, missing, spec.dictionary)


def _fill(spec: ColumnSpec, rows: int, random: np.random.Generator) -> Values:
    values = np.empty(rows, spec.dtype)
    for start in range(0, rows, CHUNK_ROWS):
        size = min(CHUNK_ROWS, rows - start)
        values[start : start + size] = np.round(spec.draw(random, size), spec.decimals)
    return values


def _miss(share: float, rows: int, random: np.random.Generator) -> Bools:
    missing = np.empty(rows, np.bool_)
    for start in range(0, rows, CHUNK_ROWS):
        size = min(CHUNK_ROWS, rows - start)
        missing[start : start + size] = random.random(size, np.float32) < share
    return missing
