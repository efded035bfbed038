"""Cutting text work into spans that are short enough to be cancelled in between, by rows and by bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.language.tree import Call, Constant, Node, walk

Sizes = npt.NDArray[np.int64]
Bounds = npt.NDArray[np.integer[Any]]
"""One more than there are values."""

SPAN_WORK: Final = 1 << 22
"""Bytes of text times parts of a pattern in a span: some ten milliseconds."""
SCALAR_BYTES: Final = 24
MAX_WEIGHT: Final = 1 << 20

_REPETITION: Final = re.compile(r"\{(\d*),?(\d*)\}")


def byte_sizes(values: pa.Array) -> Sizes:
    """The bytes of each value: of a text, of all texts of a list, or of a number."""
    if pa.types.is_string(values.type):
        return np.asarray(pc.binary_length(values).to_numpy(zero_copy_only=False), np.int64)
    if pa.types.is_list(values.type):
        lengths = pc.binary_length(values.flatten()).to_numpy(zero_copy_only=False).astype(np.int64)
        before = np.concatenate(([0], np.cumsum(lengths)))
        offsets: Any = values.offsets.to_numpy() - values.offsets[0].as_py()
        sizes: Sizes = before[offsets[1:]] - before[offsets[:-1]] + np.diff(offsets)
        return sizes
    return np.full(len(values), SCALAR_BYTES, np.int64)


def pattern_weight(node: Node) -> int:
    """How many times the bytes of a text the node may look at: 1, or the size of its regular expressions."""
    patterns = [
        argument.value
        for part in walk(node)
        if isinstance(part, Call) and part.overload.startswith("matches")
        for argument in part.arguments
        if isinstance(argument, Constant) and isinstance(argument.value, str)
    ]
    return max(1, min(MAX_WEIGHT, sum(map(_weight, patterns))))


def _weight(pattern: str) -> int:
    weight = len(pattern)
    for least, most in _REPETITION.findall(pattern):
        weight = min(MAX_WEIGHT, weight * max(1, int(least or 1), int(most or 1)))
    return weight


def byte_bounds(values: pa.Array) -> Bounds:
    """Where the values' bytes begin and, after the last, end, one after the other; of text without a copy."""
    if pa.types.is_string(values.type) and len(values):
        offsets = np.frombuffer(values.buffers()[1], np.int32, values.offset + len(values) + 1)
        return offsets[values.offset :]
    return _bounds(byte_sizes(values))


def spans(sizes: Sizes, rows: int, weight: int) -> Iterator[tuple[int, int]]:
    """Ranges of at most so many rows whose bytes, times the weight, are a span's work; a row at least."""
    return spans_between(_bounds(sizes), rows, weight)


def spans_between(bounds: Bounds, rows: int, weight: int) -> Iterator[tuple[int, int]]:
    """The same of rows with these bounds."""
    budget = max(1, SPAN_WORK // weight)
    count = len(bounds) - 1
    start = 0
    while start < count:
        stop = min(start + rows, count)
        most = int(bounds[start]) + budget
        if bounds[stop] > most:
            stop = max(int(np.searchsorted(bounds, bounds.dtype.type(most), side="right")) - 1, start + 1)
        yield start, stop
        start = stop


def _bounds(sizes: Sizes) -> Bounds:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
