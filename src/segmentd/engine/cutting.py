"""Planes of other rows, and how they look by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from segmentd.engine.extraction import address
from segmentd.kernels import cutting, transposition

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


def count_by_row(rows: int, *several: Planes) -> Counts:
    """In how many planes of all these each row's bit is one."""
    counts = np.zeros(rows, np.int64)
    for planes in several:
        given = np.ascontiguousarray(planes)
        transposition.count_by_row(address(given), len(given), rows, tile_of(len(given)), counts)
    return counts


def tile_of(segments: int) -> npt.NDArray[Any]:
    """Scratch memory of kernels that read planes by row."""
    return np.empty((transposition.TILE_WORDS, -(-segments // 64), 64), np.uint64)
