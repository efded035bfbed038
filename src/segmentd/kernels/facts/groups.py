"""Balances of groups: counts, exact sums, least and greatest, by planes or by codes.

Kernels take addresses of inputs, which may be read-only; the caller vouches for the memory. `values` are int64, 0 where
the balance is not known; `known` and `unknown` are planes of the rows that are there. A sum that leaves int64 wraps,
and its `carries` say how often: the sum is `sums + carries * 2**64`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import BLOCK_WORDS, inline_kernel, kernel
from segmentd.kernels.facts.groups_lanes import sum_lanes
from segmentd.kernels.lanes import int32_at, int64_at, uint64_at
from segmentd.kernels.members.bits import ones_of, trailing_zeros

_SAFE = 1 << 50
"""4,096 values no farther from 0 than this add up to an int64."""

MOST = np.int64(2**63 - 1)
"""Least of nothing."""

LEAST = np.int64(-(2**63))
"""Greatest of nothing."""

_ALL = ~np.uint64(0)
FEW = 2
"""Ones a word up to which they are added one by one."""

_LOW = np.uint64(0xFFFF_FFFF)
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_NONE = np.uint64(0)


@inline_kernel
def add_exactly(sums: Any, carries: Any, group: Any, value: Any) -> None:
    """Add a value to the sum of a group, and note where it wraps."""
    before = sums[group]
    after = before + value
    sums[group] = after
    if (before ^ after) & (value ^ after) < 0:
        carries[group] += -1 if value < 0 else 1


@inline_kernel
def add_square(squares: Any, group: Any, value: Any) -> None:
    """Add the square of a value to `squares[group]`, three uint64, the lowest first."""
    size = np.uint64(-value) if value < 0 else np.uint64(value)
    high, low = size >> _HALF, size & _LOW
    product, above = low * low, _NONE
    if high:
        cross = high * low
        shifted = cross << np.uint64(33)
        product += shifted
        above = high * high + (cross >> np.uint64(31))
        if product < shifted:
            above += _ONE
    total = squares[group, 0] + product
    squares[group, 0] = total
    if total < product:
        above += _ONE
    if above:
        total = squares[group, 1] + above
        squares[group, 1] = total
        if total < above:
            squares[group, 2] += _ONE


@inline_kernel
def limits_of_block(values: int, there: int, words: Any, rows: Any) -> Any:
    """The least and the greatest known value of a block; the greatest is the lesser where none is known."""
    given, known = int64_at(values, rows), uint64_at(there, words)
    low, high = MOST, LEAST
    for word in range(words):
        mask = known[word]
        if mask == _ALL:
            # From 0 on, as all loops over words here: Numba asks of other indexes whether they are negative, and then
            # LLVM gathers values one by one.
            whole = int64_at(values + 512 * word, 64)
            for place in range(64):
                low, high = min(low, whole[place]), max(high, whole[place])
            continue
        while mask:
            value = given[word * 64 + trailing_zeros(mask)]
            low, high = min(low, value), max(high, value)
            mask &= mask - _ONE
    return low, high


@inline_kernel
def choose_words(plane: int, known: int, chosen: int, words: Any) -> Any:
    """Write the words of a plane's known rows, and return how many ones they have."""
    bits, there, out = uint64_at(plane, words), uint64_at(known, words), uint64_at(chosen, words)
    ones = 0
    for word in range(words):
        mask = bits[word] & there[word]
        out[word] = mask
        ones += ones_of(mask)
    return ones


@inline_kernel
def count_words(plane: int, unknown: int, words: Any) -> Any:
    """How many ones a plane and another have in common."""
    bits, lacking = uint64_at(plane, words), uint64_at(unknown, words)
    ones = 0
    for word in range(words):
        ones += ones_of(bits[word] & lacking[word])
    return ones


