"""Planes, word by word: a bit a row, 64 rows a word. `out` is the caller's and may alias an operand."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel
from segmentd.kernels.lanes import count_ones


@inline_kernel
def fill_plane(word: Any, words: int, out: Any) -> None:
    """The same word everywhere."""
    for index in range(words):
        out[index] = word


@inline_kernel
def copy_plane(source: Any, words: int, out: Any) -> None:
    """A copy."""
    for index in range(words):
        out[index] = source[index]


@inline_kernel
def count_plane(plane: Any, words: int, last_word: Any) -> Any:
    """How many rows are in it; of the last word only the bits of `last_word` count."""
    count = np.uint64(0)
    for index in range(words - 1):
        count += count_ones(plane[index])
    return np.int64(count + count_ones(plane[words - 1] & last_word))


@inline_kernel
def emit_plane(plane: Any, words: int, last_word: Any, out: Any) -> None:
    """A copy with the bits past the last row cleared."""
    for index in range(words):
        out[index] = plane[index]
    out[words - 1] &= last_word
