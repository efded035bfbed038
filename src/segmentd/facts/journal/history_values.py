"""Past values as Arrow IPC files: a record batch has some values of one field, the earlier first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa

from segmentd.facts.kinds import RecordKind
from segmentd.facts.past_values import LISTS, NUMBERS, TEXTS, PastValues, stored_as
from segmentd.schema import DataType, Kind

CHUNK: Final = 1 << 16
"""Values of a record batch, at most: as much is looked at at a time when files are read."""

_ABOUT: Final = b"segmentd"
"""The key of a record batch's metadata whose value says, in JSON, whose field and which it is."""

_COLUMNS: Final = {NUMBERS: "number", TEXTS: "text", LISTS: "list"}
_SCHEMA: Final = pa.schema(
    [
        pa.field("id", TEXTS, nullable=False),
        pa.field("until_us", pa.int64(), nullable=False),
        *(pa.field(name, type_) for type_, name in _COLUMNS.items()),
    ]
)
_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="zstd")


def write_values(sink: pa.NativeFile, values: Iterable[PastValues]) -> None:
    """Write a file of values, those of a field in the order given."""
    with pa.ipc.new_file(sink, _SCHEMA, options=_OPTIONS) as writer:
        for each in values:
            for first in range(0, len(each), CHUNK):
                writer.write_batch(_encode(each, slice(first, first + CHUNK)), custom_metadata=_about(each))


def read_values(source: pa.NativeFile | BinaryIO) -> Iterator[PastValues]:
    """The values of a file, a chunk at a time."""
    file = pa.ipc.open_file(source)
    for number in range(file.num_record_batches):
        batch, metadata = file.get_batch_with_custom_metadata(number)
        yield _decode(batch, json.loads(metadata[_ABOUT]))


def _encode(past: PastValues, rows: slice) -> pa.RecordBatch:
    count = len(past.ids[rows])
    arrays = [past.values[rows] if past.values.type == type_ else pa.nulls(count, type_) for type_ in _COLUMNS]
    return pa.RecordBatch.from_arrays([past.ids[rows], pa.array(past.until_us[rows]), *arrays], schema=_SCHEMA)


def _about(past: PastValues) -> dict[bytes, str]:
    type_ = past.type
    parts = (past.kind.value, past.name, type_.kind.value, type_.scale, type_.currency)
    return {_ABOUT: json.dumps(parts)}


def _decode(batch: pa.RecordBatch, about: list[str]) -> PastValues:
    kind, name, type_kind, scale, currency = about
    type_ = DataType(Kind(type_kind), int(scale), currency)
    until_us = np.asarray(batch.column("until_us").to_numpy(), np.int64)
    values = batch.column(_COLUMNS[stored_as(type_)])
    return PastValues(RecordKind(kind), name, type_, batch.column("id"), until_us, values)
