"""Members out of planes: the rows of the ones, and the numbers and texts that belong to those rows.

Kernels take addresses: of planes of `rows` rows (whole words, one plane after the other in the output), of values, of
Arrow's int32 ends and bytes. They write no further than they are told, so that threads can share an output.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.lanes import int32_at, int64_at, uint64_at
from segmentd.kernels.members.bits import (
    POSITIONS,
    compress_8_words,
    compress_16_halves,
    copy_bytes,
    copy_short,
    long_lengths,
    ones_of,
    store_positions,
    sum_lengths,
    trailing_zeros,
    uint32_at,
    varint_size,
)

_ALL = ~np.uint64(0)


@kernel
def count_parts(plane: int, words: int, part_words: int, counts: Any) -> None:
    """How many ones each part of a plane has, of so many words but for the last: `counts` int64[parts]."""
    bits = uint64_at(plane, words)
    for part in range(counts.shape[0]):
        ones = 0
        for index in range(part * part_words, min((part + 1) * part_words, words)):
            ones += ones_of(bits[index])
        counts[part] = ones


@kernel
def scan_rows(planes: Any, rows: int, first_row: int, out: int, count: int) -> None:
    """The rows of the planes' `count` ones, as uint32 at `out`; their first bit is row `first_row`.

    A byte at a time without branches: eight rows are stored, and the next eight overwrite those that were none.
    """
    words, found, done = (rows + 63) // 64, uint32_at(out, count), 0
    for plane in range(planes.shape[0]):
        bits = uint64_at(planes[plane], words)
        for index in range(words):
            word, row = bits[index], first_row + index * 64
            if word == 0:
                continue
            if done + 64 <= count:
                for place in range(0, 64, 8):
                    byte = (word >> np.uint64(place)) & np.uint64(255)
                    store_positions(out + 4 * done, POSITIONS[byte], row + place)
                    done += ones_of(byte)
            else:
                while word and done < count:
                    found[done] = row + trailing_zeros(word)
                    done += 1
                    word &= word - np.uint64(1)


@kernel
def take_words(plane: int, rows: int, values: int, out: int, count: int) -> None:
    """The 8-byte values of those of `rows` rows that are the plane's `count` ones."""
    words = (rows + 63) // 64
    bits, given, taken, done = uint64_at(plane, words), int64_at(values, rows), int64_at(out, count), 0
    for index in range(words):
        word, row = bits[index], index * 64
        if word == 0:
            continue
        if done + 64 <= count and row + 64 <= rows:
            for place in range(0, 64, 8):
                byte = (word >> np.uint64(place)) & np.uint64(255)
                compress_8_words(out + 8 * done, values + 8 * (row + place), byte)
                done += ones_of(byte)
        else:
            while word and done < count:
                taken[done] = given[row + trailing_zeros(word)]
                done += 1
                word &= word - np.uint64(1)


@kernel
def take_halves(plane: int, rows: int, values: int, out: int, count: int) -> None:
    """As `take_words`, of 4-byte values."""
    words = (rows + 63) // 64
    bits, given, taken, done = uint64_at(plane, words), int32_at(values, rows), int32_at(out, count), 0
    for index in range(words):
        word, row = bits[index], index * 64
        if word == 0:
            continue
        if done + 64 <= count and row + 64 <= rows:
            for place in range(0, 64, 16):
                some = (word >> np.uint64(place)) & np.uint64(0xFFFF)
                compress_16_halves(out + 4 * done, values + 4 * (row + place), some)
                done += ones_of(some)
        else:
            while word and done < count:
                taken[done] = given[row + trailing_zeros(word)]
                done += 1
                word &= word - np.uint64(1)


@inline_kernel
def measure_texts(plane: int, rows: int, ends: int, tagged: int) -> int:
    """The bytes of the texts of those of `rows` rows that are the plane's ones.

    Text `i` lies between the int32 numbers `i` and `i + 1` at `ends`. With `tagged` 1, the bytes of protobuf's repeated
    strings: each text has a byte and its length before it.
    """
    words = (rows + 63) // 64
    bits, limits, size = uint64_at(plane, words), int32_at(ends, rows + 1), 0
    for index in range(words):
        word, row = bits[index], index * 64
        if word == 0:
            continue
        if row + 64 <= rows and not (tagged and long_lengths(ends + 4 * row) & word):
            size += sum_lengths(ends + 4 * row, word) + 2 * tagged * ones_of(word)
            continue
        while word:
            at = row + trailing_zeros(word)
            length = limits[at + 1] - limits[at]
            size += length + tagged * (1 + varint_size(length))
            word &= word - np.uint64(1)
    return size


@kernel
def sum_texts(planes: Any, rows: int, ends: int) -> int:
    """The bytes of the texts of the planes' ones; `ends` as for `measure_texts`."""
    size = 0
    for plane in range(planes.shape[0]):
        size += measure_texts(planes[plane], rows, ends, 0)
    return size


@kernel
def take_texts(
    planes: Any, rows: int, ends: int, data: int, data_size: int, first: int, out_ends: int, out: int, out_size: int
) -> None:
    """The texts of the planes' ones, from the byte `first` of `out` on and not past `out_size`.

    `ends` as for `measure_texts`, counted in the `data_size` bytes at `data`. At `out_ends` stands where each text that
    is taken ends in `out`, an int32 a text.
    """
    words = (rows + 63) // 64
    limits, taken, done, at = int32_at(ends, rows + 1), int32_at(out_ends, rows * planes.shape[0]), 0, first
    for plane in range(planes.shape[0]):
        bits = uint64_at(planes[plane], words)
        for index in range(words):
            word, row = bits[index], index * 64
            if word == 0:
                continue
            start, end = limits[row], limits[min(row + 64, rows)]
            if word == _ALL:
                copy_bytes(out + at, data + start, end - start)
                for bit in range(64):
                    taken[done + bit] = limits[row + bit + 1] + (at - start)
                done, at = done + 64, at + (end - start)
                continue
            # What the whole word may take, so that nothing has to be asked for each text.
            is_roomy = at + (end - start) + 16 <= out_size and end + 16 <= data_size
            while word:
                text = row + trailing_zeros(word)
                word &= word - np.uint64(1)
                start = limits[text]
                size = limits[text + 1] - start
                if is_roomy:
                    copy_short(out + at, data + start, size)
                else:
                    copy_bytes(out + at, data + start, size)
                at += size
                taken[done] = at
                done += 1
