"""Roaring bitmaps in the portable format, straight from planes (RoaringFormatSpec)."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.lanes import uint64_at
from segmentd.kernels.members.bits import ones_of, store_word, trailing_zeros

COOKIE = 12346
"""Of a bitmap without containers of runs."""

COOKIE_WITH_RUNS = 12347

CONTAINER_ROWS = 1 << 16
CONTAINER_WORDS = CONTAINER_ROWS // 64
CONTAINER_BYTES = CONTAINER_ROWS // 8
LISTED_ROWS = 4096
"""A container of up to so many rows lists them, two bytes each; one of more has a bit a row."""

UNPLACED = 4
"""Fewer containers than these, some of them of runs, come without their offsets."""


@kernel
def write_bitmaps(
    planes: Any, rows: Any, first_row: Any, words: Any, found: Any, out: Any, out_at: Any, ends: Any
) -> None:
    """The bitmaps of planes of `rows` rows from `first_row` on, one after the other; each ends at `ends[plane + 1]`.

    `planes` are addresses. Scratch: `words` uint64[1024], `found` int64[containers touched, 2]. `out`, at the address
    `out_at`, has room for what containers of lists and bits take, and 8 bytes a bitmap and a container.
    """
    first, last = first_row >> 16, (first_row + rows + CONTAINER_ROWS - 1) >> 16
    ends[0] = 0
    for index in range(planes.shape[0]):
        plane, at = uint64_at(planes[index], (rows + 63) >> 6), ends[index]
        containers, of_runs, offset, written = 0, 0, 0, 0
        # First all containers are counted, then the same loop writes them.
        for is_written in range(2):
            if is_written:
                header = put_header(containers, of_runs, out, at)
                offset = header + (4 if of_runs == 0 or containers >= UNPLACED else 0) * containers - at
            for key in range(first, last):
                if is_written and found[key - first, 0] == 0:
                    continue
                start = (key << 16) - first_row
                low, high = max(0, -start >> 6), min(CONTAINER_WORDS, (rows - start + 63) >> 6)
                load_container(plane, start, low, high, words)
                if not is_written:
                    ones, runs = count_container(low, high, words)
                    found[key - first, 0], found[key - first, 1] = ones, runs
                    containers += ones > 0
                    of_runs += ones > 0 and is_of_runs(ones, runs)
                    continue
                ones, runs = found[key - first, 0], found[key - first, 1]
                put_16(out, header - 4 * (containers - written), key)
                put_16(out, header - 4 * (containers - written) + 2, ones - 1)
                if of_runs == 0 or containers >= UNPLACED:
                    put_32(out, header + 4 * written, offset)
                if is_of_runs(ones, runs):
                    out[at + 4 + (written >> 3)] |= np.uint8(1 << (written & 7))
                offset = put_container(low, high, words, ones, runs, out, out_at, at + offset) - at
                written += 1
        ends[index + 1] = at + offset


@inline_kernel
def load_container(plane: Any, start: Any, low: Any, high: Any, words: Any) -> None:
    """Of a container that begins at bit `start` of a plane, before its first one perhaps, the words `low` to `high`."""
    index, shift = start >> 6, np.uint64(start & 63)
    for word in range(low, high):
        at = index + word
        bits = plane[at] if at >= 0 else np.uint64(0)
        if shift:
            after = plane[at + 1] if at + 1 < plane.shape[0] else np.uint64(0)
            bits = (bits >> shift) | (after << (np.uint64(64) - shift))
        words[word] = bits


@inline_kernel
def count_container(low: Any, high: Any, words: Any) -> Any:
    """How many ones a container has, and how many runs of ones."""
    ones, runs, before = 0, 0, np.uint64(0)
    for index in range(low, high):
        word = words[index]
        ones += ones_of(word)
        runs += ones_of(word & ~((word << np.uint64(1)) | before))
        before = word >> np.uint64(63)
    return ones, runs


@inline_kernel
def is_of_runs(ones: Any, runs: Any) -> Any:
    """Whether a container is shorter as runs than as a list or as bits."""
    return 2 + 4 * runs < (2 * ones if ones <= LISTED_ROWS else CONTAINER_BYTES)


@inline_kernel
def put_header(containers: Any, of_runs: Any, out: Any, at: Any) -> Any:
    """What a bitmap begins with, no container marked as one of runs; returned is the place behind keys and counts."""
    put_32(out, at, COOKIE_WITH_RUNS | (containers - 1) << 16 if of_runs else COOKIE)
    put_32(out, at + 4, containers if of_runs == 0 else 0)
    flags = (containers + 7) >> 3 if of_runs else 4
    for byte in range(4, flags):
        out[at + 4 + byte] = 0
    return at + 4 + flags + 4 * containers


@inline_kernel
def put_container(low: Any, high: Any, words: Any, ones: Any, runs: Any, out: Any, out_at: Any, at: Any) -> Any:
    """The rows of a container, in the shortest way: a list, a bit each, or runs; returned is the place behind them."""
    as_runs = is_of_runs(ones, runs)
    if ones > LISTED_ROWS and not as_runs:
        for index in range(CONTAINER_WORDS):
            word = words[index] if low <= index < high else np.uint64(0)
            store_word(out_at + at + 8 * index, word)
        return at + CONTAINER_BYTES
    if as_runs:
        at = put_16(out, at, runs)
    before, begun = np.uint64(0), 0
    for index in range(low, high):
        word = words[index]
        # Of runs, the edges: where a one follows a zero, or a zero a one.
        rest = word ^ ((word << np.uint64(1)) | before) if as_runs else word
        before = word >> np.uint64(63)
        while rest:
            row = 64 * index + trailing_zeros(rest)
            rest &= rest - np.uint64(1)
            is_one = (word >> np.uint64(row & 63)) & np.uint64(1)
            at = put_16(out, at, row if is_one else row - begun - 1)
            begun = row if is_one else begun
    return put_16(out, at, 64 * high - begun - 1) if as_runs and before else at


@inline_kernel
def put_16(out: Any, at: Any, value: Any) -> Any:
    """A number in two bytes, the lower first; returned is the place behind it."""
    out[at] = np.uint8(value & 255)
    out[at + 1] = np.uint8((value >> 8) & 255)
    return at + 2


@inline_kernel
def put_32(out: Any, at: Any, value: Any) -> Any:
    """A number in four bytes, the lowest first; returned is the place behind it."""
    return put_16(out, put_16(out, at, value & 0xFFFF), value >> 16)
