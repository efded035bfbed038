"""What an evaluation gives: counts, planes and the values of computed attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import Plane, word_count
from segmentd.schema import DataType

Planes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class ComputedValues:
    """The values of a computed attribute, by row.

    bool, int64 (DECIMAL in minor units; TIMESTAMP, DATE and DURATION in microseconds) or float64 arrays, or an Arrow
    array of strings or lists. Where `present` is 0 they mean nothing; `unknown` is 1 where the expression failed, and a
    row that is neither is missing.
    """

    id: str
    type: DataType
    values: Any
    present: Plane
    unknown: Plane


class PlaneBuffers:
    """Planes of an evaluation that are written again and again: uint64[segments, words] for each.

    The memory is used once when they are made, so that no evaluation pays for that.
    """

    def __init__(self, members: Planes, unknowns: Planes) -> None:
        self.members = members
        self.unknowns = unknowns
        self._used: npt.NDArray[np.bool_] = np.zeros(len(unknowns), np.bool_)

    @classmethod
    def of(cls, segments: int, rows: int) -> Self:
        """Buffers for so many segments and rows."""
        shape = (segments, word_count(rows))
        return cls(np.full(shape, 0, np.uint64), np.full(shape, 0, np.uint64))

    def prepare(self, shape: tuple[int, int], undecided: npt.NDArray[np.bool_]) -> None:
        """Make ready for a program: bool[segments] says for which it writes unknowns. ValueError for another shape."""
        if self.members.shape != shape or self.unknowns.shape != shape:
            raise ValueError(f"planes of shape {self.members.shape} were given for results of shape {shape}")
        self.unknowns[self._used & ~undecided] = 0
        self._used = undecided


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The answer for a range of rows, by the segments of the program.

    `member_counts` and `unknown_counts` int64[segments]; `members` and `unknowns` uint64[segments, words], a bit a row
    from the first of the range, or None if only counts were asked for. `absent`: nullable attributes that were read and
    have no column.
    """

    rows: int
    member_counts: npt.NDArray[np.int64]
    unknown_counts: npt.NDArray[np.int64]
    members: Planes | None
    unknowns: Planes | None
    computed: tuple[ComputedValues, ...]
    absent: tuple[str, ...]
