"""Codes of a column: every value replaced by the number of the class that it is in, kept bit-sliced beside the column.

Conditions on a column tell values apart only so far: those between two neighbouring thresholds fulfil the same
comparisons. The number of the range takes a few bits instead of 64, and bit-sliced codes are compared with a bound
by a few operations on planes.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import aligned_words

BLOCK_ROWS: Final = 4_096
"""Rows whose code planes lie together."""

BLOCK_WORDS: Final = BLOCK_ROWS // 64

MAX_CODES: Final = 1 << 16
"""A column of more codes is not worth them."""


class Layout(Protocol):
    """Which values have which code."""

    @property
    def size(self) -> int:
        """The number of codes: they are 0 to `size - 1`."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """The codes of numbers: missing rows have 0 if there are any, then comes NaN if there is any, then the ranges.

    `cuts` ascend and are distinct, int or float as the values are; range `i` holds the values that are at least
    `cuts[i - 1]` and below `cuts[i]`.
    """

    cuts: tuple[int, ...] | tuple[float, ...]
    has_missing: bool
    has_nan: bool

    @property
    def first_range(self) -> int:
        """The code of the values below all cuts."""
        return self.has_missing + self.has_nan

    @property
    def size(self) -> int:
        """The number of codes."""
        return self.first_range + len(self.cuts) + 1

    def find(self, cut: float) -> int | None:
        """The code of the range that begins at a cut, or None if it is none of ours."""
        index = bisect_left(self.cuts, cut)
        if index == len(self.cuts) or self.cuts[index] != cut:
            return None
        return self.first_range + index + 1


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """The codes of a plane that is kept: 1 in its rows, 0 in others. Where no row is in it there is only 0."""

    is_empty: bool

    @property
    def size(self) -> int:
        """The number of codes."""
        return 1 if self.is_empty else 2


@dataclass(frozen=True, slots=True, eq=False)
class Coding:
    """Codes of all rows of a batch: `planes` uint64[blocks, bits, 64], lowest bit first, 0 past the last row.

    `attributes`: whose columns they were made from. A plane of 64 more words lies behind, since kernels read whole
    planes from any word on.
    """

    attributes: tuple[str, ...]
    layout: Layout
    planes: npt.NDArray[np.uint64]

    def __post_init__(self) -> None:
        if self.planes.ndim != 3 or self.planes.shape[1:] != (bit_count(self.layout.size), BLOCK_WORDS):
            raise ValueError(f"codes of {self.layout.size} values cannot have planes {self.planes.shape}")
        if not self.planes.flags.c_contiguous or self.planes.dtype != np.uint64:
            raise ValueError("code planes are contiguous uint64")

    def fits(self, rows: int) -> bool:
        """Whether the planes are those of this many rows."""
        return len(self.planes) == block_count(rows)

    @property
    def bits(self) -> int:
        """Bits of a code."""
        return int(self.planes.shape[1])

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.planes.nbytes + BLOCK_WORDS * 8


def bit_count(size: int) -> int:
    """The bits that so many codes take: none where there is one code only."""
    return (size - 1).bit_length()


def block_count(rows: int) -> int:
    """The blocks of so many rows."""
    return -(-rows // BLOCK_ROWS)


def empty_planes(rows: int, size: int) -> npt.NDArray[np.uint64]:
    """Planes to be filled, of the shape that `Coding` asks for, with the spare words behind."""
    blocks, bits = block_count(rows), bit_count(size)
    words = aligned_words((blocks * bits + 1) * BLOCK_WORDS)
    words[-BLOCK_WORDS:] = 0
    return words[:-BLOCK_WORDS].reshape(blocks, bits, BLOCK_WORDS)
