"""Logic on the planes of whole blocks agrees with Python's on whole integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from segmentd.kernels.compiler import BLOCK_WORDS, inline_kernel
from segmentd.kernels.program import words

EDGES = (0, 2**64 - 1, 0xF0F0_A5A5_0001_8000, 1, 2**63, 0x0FF0_FFFF_0001_0000, 2**63 + 1, 0x5555_5555_5555_5555)
LEFT = [edge for edge in EDGES for _ in EDGES]
RIGHT = [edge for _ in EDGES for edge in EDGES]
"""Every pair of edges: a block's plane each."""


def column(values: list[int]) -> npt.NDArray[np.uint64]:
    """Words as a plane."""
    return np.array(values, np.uint64)


@inline_kernel
def run_and(left: Any, right: Any, out: Any) -> None:
    """By address, as the interpreter calls it; so the others."""
    words.and_at(left.ctypes.data, right.ctypes.data, out.ctypes.data)


@inline_kernel
def run_or(left: Any, right: Any, out: Any) -> None:
    """Rows in one of them."""
    words.or_at(left.ctypes.data, right.ctypes.data, out.ctypes.data)


@inline_kernel
def run_and_not(left: Any, right: Any, out: Any) -> None:
    """Rows in the first and not in the second."""
    words.and_not_at(left.ctypes.data, right.ctypes.data, out.ctypes.data)


@inline_kernel
def run_not(left: Any, right: Any, out: Any) -> None:  # noqa: ARG001 - as the others are called
    """Rows not in the first."""
    words.not_at(left.ctypes.data, out.ctypes.data)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (run_and, lambda left, right: left & right),
        (run_or, lambda left, right: left | right),
        (run_and_not, lambda left, right: left & ~right & (2**64 - 1)),
        (run_not, lambda left, _: 2**64 - 1 - left),
    ],
    ids=["and", "or", "and_not", "not"],
)
def test_logic(run: Callable[[Any, Any, Any], None], expected: Callable[[int, int], int]) -> None:
    """Each bit follows from the two above it, also when the result takes an operand's place."""
    assert len(LEFT) == BLOCK_WORDS
    wanted = [expected(left, right) for left, right in zip(LEFT, RIGHT, strict=True)]
    left, right, out = column(LEFT), column(RIGHT), column([7] * BLOCK_WORDS)
    run(left, right, out)
    assert [int(word) for word in out] == wanted
    run(left, right, left)
    assert [int(word) for word in left] == wanted
