"""What the streams ask: 20 segments over eight columns, in the words of CEL, NumPy and Polars."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import pack

if TYPE_CHECKING:
    import polars as pl

COLUMNS: Final = 8
SEGMENTS: Final = 20
SEED: Final = 2024

Values = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Planes = npt.NDArray[np.uint64]

COMPARE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of the column of a number with a whole number."""

    column: int
    sign: str
    bound: int

    def holds(self, value: Any) -> Any:
        """The comparison with a NumPy array or a Polars column."""
        return COMPARE[self.sign](value, self.bound)


@dataclass(frozen=True, slots=True)
class Segment:
    """`first and second and (third or not fourth)`, on different columns."""

    id: str
    conditions: tuple[Condition, Condition, Condition, Condition]

    def holds(self, columns: Callable[[int], Any]) -> Any:
        """The rule over NumPy arrays or Polars columns, which `columns` gives by number."""
        first, second, third, fourth = (each.holds(columns(each.column)) for each in self.conditions)
        return first & second & (third | ~fourth)

    def cel(self, prefix: str, literal: Callable[[int], str]) -> str:
        """The rule about customers whose attributes are `prefix` and a number, with bounds as `literal` writes them."""
        first, second, third, fourth = (
            f"customer.{prefix}{each.column} {each.sign} {literal(each.bound)}" for each in self.conditions
        )
        return f"{first} && {second} && ({third} || !({fourth}))"


def segments() -> tuple[Segment, ...]:
    """The segments, the same in every run; bounds are those that tell values of 0 to 99 apart."""
    random = np.random.default_rng(SEED)
    return tuple(_segment(random, f"segment{index:02d}") for index in range(SEGMENTS))


def _segment(random: np.random.Generator, name: str) -> Segment:
    signs, columns = list(COMPARE), random.permutation(COLUMNS)
    first, second, third, fourth = (
        Condition(int(column), signs[int(random.integers(len(signs)))], int(random.integers(20, 80)))
        for column in columns[:4]
    )
    return Segment(name, (first, second, third, fourth))


def whole_numbers(rows: int) -> tuple[Values, ...]:
    """Columns of whole numbers from 0 to 99, which fit every width."""
    random = np.random.default_rng(SEED)
    return tuple(random.integers(0, 100, rows) for _ in range(COLUMNS))


def doubles(rows: int) -> tuple[Values, ...]:
    """Columns of doubles from 0 to 100."""
    random = np.random.default_rng(SEED)
    return tuple(random.uniform(0.0, 100.0, rows) for _ in range(COLUMNS))


def expected_planes(columns: tuple[Values, ...]) -> Planes:
    """Who is in which segment, by NumPy: uint64[segments, words], a bit a row."""
    return np.stack([pack(segment.holds(lambda column: columns[column])) for segment in segments()])


def polars_expressions(prefix: str) -> list[pl.Expr]:
    """How many rows each segment has, as an expression each."""
    import polars as pl  # noqa: PLC0415 - only where the environment has said how many threads it may have

    return [segment.holds(lambda column: pl.col(f"{prefix}{column}")).sum().alias(segment.id) for segment in segments()]
