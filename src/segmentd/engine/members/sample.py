"""A row in every kernel that takes members out of planes, so that their machine code is there before it is needed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from segmentd.engine.members.cutting import RowSizes, add_up_sizes, count_by_row, cut_planes, spread_planes
from segmentd.engine.members.extraction import rows_of, take_numbers, take_texts
from segmentd.engine.members.lists import write_ids, write_lists
from segmentd.engine.members.messages import Details, write_memberships
from segmentd.engine.members.sets import Sets


def extract_sample() -> None:
    """Take the one member of a segment out in every form."""
    planes, counts, ids = (
        np.ones((1, 1), np.uint64),
        np.ones(1, np.int64),
        pa.StringArray.from_buffers(1, pa.py_buffer(bytes((0, 0, 0, 0, 2, 0, 0, 0))), pa.py_buffer(b"id")),
    )
    rows_of(planes[0])
    take_texts(planes[0], ids)
    for dtype in (np.int32, np.int64):
        take_numbers(planes[0], np.zeros(1, dtype))
    cut_planes(planes, 0, 1)
    spread_planes(planes, np.zeros(1, np.int64), 1)
    add_up_sizes(count_by_row(1, planes), RowSizes(1), ids)
    write_lists(planes, 1, 1)
    write_ids(ids, 0x2A)
    for details in Details:
        write_memberships(Sets(("a",), 1, 0, counts, counts, planes, planes, ids), details, lambda _: None)
