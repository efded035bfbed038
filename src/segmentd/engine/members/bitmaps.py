"""Sets as Roaring bitmaps in the portable format."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.engine.members.cutting import Counts
from segmentd.engine.members.extraction import address
from segmentd.engine.members.sets import Grew, Sets, addresses_of
from segmentd.kernels.members import roaring

Bytes = npt.NDArray[np.uint8]


def write_bitmaps(sets: Sets, sizes: npt.NDArray[np.int64], grew: Grew) -> Bytes:
    """The Roaring bitmaps of all members, and of unknowns where there are any; `sizes` gets the bytes of each.

    `grew` hears of some segments' before the next ones are written.
    """
    members, unknowns = np.ascontiguousarray(sets.members), np.ascontiguousarray(sets.unknowns)
    planes = np.stack([addresses_of(members), addresses_of(unknowns)], axis=1)
    counts = np.stack([sets.member_counts, sets.unknown_counts], axis=1)
    wanted = np.stack([np.ones(len(planes), np.bool_), sets.unknown_counts > 0], axis=1)
    containers = sets.rows // roaring.CONTAINER_ROWS + 2
    step = max(_BITMAPS_AT_ONCE // (2 * containers * roaring.CONTAINER_BYTES), 1)
    written = [np.empty(0, np.uint8)]
    for first in range(0, len(planes), step):
        some = slice(first, first + step)
        chosen = wanted[some]
        out, ends = _some_bitmaps(planes[some][chosen], counts[some][chosen], sets, containers)
        sizes[some][chosen] = np.diff(ends)
        grew(int(ends[-1]))
        written.append(out[: ends[-1]])
    return np.concatenate(written)


_BITMAPS_AT_ONCE: Final = 1 << 20
"""Bytes of bitmaps that are written before the answer's limit is asked, 1 MiB."""


def _some_bitmaps(
    planes: npt.NDArray[np.int64], ones: Counts, sets: Sets, containers: int
) -> tuple[Bytes, npt.NDArray[np.int64]]:
    """The bitmaps of the planes at some addresses, one after the other, and where each ends."""
    room = int(np.minimum(2 * ones, containers * roaring.CONTAINER_BYTES).sum()) + len(ones) * 8 * (containers + 2)
    out, ends = np.empty(room, np.uint8), np.zeros(len(ones) + 1, np.int64)
    scratch = np.empty(roaring.CONTAINER_WORDS, np.uint64), np.empty((containers, 2), np.int64)
    roaring.write_bitmaps(planes, sets.rows, sets.row_start, *scratch, out, address(out), ends)
    return out, ends
