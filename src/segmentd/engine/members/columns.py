"""Who is in sets, as columns: all sets one after the other, of each segment the members and then the unknowns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.members.extraction import Rows, address, texts_of
from segmentd.engine.members.sets import Sets, set_planes
from segmentd.kernels.members import extraction


def count_bytes(sets: Sets, ids: pa.StringArray) -> int:
    """The bytes of the ids of all sets. `ids` name the rows."""
    kept = _contiguous(sets)
    size: int = extraction.sum_texts(set_planes(kept), sets.rows, texts_of(ids).ends)
    return size


def ids_of_sets(sets: Sets, ids: pa.StringArray) -> pa.StringArray:
    """The ids of all sets, which take less than 2 GiB. `ids` name the rows."""
    kept, texts, count = _contiguous(sets), texts_of(ids), _count(sets)
    planes = set_planes(kept)
    size = extraction.sum_texts(planes, sets.rows, texts.ends)
    ends, data = pa.allocate_buffer(4 * (count + 1)), pa.allocate_buffer(size)
    np.frombuffer(ends, np.int32)[0] = 0
    extraction.take_texts(
        planes, sets.rows, texts.ends, texts.data, texts.data_size, 0, ends.address + 4, data.address, size
    )
    return pa.StringArray.from_buffers(count, ends, data)


def rows_of_sets(sets: Sets) -> Rows:
    """The row numbers of all sets, from `row_start` on."""
    kept, rows = _contiguous(sets), np.empty(_count(sets), np.uint32)
    extraction.scan_rows(set_planes(kept), sets.rows, int(sets.row_start), address(rows), len(rows))
    return rows


def lengths_of_sets(sets: Sets) -> npt.NDArray[np.int64]:
    """How many each set has: int64[2 segments]."""
    lengths: npt.NDArray[np.int64] = np.stack([sets.member_counts, sets.unknown_counts], axis=1).ravel()
    return lengths


def _contiguous(sets: Sets) -> Sets:
    return replace(sets, members=np.ascontiguousarray(sets.members), unknowns=np.ascontiguousarray(sets.unknowns))


def _count(sets: Sets) -> int:
    return int(lengths_of_sets(sets).sum())