@kernel
def summarise_planes(
    planes: int,
    row_words: int,
    known: int,
    unknown: int,
    values: int,
    rows: int,
    first_block: int,
    stop_block: int,
    chosen: int,
    counts: Any,
    unknowns: Any,
    sums: Any,
    carries: Any,
    least: Any,
    greatest: Any,
) -> None:
    """Add to the results of each plane those of some blocks of 4,096 of its rows; `planes` lie `row_words` apart.

    All planes meet a block's values while they are in the first cache. Least and greatest are looked for only where the
    block has lesser or greater values than the plane so far. At `chosen` is scratch of 64 words.
    """
    number, words = counts.shape[0], (rows + 63) // 64
    for block in range(first_block, stop_block):
        first = block * BLOCK_WORDS
        size = min(BLOCK_WORDS, words - first)
        rows_left = min(size * 64, rows - first * 64)
        there, lacking, base = known + 8 * first, unknown + 8 * first, values + 512 * first
        given, masks = int64_at(base, rows_left), uint64_at(chosen, size)
        low, high = limits_of_block(base, there, size, rows_left)
        is_safe, whole = low > -_SAFE and high < _SAFE, rows_left // 64
        has_unknown = count_words(lacking, lacking, size) > 0
        for plane in range(number):
            own = planes + 8 * (plane * row_words + first)
            if has_unknown:
                unknowns[plane] += count_words(own, lacking, size)
            ones = choose_words(own, there, chosen, size)
            if ones == 0:
                continue
            counts[plane] += ones
            in_vectors = whole if is_safe and ones > FEW * size else 0
            if in_vectors:
                add_exactly(sums, carries, plane, sum_lanes(base, chosen, in_vectors))
            for word in range(in_vectors, size):
                mask = masks[word]
                while mask:
                    add_exactly(sums, carries, plane, given[word * 64 + trailing_zeros(mask)])
                    mask &= mask - _ONE
            if low < least[plane] or high > greatest[plane]:
                smallest, largest = least[plane], greatest[plane]
                for word in range(size):
                    mask = masks[word]
                    while mask:
                        value = given[word * 64 + trailing_zeros(mask)]
                        smallest, largest = min(smallest, value), max(largest, value)
                        mask &= mask - _ONE
                least[plane], greatest[plane] = smallest, largest


@kernel
def summarise_codes(
    plane: int,
    known: int,
    unknown: int,
    values: int,
    codes: int,
    rows: int,
    first_word: int,
    stop_word: int,
    counts: Any,
    unknowns: Any,
    sums: Any,
    carries: Any,
    least: Any,
    greatest: Any,
    squares: Any,
) -> None:
    """Add to the results of each group those of some words of a plane's rows; `codes` int32 are the rows' groups.

    `squares` uint64[groups, 3] are left alone where they have no groups.
    """
    words = (rows + 63) // 64
    bits, given, group_of = uint64_at(plane, words), int64_at(values, rows), int32_at(codes, rows)
    there, lacking = uint64_at(known, words), uint64_at(unknown, words)
    has_squares = squares.shape[0] > 0
    for word in range(first_word, stop_word):
        mask = bits[word] & there[word]
        while mask:
            # Unsigned: nobody has to ask whether they are negative.
            row = np.uint64(word * 64 + trailing_zeros(mask))
            mask &= mask - _ONE
            group, value = np.uint64(group_of[row]), given[row]
            counts[group] += 1
            add_exactly(sums, carries, group, value)
            least[group] = min(least[group], value)
            greatest[group] = max(greatest[group], value)
            if has_squares:
                add_square(squares, group, value)
        mask = bits[word] & lacking[word]
        while mask:
            unknowns[group_of[word * 64 + trailing_zeros(mask)]] += 1
            mask &= mask - _ONE


@kernel
def add_sums(given: Any, given_carries: Any, sums: Any, carries: Any) -> None:
    """Add sums to sums, and their carries."""
    for group in range(sums.shape[0]):
        carries[group] += given_carries[group]
        add_exactly(sums, carries, group, given[group])


@kernel
def add_squares(given: Any, squares: Any) -> None:
    """Add sums of squares to sums of squares, uint64[groups, 3] both."""
    for group in range(squares.shape[0]):
        carry = _NONE
        for word in range(3):
            total = squares[group, word] + given[group, word]
            over = _ONE if total < given[group, word] else _NONE
            total += carry
            if total < carry:
                over += _ONE
            squares[group, word] = total
            carry = over
