"""Batches of records as bytes: an Arrow IPC stream of the records, and one of the ids to delete."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Array, Batch, BoolColumn, Codes, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import Plane, from_bitmap
from segmentd.facts.kinds import FIELDS, RecordKind, record_schema
from segmentd.facts.records import RecordBatch, Said
from segmentd.ledger.vocabulary import Vocabulary
from segmentd.schema import DataType, Kind

ID: Final = "id"
"""The column of ids; columns of fields are named `.` and the field, which records say it `?` and the field."""

_ABOUT: Final = b"segmentd"
"""The key of the schema's metadata whose value says, in JSON, what Arrow's types do not."""

_DELETIONS: Final = pa.schema([pa.field(ID, pa.string(), nullable=False)])

_ARROW: Final[Mapping[str, pa.DataType]] = {
    "|i1": pa.int8(),
    "<i2": pa.int16(),
    "<i4": pa.int32(),
    "<i8": pa.int64(),
    "<f4": pa.float32(),
    "<f8": pa.float64(),
}
_ELEMENTS: Final = {arrow: element for element, arrow in _ARROW.items()}


@dataclass(frozen=True, slots=True)
class WrittenBatch:
    """A batch as it was accepted, and whether deleting customers was allowed. Which rows it came from is not kept.

    `time_us`: when it was written, 0 where that was not kept.
    """

    batch: RecordBatch
    delete_customers: bool
    time_us: int = 0


def encode_batch(batch: RecordBatch, *, delete_customers: bool = False, time_us: int = 0) -> bytes:
    """The batch as bytes, without its rejected rows."""
    records = batch.records
    arrays = {f".{id_}": _to_arrow(column, records.rows) for id_, column in records.columns.items()}
    arrays |= {f"?{id_}": pa.array(said) for id_, said in batch.said.items()}
    about = {
        "kind": batch.kind.value,
        "types": {id_: _type_parts(column.type) for id_, column in records.columns.items()},
        "scales": dict(batch.scales),
        "delete_customers": delete_customers,
        "time_us": time_us,
    }
    table = pa.RecordBatch.from_arrays([records.ids, *arrays.values()], [ID, *arrays])
    sink = pa.BufferOutputStream()
    _write(sink, table.replace_schema_metadata({_ABOUT: json.dumps(about)}))
    if len(batch.deletions):
        _write(sink, pa.RecordBatch.from_arrays([batch.deletions], schema=_DELETIONS))
    return bytes(sink.getvalue())


def decode_batch(data: bytes, vocabulary: Vocabulary) -> WrittenBatch:
    """The batch again, as rows 0 and on; without columns of attributes that the vocabulary lacks or types otherwise."""
    source = pa.BufferReader(data)
    (table,) = pa.ipc.open_stream(source)
    about = json.loads(table.schema.metadata[_ABOUT])
    kind = RecordKind(about["kind"])
    types = {id_: DataType(Kind(given[0]), *given[1:]) for id_, given in about["types"].items()}
    known = _known(kind, types, vocabulary)
    columns = {id_: _to_column(type_, table.column(f".{id_}")) for id_, type_ in types.items() if id_ in known}
    records = Batch(table.num_rows, columns, table.column(ID))
    scales = {id_: scale for id_, scale in about["scales"].items() if id_ in columns}
    deletions = _read_deletions(source, len(data))
    said = _read_said(table, columns)
    batch = RecordBatch(kind, records, np.arange(table.num_rows), scales, deletions=deletions, said=said)
    return WrittenBatch(batch, about["delete_customers"], about.get("time_us", 0))


def fitted(batch: RecordBatch, vocabulary: Vocabulary) -> RecordBatch:
    """The batch without columns of attributes that the vocabulary lacks or types otherwise, as after a decoding."""
    columns = batch.records.columns
    known = _known(batch.kind, {id_: column.type for id_, column in columns.items()}, vocabulary)
    if len(known) == len(columns):
        return batch
    kept = {id_: column for id_, column in columns.items() if id_ in known}
    said = {id_: said for id_, said in batch.said.items() if id_ in known}
    return replace(batch, records=Batch(batch.records.rows, kept, batch.records.ids), said=said)


def size_of(batch: RecordBatch) -> int:
    """About how many bytes the batch takes in memory, for limits."""
    columns = sum(_column_size(column) for column in batch.records.columns.values())
    columns += sum(said.nbytes for said in batch.said.values())
    ids = batch.records.ids
    return columns + int(batch.deletions.nbytes) + (0 if ids is None else int(ids.nbytes))


def _known(kind: RecordKind, types: Mapping[str, DataType], vocabulary: Vocabulary) -> frozenset[str]:
    """The columns that still mean what they meant: fields, and attributes of the same type.

    The type of a field's amounts says how they came, in minor units or in major ones.
    """
    schema = record_schema(kind, vocabulary)
    specs = {id_: schema.get(id_) for id_ in types}
    return frozenset(
        id_ for id_, spec in specs.items() if spec is not None and (id_ in FIELDS[kind] or spec.type == types[id_])
    )


def _write(sink: pa.BufferOutputStream, batch: pa.RecordBatch) -> None:
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)


def _read_deletions(source: pa.BufferReader, end: int) -> pa.StringArray:
    if source.tell() == end:
        return pa.array([], pa.string())
    (table,) = pa.ipc.open_stream(source)
    return table.column(ID)


def _read_said(table: pa.RecordBatch, columns: Mapping[str, Column]) -> dict[str, Said]:
    names = (id_ for id_ in columns if f"?{id_}" in table.schema.names)
    return {id_: table.column(f"?{id_}").to_numpy(zero_copy_only=False) for id_ in names}


def _type_parts(type_: DataType) -> tuple[str, int, str]:
    return type_.kind.value, type_.scale, type_.currency


def _to_arrow(column: Column, rows: int) -> pa.Array:
    match column:
        case FixedColumn():
            buffers = [_bitmap(column.validity), pa.py_buffer(column.values)]
            return pa.Array.from_buffers(_ARROW[column.values.dtype.str], rows, buffers)
        case BoolColumn():
            return pa.Array.from_buffers(pa.bool_(), rows, [_bitmap(column.validity), pa.py_buffer(column.values)])
        case TextColumn():
            missing = column.codes == len(column.dictionary)
            codes = pa.array(column.codes, mask=missing if missing.any() else None)
            return pa.DictionaryArray.from_arrays(codes, column.dictionary)
        case ListColumn():
            return pa.DictionaryArray.from_arrays(pa.array(column.codes), column.dictionary)


def _to_column(type_: DataType, array: pa.Array) -> Column:
    validity, values = array.buffers()[:2]
    if type_.kind is Kind.BOOL:
        return BoolColumn(from_bitmap(memoryview(values), len(array)), _plane(validity, len(array)))
    if type_.kind is Kind.LIST:
        return ListColumn(_codes(values, len(array)), array.dictionary)
    if type_.kind is Kind.STRING:
        codes = _codes(values, len(array))
        if array.null_count:
            codes = np.where(array.is_valid().to_numpy(zero_copy_only=False), codes, np.int32(len(array.dictionary)))
        return TextColumn(codes, array.dictionary)
    return FixedColumn(type_, _elements(values, _ELEMENTS[array.type], len(array)), _plane(validity, len(array)))


def _bitmap(validity: Plane | None) -> pa.Buffer | None:
    return None if validity is None else pa.py_buffer(validity)


def _plane(bitmap: pa.Buffer | None, rows: int) -> Plane | None:
    return None if bitmap is None else from_bitmap(memoryview(bitmap), rows)


def _codes(values: pa.Buffer, rows: int) -> Codes:
    return _elements(values, "<i4", rows)


def _elements(values: pa.Buffer, element: str, rows: int) -> Array:
    return np.frombuffer(values, element, rows) if rows else np.empty(0, element)


def _column_size(column: Column) -> int:
    if isinstance(column, TextColumn | ListColumn):
        return int(column.codes.nbytes + column.dictionary.nbytes)
    return int(column.values.nbytes + (0 if column.validity is None else column.validity.nbytes))
