"""Logic, counts and look-ups on planes agree with Python's on whole integers."""

from __future__ import annotations

import numpy as np
import pytest

from segmentd.kernels.program import lookup, planes
from tests.kernels.rows import bits, singles

LEFT = (0, 2**64 - 1, 0xF0F0_A5A5_0001_8000, 1, 2**63)
RIGHT = (2**64 - 1, 2**64 - 1, 0x0FF0_FFFF_0001_0000, 0, 2**63 + 1)


def column(*words: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Words as a plane."""
    return np.array(words, np.uint64)


def test_copy_and_fill() -> None:
    """A copy and a constant, word by word."""
    out = column(*[7] * 5)
    planes.copy_plane(column(*LEFT), 5, out)
    assert [int(word) for word in out] == list(LEFT)
    planes.fill_plane(np.uint64(9), 5, out)
    assert [int(word) for word in out] == [9] * 5


@pytest.mark.parametrize("last_word", [2**64 - 1, 1, 2**63 - 1])
@pytest.mark.parametrize("count", [1, 3, 5])
def test_the_last_word_is_cut(count: int, last_word: int) -> None:
    """Bits past the last row are neither counted nor emitted."""
    kept = [*LEFT[: count - 1], LEFT[count - 1] & last_word]
    assert planes.count_plane(column(*LEFT), count, np.uint64(last_word)) == sum(word.bit_count() for word in kept)
    out = column(*[7] * count)
    planes.emit_plane(column(*LEFT), count, np.uint64(last_word), out)
    assert [int(word) for word in out] == kept


@pytest.mark.parametrize("size", [4, 63, 64, 65, 300])
def test_lookups(size: int) -> None:
    """Each row takes the flag or the value that stands at its code, from small tables and from large ones."""
    codes = singles([0, size - 1, 1, 2, 2, size - 1, *range(0, size, 7)], np.int32)
    flags = np.array([(code * 7 + code // 3) % 16 for code in range(size)], np.uint8)
    for bit in range(4):
        out = np.full(len(codes) // 64, 7, np.uint64)
        lookup.lookup_bits(codes, flags, bit, len(out), out)
        assert bits(out) == [bool(int(flags[code]) >> bit & 1) for code in codes]
    values = np.array([5, -1, 2**63 - 1, -(2**63), *range(size - 4)], np.int64)
    found = np.zeros(len(codes), np.int64)
    lookup.lookup_values(codes, values, len(codes), found)
    assert list(found) == [values[code] for code in codes]
