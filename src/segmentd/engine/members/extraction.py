"""Members out of planes: row numbers, and the numbers and texts that stand in the members' rows.

A large plane is cut into parts, which the runner of the caller may run on several threads; the result does not depend
on how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.kernels.members import extraction

Plane = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.uint32]

PART_ROWS: Final = 1 << 19
"""Rows that a thread extracts at a time, some 50 µs of work: a multiple of 64."""

_PART_WORDS: Final = PART_ROWS // 64

Run = Callable[[Sequence[Callable[[], Any]]], Sequence[Any]]
"""Runs tasks, here or on threads, and returns what they return, in order."""


def run_here(tasks: Sequence[Callable[[], Any]]) -> Sequence[Any]:
    """Run the tasks one after the other on the calling thread."""
    return [task() for task in tasks]


def address(array: npt.NDArray[Any]) -> int:
    """Where the array's memory is; whoever passes it on keeps the array."""
    found: int = array.__array_interface__["data"][0]
    return found


@dataclass(frozen=True, slots=True)
class Texts:
    """An Arrow string array as kernels read it: addresses of its int32 ends and of its bytes, and what owns them."""

    ends: int
    data: int
    data_size: int
    owner: tuple[Any, ...]


def texts_of(array: pa.StringArray) -> Texts:
    """The array, or the rows that a slice shows, without a copy."""
    _, ends, data = array.buffers()
    first = 0 if ends is None else ends.address + 4 * array.offset
    return Texts(first, 0 if data is None else data.address, 0 if data is None else data.size, (ends, data))


@dataclass(frozen=True, slots=True)
class _Part:
    """Words of a plane that begin at a row, and how many ones come before them and are in them."""

    plane: Plane
    row: int
    before: int
    count: int

    @property
    def planes(self) -> npt.NDArray[np.int64]:
        return np.array([address(self.plane)], np.int64)


def rows_of(plane: Plane, first_row: int = 0, *, run: Run = run_here) -> Rows:
    """The rows of the plane's ones, ascending, as uint32; its first bit is row `first_row`. Rows are below 2**32."""
    parts = _parts(plane)
    found = _buffer(parts, np.uint32)
    out = address(found)
    run([partial(_scan, part, first_row + part.row, out + 4 * part.before) for part in parts])
    return found


def take_numbers(plane: Plane, values: npt.NDArray[Any], *, run: Run = run_here) -> npt.NDArray[Any]:
    """The values, of 4 or 8 bytes each, that stand in the rows of the plane's ones; ValueError for other widths."""
    size = values.dtype.itemsize
    if size not in _TAKE or not values.flags.c_contiguous:
        raise ValueError(f"values of 4 or 8 bytes that follow each other can be taken, not {values.dtype}")
    parts = _parts(plane)
    taken = _buffer(parts, values.dtype)
    out = address(taken)
    run([partial(_take, part, values[part.row :], out + size * part.before) for part in parts])
    return taken


def take_texts(plane: Plane, array: pa.StringArray, *, run: Run = run_here) -> pa.StringArray:
    """The texts that stand in the rows of the plane's ones. The array has no nulls."""
    parts, texts = _parts(plane), texts_of(array)
    sizes = run([partial(_measure, part, texts, len(array)) for part in parts])
    starts = [0, *np.cumsum(sizes, dtype=np.int64).tolist()]
    count = sum(part.count for part in parts)
    ends, data = pa.allocate_buffer(4 * (count + 1)), pa.allocate_buffer(starts[-1])
    np.frombuffer(ends, np.int32)[0] = 0
    takes = zip(parts, pairwise(starts), strict=True)
    run([partial(_take_texts, part, texts, len(array), share, ends, data) for part, share in takes])
    return pa.StringArray.from_buffers(count, ends, data)


def _parts(plane: Plane) -> list[_Part]:
    plane = np.ascontiguousarray(plane)
    counts = np.zeros(-(-len(plane) // _PART_WORDS), np.int64)
    extraction.count_parts(address(plane), len(plane), _PART_WORDS, counts)
    parts, before = [], 0
    for first, count in zip(range(0, len(plane), _PART_WORDS), counts.tolist(), strict=True):
        if count:
            parts.append(_Part(plane[first : first + _PART_WORDS], first * 64, before, count))
        before += count
    return parts


def _buffer(parts: list[_Part], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Memory for a value a one. Arrow's allocator gives back pages that have been touched; fresh ones cost a fault."""
    count = sum(part.count for part in parts)
    return np.frombuffer(pa.allocate_buffer(count * np.dtype(dtype).itemsize), dtype)


def _scan(part: _Part, first_row: int, out: int) -> None:
    extraction.scan_rows(part.planes, len(part.plane) * 64, first_row, out, part.count)


def _take(part: _Part, values: npt.NDArray[Any], out: int) -> None:
    rows = min(len(part.plane) * 64, len(values))
    _TAKE[values.dtype.itemsize](address(part.plane), rows, address(values), out, part.count)


def _measure(part: _Part, texts: Texts, rows: int) -> int:
    size: int = extraction.sum_texts(part.planes, min(len(part.plane) * 64, rows - part.row), texts.ends + 4 * part.row)
    return size


def _take_texts(part: _Part, texts: Texts, rows: int, share: tuple[int, int], ends: Any, data: Any) -> None:
    """Into bytes `share[0]` to before `share[1]` of the data, which other threads may not touch."""
    extraction.take_texts(
        part.planes,
        min(len(part.plane) * 64, rows - part.row),
        texts.ends + 4 * part.row,
        texts.data,
        texts.data_size,
        share[0],
        ends.address + 4 * (1 + part.before),
        data.address,
        share[1],
    )


_TAKE: Final = {4: extraction.take_halves, 8: extraction.take_words}
