"""Planes: a bit per row in 64-bit words, lowest bit first, the bits past the last row zero."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint64]
"""`uint64[ceil(rows / 64)]`; bit `row % 64` of word `row // 64` belongs to `row`; bits past the last row are zero."""

Buffer = bytes | bytearray | memoryview
"""Bytes that NumPy can read in place; a `pyarrow.Buffer` is wrapped in a memoryview first."""

WORD: Final = 64
"""Rows in a word."""

LINE_WORDS: Final = 8
"""Words in a cache line."""


def word_count(rows: int) -> int:
    """The words of a plane of `rows` rows."""
    return -(-rows // WORD)


def byte_count(rows: int) -> int:
    """The bytes of a bitmap of `rows` rows."""
    return -(-rows // 8)


def aligned_words(count: int) -> npt.NDArray[np.uint64]:
    """So many words, of any value, that begin at a cache line: vectors that cross one take twice the time to load."""
    given = np.empty(count + LINE_WORDS, np.uint64)
    first = -(given.ctypes.data // 8) % LINE_WORDS
    return given[first : first + count]


def zeros(rows: int) -> Plane:
    """A plane of zeros."""
    return np.zeros(word_count(rows), dtype=np.uint64)


def ones(rows: int) -> Plane:
    """A plane of ones, zero past the last row."""
    plane = np.full(word_count(rows), ~np.uint64(0), dtype=np.uint64)
    clear_tail(plane, rows)
    return plane


def pack(bools: npt.NDArray[np.bool_]) -> Plane:
    """The plane of a boolean array."""
    plane = zeros(len(bools))
    plane.view(np.uint8)[: byte_count(len(bools))] = np.packbits(bools, bitorder="little")
    return plane


def unpack(plane: Plane, rows: int) -> npt.NDArray[np.bool_]:
    """The boolean array of a plane."""
    return np.unpackbits(plane.view(np.uint8), count=rows, bitorder="little").view(np.bool_)


def popcount(plane: Plane) -> int:
    """The number of ones."""
    return int(np.bitwise_count(plane).sum(dtype=np.int64))


def from_bitmap(bitmap: Buffer, rows: int, *, offset: int = 0) -> Plane:
    """The plane of bits `offset` to `offset + rows` of a bitmap, lowest bit of the first byte first.

    The bitmap may be longer, as the bitmaps of Arrow slices are. ValueError if it is shorter.
    """
    given = np.frombuffer(bitmap, dtype=np.uint8)
    if len(given) < byte_count(offset + rows):
        raise ValueError(f"a bitmap of {len(given)} bytes has fewer than {offset + rows} bits")
    start, shift = divmod(offset, 8)
    plane = zeros(rows)
    used = given[start : start + byte_count(shift + rows)]
    plane.view(np.uint8)[: byte_count(rows)] = _shift_down(used, shift)[: byte_count(rows)]
    clear_tail(plane, rows)
    return plane


def slice_plane(plane: Plane, start: int, stop: int) -> Plane:
    """The rows `start` to `stop`. `start` is a multiple of 64; copies only where a tail has to be cleared."""
    if start % WORD:
        raise ValueError(f"a plane can be cut at multiples of {WORD}, not at {start}")
    cut = plane[start // WORD : word_count(stop)]
    if has_clear_tail(cut, stop - start):
        return cut
    cut = cut.copy()
    clear_tail(cut, stop - start)
    return cut


def clear_tail(plane: Plane, rows: int) -> None:
    """Set the bits past the last row to zero, in place."""
    if rows % WORD:
        plane[-1] &= _tail_mask(rows)


def has_clear_tail(plane: Plane, rows: int) -> bool:
    """Whether the bits past the last row are zero."""
    return rows % WORD == 0 or int(plane[-1] & ~_tail_mask(rows)) == 0


def first_zero(plane: Plane, rows: int) -> int | None:
    """The first row whose bit is zero, or None."""
    words = np.flatnonzero(~plane)
    if len(words) == 0:
        return None
    word = int(words[0])
    inverted = ~int(plane[word]) & 0xFFFF_FFFF_FFFF_FFFF
    row = word * WORD + (inverted & -inverted).bit_length() - 1
    return row if row < rows else None


def _tail_mask(rows: int) -> np.uint64:
    return np.uint64((1 << (rows % WORD)) - 1)


def _shift_down(given: npt.NDArray[np.uint8], shift: int) -> npt.NDArray[np.uint8]:
    """The bytes without their first `shift` bits, 0 to 7."""
    if shift == 0:
        return given
    shifted = given >> np.uint8(shift)
    shifted[:-1] |= given[1:] << np.uint8(8 - shift)
    return shifted
