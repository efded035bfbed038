"""Planes by row: a word per 64 planes for each row, from a word per 64 rows for each plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.lanes import uint64_at
from segmentd.kernels.members.bits import ones_of, put_varint, trailing_zeros

TILE_WORDS = 8
"""Words of a plane that are read at a time: a cache line, so that no line is read twice."""


@inline_kernel
def transpose_square(square: Any) -> None:
    """Bit `i` of word `j` and bit `j` of word `i` change places, for all of 64 words (Hacker's Delight, 7-3)."""
    step, mask = 32, np.uint64(0x00000000FFFFFFFF)
    while step:
        shift = np.uint64(step)
        for pair in range(32):
            upper = (pair & -step) * 2 + (pair & (step - 1))
            swapped = ((square[upper] >> shift) ^ square[upper + step]) & mask
            square[upper + step] ^= swapped
            square[upper] ^= swapped << shift
        step >>= 1
        mask ^= mask << np.uint64(step)


@inline_kernel
def read_tile(planes: Any, words: int, first: int, last: int, tile: Any) -> None:
    """The words `first` to `last`, 8 at most, of each plane, by row: `tile[8, ceil(planes / 64), 64 rows]`."""
    tile[:] = 0
    for plane in range(planes.shape[0] // max(words, 1)):
        group, place = plane // 64, plane % 64
        for word in range(first, last):
            tile[word - first, group, place] = planes[plane * words + word]
    for word in range(last - first):
        for group in range(tile.shape[1]):
            ones = np.uint64(0)
            for place in range(64):
                ones |= tile[word, group, place]
            if ones:
                transpose_square(tile[word, group])


@kernel
def write_lists(planes: int, segments: int, rows: int, tile: Any, ends: Any, entries: Any) -> Any:
    """Each row's planes as protobuf's packed numbers: where its list ends, and the lists one after the other.

    `ends` has room for 10 bytes a row, `entries` for 2 a one, plus 8 each. Returned are the bytes used of both.
    """
    words = (rows + 63) // 64
    given = uint64_at(planes, segments * words)
    listed, ends_size, size = 0, 0, 0
    for first in range(0, words, TILE_WORDS):
        last = min(first + TILE_WORDS, words)
        read_tile(given, words, first, last, tile)
        for row in range(first * 64, min(last * 64, rows)):
            for group in range(tile.shape[1]):
                word = tile[row // 64 - first, group, row % 64]
                listed += ones_of(word)
                while word:
                    segment = group * 64 + trailing_zeros(word)
                    word &= word - np.uint64(1)
                    size = put_varint(entries, size, segment)
            ends_size = put_varint(ends, ends_size, listed)
    return ends_size, size
