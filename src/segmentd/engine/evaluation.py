"""What an evaluation gives: counts, planes and the values of computed attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import LINE_WORDS, Plane, word_count
from segmentd.schema import DataType

Planes = npt.NDArray[np.uint64]

CACHE_BYTES: Final = 8 << 20
"""Planes of more bytes are not read again from a cache, most likely."""


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
    """Planes for an evaluation's results: uint64[segments, words] of members and of unknowns.

    Memory that is used for the first time takes longer than the evaluation; who asks again and again keeps it. Large
    planes begin at cache lines, so they may lie apart; smaller ones are contiguous.
    """

    def __init__(self, segments: int, rows: int) -> None:
        words = word_count(rows)
        self.is_large: Final = segments * words * 8 > CACHE_BYTES
        self.row_words: Final = -(-words // LINE_WORDS) * LINE_WORDS if self.is_large else words
        self.members: Final[Planes] = _planes(segments, words, self.row_words)
        self.unknowns: Final[Planes] = _planes(segments, words, self.row_words)
        self._shape = segments, rows
        self._written = np.zeros(segments, np.bool_)
        """The segments of whose unknowns something was written."""

    def prepare(self, segments: int, rows: int, undecided: npt.NDArray[np.bool_]) -> None:
        """Make ready for a program that writes unknowns of the segments bool[segments]. ValueError for other sizes."""
        if (segments, rows) != self._shape:
            given, wanted = "{} segments and {} rows".format(*self._shape), f"{segments} and {rows}"
            raise ValueError(f"buffers of {given} were given for results of {wanted}")
        for segment in np.flatnonzero(self._written & ~undecided):
            self.unknowns[segment] = 0
        self._written = undecided


def _planes(segments: int, words: int, row_words: int) -> Planes:
    """Zeros; large ones take no memory until they are written."""
    given = np.zeros(segments * row_words + LINE_WORDS, np.uint64)
    first = -(given.ctypes.data // 8) % LINE_WORDS
    return given[first : first + segments * row_words].reshape(segments, row_words)[:, :words]


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
