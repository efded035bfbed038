"""Rows for kernels: whole words of them, all pairs of edges first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import unpack

WORD = 64


def pairs(
    left: Sequence[Any], right: Sequence[Any], dtype: npt.DTypeLike, right_dtype: npt.DTypeLike | None = None
) -> tuple[Any, Any]:
    """Every pair of values as two columns, filled up to whole words with the first pair."""
    every = list(product(left, right))
    every += [every[0]] * (-len(every) % WORD)
    first, second = zip(*every, strict=True)
    return readonly(np.array(first, dtype)), readonly(np.array(second, right_dtype or dtype))


def singles(values: Sequence[Any], dtype: npt.DTypeLike) -> Any:
    """The values as a column, filled up to whole words with the first one."""
    return readonly(np.array([*values, *[values[0]] * (-len(values) % WORD)], dtype))


def readonly(array: Any) -> Any:
    """The array as kernels meet it: not writeable."""
    array.flags.writeable = False
    return array


def words(column: Any) -> int:
    """The words of the column's rows."""
    return len(column) // WORD


def plane(column: Any) -> npt.NDArray[np.uint64]:
    """An output plane of the column's rows, full of ones: a kernel has to write every bit."""
    return np.full(words(column), ~np.uint64(0))


def bits(written: npt.NDArray[np.uint64]) -> list[bool]:
    """The plane's rows."""
    return [bool(bit) for bit in unpack(written, len(written) * WORD)]


def results(out: Any, failed: npt.NDArray[np.uint64]) -> list[int | None]:
    """What a kernel computed, None where it says that it failed."""
    return [None if wrong else int(value) for value, wrong in zip(out, bits(failed), strict=True)]
