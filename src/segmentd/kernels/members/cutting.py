"""Planes of other rows: some that follow each other, or rows put at other places; and how often a row is in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import kernel
from segmentd.kernels.lanes import int32_at, int64_at, uint64_at
from segmentd.kernels.members.bits import add_bits, ones_of, trailing_zeros


@kernel
def cut_planes(planes: int, words: int, start: int, out: Any, last_word: Any, counts: Any) -> None:
    """The bits of each plane of `words` words from `start` on, as many as `out[planes, words]` takes, and their counts.

    Of the last word of `out` only the bits of `last_word` are kept.
    """
    given = uint64_at(planes, out.shape[0] * words)
    first, shift = start // 64, np.uint64(start % 64)
    wanted = out.shape[1]
    for plane in range(out.shape[0]):
        source, ones = plane * words + first, 0
        for word in range(wanted):
            bits = given[source + word] >> shift
            if shift and first + word + 1 < words:
                bits |= given[source + word + 1] << (np.uint64(64) - shift)
            if word == wanted - 1:
                bits &= last_word
            out[plane, word] = bits
            ones += ones_of(bits)
        counts[plane] = ones


@kernel
def spread_planes(planes: int, words: int, rows: int, count: int, out: Any) -> None:
    """Set in each plane of `out` the bit of row `rows[i]` where bit `i` of `count` is one; `rows` are int64."""
    given, targets = uint64_at(planes, out.shape[0] * words), int64_at(rows, count)
    for plane in range(out.shape[0]):
        for index in range(words):
            word = given[plane * words + index]
            while word:
                row = targets[index * 64 + trailing_zeros(word)]
                out[plane, row // 64] |= np.uint64(1) << np.uint64(row % 64)
                word &= word - np.uint64(1)


@kernel
def count_by_row(planes: int, segments: int, words: int, counts: int) -> None:
    """Add to uint16 at `counts`, one a bit of every word, in how many of the planes, fewer than 65,536, a row is."""
    given = uint64_at(planes, segments * words)
    for plane in range(segments):
        for index in range(words):
            word = given[plane * words + index]
            if word:
                add_bits(counts + 128 * index, word)


@kernel
def add_up_sizes(counts: Any, ends: int, each_entry: int, each_row: int, entry_texts: int, out: Any) -> None:
    """How many bits the rows up to each take: `each_row`, and `each_entry` as often as `counts` say.

    With `ends`, which are not 0 then, also the text of the row, between two int32 there: once an entry with
    `entry_texts` 1, else once.
    """
    rows = out.shape[0]
    limits, total = int32_at(ends, rows + 1), np.int64(0)
    for row in range(rows):
        entries = np.int64(counts[row])
        total += entries * each_entry + each_row
        if ends:
            text = 8 * np.int64(limits[row + 1] - limits[row])
            total += text * entries if entry_texts else text
        out[row] = total
