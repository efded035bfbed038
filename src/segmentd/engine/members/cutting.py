"""Planes of other rows, and how they look by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.members.extraction import address, texts_of
from segmentd.kernels.members import cutting, transposition

Planes = npt.NDArray[np.uint64]
"""A plane a segment: `uint64[segments, ceil(rows / 64)]`, the bits past the last row zero."""

Counts = npt.NDArray[np.int64]


def cut_planes(planes: Planes, start: int, stop: int) -> tuple[Planes, Counts]:
    """The bits `start` to `stop` of each plane, moved down to bit 0, and how many are one."""
    given, rows = np.ascontiguousarray(planes), stop - start
    out = np.empty((len(given), -(-rows // 64)), np.uint64)
    counts = np.zeros(len(given), np.int64)
    cutting.cut_planes(address(given), given.shape[1], start, out, ~np.uint64(0) >> np.uint64(-rows % 64), counts)
    return out, counts


def spread_planes(planes: Planes, rows: npt.NDArray[np.int64], total: int) -> Planes:
    """Planes of `total` rows in which row `rows[i]` has the bit of row `i`, and all others zero."""
    given, targets = np.ascontiguousarray(planes), np.ascontiguousarray(rows)
    spread = np.zeros((len(given), -(-total // 64)), np.uint64)
    cutting.spread_planes(address(given), given.shape[1], address(targets), len(targets), spread)
    return spread


def count_by_row(rows: int, *several: Planes) -> npt.NDArray[np.uint16]:
    """In how many planes of all these, fewer than 65,536, each row's bit is one."""
    words = -(-rows // 64)
    counts = np.zeros(words * 64, np.uint16)
    for planes in several:
        given = np.ascontiguousarray(planes)
        cutting.count_by_row(address(given), len(given), words, address(counts))
    return counts[:rows]


@dataclass(frozen=True, slots=True)
class RowSizes:
    """The bits that a row takes, and each entry of it; whether its id is named once an entry, or once."""

    each_entry: int
    each_row: int = 0
    is_named_by_entry: bool = True


def add_up_sizes(entries: npt.NDArray[np.uint16], sizes: RowSizes, ids: pa.StringArray | None) -> npt.NDArray[np.int64]:
    """How many bits the rows up to each take, the bytes of their ids among them."""
    out = np.empty(len(entries), np.int64)
    ends = 0 if ids is None else texts_of(ids).ends
    cutting.add_up_sizes(entries, ends, sizes.each_entry, sizes.each_row, int(sizes.is_named_by_entry), out)
    return out


def tile_of(segments: int) -> npt.NDArray[Any]:
    """Scratch memory of kernels that read planes by row."""
    return np.empty((transposition.TILE_WORDS, -(-segments // 64), 64), np.uint64)
