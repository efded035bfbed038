"""Records that come as an Arrow stream."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.columns.arrow import MAX_IDS_BYTES, MAX_REQUEST_TEXT_BYTES, column_from_arrow
from segmentd.columns.build import missing_column, resolve
from segmentd.columns.column import Column, TextColumn
from segmentd.columns.errors import (
    ColumnError,
    DuplicateColumnError,
    ExpandedSizeError,
    InvalidValueError,
    MalformedArrowError,
    TypeMismatchError,
)
from segmentd.columns.ipc import read_arrow_stream
from segmentd.columns.untrusted import is_text, validated
from segmentd.facts.decoding.draft import MAJOR_SCALE, ROW_LIMIT, Draft, check_values
from segmentd.facts.decoding.faults import RowFaults, Wrong
from segmentd.facts.kinds import AMOUNT, OWNER, RecordKind
from segmentd.schema import STRING, AttributeSpec, DataType, Kind, Schema

ID: Final = "id"

MAX_PRECISION: Final = 76
"""Digits of Arrow's widest decimals."""

_CUT: Final = pa.decimal256(MAX_PRECISION, MAJOR_SCALE)

_MAJOR: Final = DataType(Kind.DECIMAL, MAJOR_SCALE)

_TOO_FINE: Final = f"an amount has at most {MAJOR_SCALE} digits after the point"


def read_arrow(data: bytes, kind: RecordKind, schema: Schema, path: str) -> Draft:
    """The records of an IPC stream. Raises SegmentdError, about the whole stream."""
    try:
        table = read_arrow_stream(data, limit=ROW_LIMIT)
        check_values(table.num_rows, table.num_columns)
        return read_table(table, kind, schema, path)
    except ColumnError as error:
        error.place(path)
        raise
    except pa.ArrowException as unreadable:
        malformed = MalformedArrowError(str(unreadable))
        malformed.place(path)
        raise malformed from unreadable


def read_table(table: pa.Table, kind: RecordKind, schema: Schema, path: str = "") -> Draft:
    """The records of a table, which may come from anywhere: it is validated in full. Raises ColumnErrors."""
    ROW_LIMIT.check(table.num_rows)
    faults = RowFaults(table.num_rows)
    names = [name for name in table.column_names if name != ID]
    if len(names) < len(table.column_names) - 1:
        raise DuplicateColumnError(ID)
    columns, scales = {}, {}
    for spec in resolve(schema, names):
        array = table.column(spec.id)
        if spec.type == AMOUNT and is_major(array.type):
            scales[spec.id] = MAJOR_SCALE
            spec = AttributeSpec(spec.id, _MAJOR, spec.required)
            array = _cut(spec, array, faults)
        if spec.id == OWNER.get(kind) and pa.types.is_integer(array.type):
            array = validated(array).cast(pa.string())
        columns[spec.id] = _column(spec, array, schema.time_zone, faults)
    return Draft(kind, schema, path, columns, _ids(table), faults, ID in table.column_names, scales)


def is_major(type_: pa.DataType) -> bool:
    """Whether amounts of an Arrow type are in major units."""
    return bool(pa.types.is_decimal(type_) or pa.types.is_float64(type_))


def _column(spec: AttributeSpec, array: pa.ChunkedArray, time_zone: str, faults: RowFaults) -> Column:
    """The column; its wrong values are rejected."""
    while True:
        try:
            return column_from_arrow(spec, array, time_zone=time_zone, max_text=MAX_REQUEST_TEXT_BYTES)
        except InvalidValueError as error:
            array = _without(validated(array), faults.reject_values(error, spec.id))


def _without(array: pa.Array, wrong: Wrong) -> pa.Array:
    """An array of fixed width in which the wrong rows are null."""
    present = array.is_valid().to_numpy(zero_copy_only=False) & ~wrong
    before = np.ones(array.offset, dtype=np.bool_)
    bitmap = np.packbits(np.concatenate([before, present]), bitorder="little")
    buffers = [pa.py_buffer(bitmap), *array.buffers()[1:]]
    return pa.Array.from_buffers(array.type, len(array), buffers, offset=array.offset)


def _cut(spec: AttributeSpec, array: pa.ChunkedArray, faults: RowFaults) -> pa.Array | pa.ChunkedArray:
    """Decimals with no more digits after the point than amounts have; rows that have more are rejected."""
    if not pa.types.is_decimal(array.type) or array.type.scale <= MAJOR_SCALE:
        return array
    whole = validated(array).cast(pa.decimal256(MAX_PRECISION, array.type.scale))
    cut = pc.cast(whole, options=pc.CastOptions(_CUT, allow_decimal_truncate=True))
    wrong = pc.fill_null(pc.not_equal(cut.cast(whole.type), whole), False).to_numpy(zero_copy_only=False)
    faults.reject(wrong, spec.id, _TOO_FINE, lambda row: whole[row].as_py())
    return pc.if_else(pa.array(wrong), pa.scalar(None, _CUT), cut)


def _ids(table: pa.Table) -> pa.StringArray:
    """The ids, an empty text where there is none. Raises ColumnErrors."""
    if ID not in table.column_names:
        return pa.array([""] * table.num_rows, pa.string())
    given = table.column(ID)
    if pa.types.is_integer(given.type):
        return pc.fill_null(validated(given).cast(pa.string()), "")
    if not (is_text(given.type) or pa.types.is_null(given.type)):
        raise TypeMismatchError(ID, given=str(given.type), expected="text or whole numbers")
    spec = AttributeSpec(ID, STRING)
    column = (
        missing_column(STRING, table.num_rows)
        if pa.types.is_null(given.type)
        else column_from_arrow(spec, given, time_zone="UTC", max_text=MAX_IDS_BYTES)
    )
    if not isinstance(column, TextColumn):
        raise TypeError("ids are text")
    with_empty = pa.concat_arrays([column.dictionary, pa.array([""], pa.string())])
    _check_size(with_empty, column)
    return with_empty.take(pa.array(column.codes))


def _check_size(texts: pa.StringArray, column: TextColumn) -> None:
    """Raise ExpandedSizeError where the ids take too much: a dictionary of few may stand for a million long ones."""
    lengths = pc.binary_length(texts).to_numpy().astype(np.int64)
    size = int(lengths[column.codes].sum())
    if size > MAX_IDS_BYTES:
        raise ExpandedSizeError(size, MAX_IDS_BYTES)
