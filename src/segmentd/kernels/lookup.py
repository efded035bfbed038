"""Look-ups by dictionary code. Codes were checked against the table's length when their column was made."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel


@inline_kernel
def lookup_bits(codes: Any, flags: Any, bit: int, words: int, out: Any) -> None:
    """A plane of one bit of the flags of each row's code."""
    shift = np.uint64(bit)
    for word in range(words):
        bits = np.uint64(0)
        for lane in range(64):
            bits |= ((np.uint64(flags[codes[word * 64 + lane]]) >> shift) & np.uint64(1)) << np.uint64(lane)
        out[word] = bits


@inline_kernel
def lookup_values(codes: Any, table: Any, rows: int, out: Any) -> None:
    """The table's value for each row's code."""
    for row in range(rows):
        out[row] = table[codes[row]]
