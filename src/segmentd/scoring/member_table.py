"""Memberships as a table in Arrow's format: a row a member, and a row each for whom it is unknown."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from segmentd.engine.members.columns import count_bytes, ids_of_sets, lengths_of_sets, rows_of_sets
from segmentd.engine.members.cutting import Counts
from segmentd.engine.members.sets import Grew, Sets

ENTRY_BYTES: Final = 7
"""What a row takes beside its id: where that ends, its segment, and two bits."""

ROW_BYTES: Final = 8
"""What a row number takes in the place of an id."""


def write_table(sets: Sets, grew: Grew) -> pa.Buffer:
    """The Arrow IPC stream that `Memberships.table` describes. `grew` hears what it takes before it is made."""
    lengths = lengths_of_sets(sets)
    least = int(lengths.sum()) * (ENTRY_BYTES - 1)
    grew(least)
    grew(0 if sets.ids is None else count_bytes(sets, sets.ids))
    batch = _batch(sets, lengths)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return sink.getvalue()


def _batch(sets: Sets, lengths: Counts) -> pa.RecordBatch:
    codes = np.repeat(np.repeat(np.arange(len(sets.segments), dtype=np.int16), 2), lengths)
    columns = {
        "segment": pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(sets.segments, pa.string())),
        "member": _members(lengths),
    }
    if sets.ids is None:
        return pa.RecordBatch.from_pydict({"row": pa.array(rows_of_sets(sets).astype(np.uint64))} | columns)
    return pa.RecordBatch.from_pydict({"id": ids_of_sets(sets, sets.ids)} | columns)


def _members(lengths: Counts) -> pa.BooleanArray:
    """True for each member, null for the others: one bitmap serves as values and as validity."""
    bits = np.packbits(np.repeat(np.tile([True, False], len(lengths) // 2), lengths), bitorder="little")
    bitmap = pa.py_buffer(bits)
    return pa.BooleanArray.from_buffers(pa.bool_(), int(lengths.sum()), [bitmap, bitmap])
