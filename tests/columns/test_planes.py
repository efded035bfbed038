"""Planes, against lists of booleans."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns import planes

LENGTHS = (0, 1, 2, 7, 8, 9, 63, 64, 65, 127, 128, 4095, 4096, 4097)
lengths = st.sampled_from(LENGTHS)
seeds = st.integers(0, 2**32 - 1)


def draw_bits(rows: int, seed: int) -> list[bool]:
    """Some booleans."""
    return [bool(bit) for bit in np.random.default_rng(seed).integers(0, 2, rows)]


def words_of(bits: list[bool]) -> list[int]:
    """The words of a plane, by its definition."""
    words = [0] * ((len(bits) + 63) // 64)
    for row, bit in enumerate(bits):
        words[row // 64] |= int(bit) << (row % 64)
    return words


def bytes_of(bits: list[bool]) -> bytes:
    """The bytes of a bitmap, by its definition."""
    bitmap = bytearray((len(bits) + 7) // 8)
    for row, bit in enumerate(bits):
        bitmap[row // 8] |= int(bit) << (row % 8)
    return bytes(bitmap)


@given(lengths, seeds)
def test_packing_sets_the_bit_of_each_row_and_no_other(rows: int, seed: int) -> None:
    """`pack` gives the words of the definition, and `unpack` and `popcount` read them back."""
    bits = draw_bits(rows, seed)
    plane = planes.pack(np.array(bits, dtype=np.bool_))
    assert plane.tolist() == words_of(bits)
    assert planes.unpack(plane, rows).tolist() == bits
    assert planes.popcount(plane) == sum(bits)


@given(lengths, st.integers(0, 200), st.integers(0, 20), seeds)
def test_a_bitmap_can_begin_at_any_bit(rows: int, offset: int, extra: int, seed: int) -> None:
    """`from_bitmap` reads the rows from any offset, ignores what follows, and leaves the tail zero."""
    bits = draw_bits(offset + rows + extra, seed)
    plane = planes.from_bitmap(bytes_of(bits), rows, offset=offset)
    assert plane.tolist() == words_of(bits[offset : offset + rows])


@pytest.mark.parametrize(("rows", "offset", "size"), [(1, 0, 0), (9, 0, 1), (8, 1, 1), (64, 3, 8)])
def test_a_bitmap_that_is_too_short_is_refused(rows: int, offset: int, size: int) -> None:
    """Bits that the bitmap does not have are not invented."""
    with pytest.raises(ValueError, match="fewer than"):
        planes.from_bitmap(bytes(size), rows, offset=offset)


@given(lengths)
def test_a_plane_of_ones_has_one_bit_a_row(rows: int) -> None:
    """`ones` and `zeros` have the words of the rows and nothing past them."""
    assert planes.ones(rows).tolist() == words_of([True] * rows)
    assert planes.zeros(rows).tolist() == words_of([False] * rows)


@given(lengths, lengths, lengths, seeds)
def test_a_slice_holds_its_rows_alone(before: int, rows: int, after: int, seed: int) -> None:
    """Cutting at a multiple of 64 gives the plane of those rows, its tail zero, and leaves the whole as it was."""
    start = before // 64 * 64
    bits = draw_bits(start + rows + after, seed)
    plane = planes.pack(np.array(bits, dtype=np.bool_))
    assert planes.slice_plane(plane, start, start + rows).tolist() == words_of(bits[start : start + rows])
    assert plane.tolist() == words_of(bits)


def test_a_slice_inside_a_word_is_refused() -> None:
    """A plane can be cut between words only."""
    with pytest.raises(ValueError, match="multiples of 64"):
        planes.slice_plane(planes.ones(200), 1, 100)


@given(lengths, st.lists(st.integers(0, 5000), max_size=3))
def test_the_first_zero_is_the_first_row_without_a_bit(rows: int, zeros: list[int]) -> None:
    """`first_zero` is the smallest row whose bit is zero; the tail does not count."""
    bits = [row not in zeros for row in range(rows)]
    expected = bits.index(False) if False in bits else None
    assert planes.first_zero(planes.pack(np.array(bits, dtype=np.bool_)), rows) == expected
