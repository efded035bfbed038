"""Batches from Arrow tables: every Arrow type that fits an attribute, without a loop over rows."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.columns.build import RowLimit, missing_column, resolve
from segmentd.columns.column import Array, Batch, Column
from segmentd.columns.errors import (
    DuplicateColumnError,
    ExpandedSizeError,
    InvalidValueError,
    TypeMismatchError,
)
from segmentd.columns.fixed import bool_column, build_fixed, refuse_first
from segmentd.columns.planes import Plane, from_bitmap, popcount
from segmentd.columns.scaled import minor_units, scaled_days, scaled_moments
from segmentd.columns.text import MAX_TEXT_BYTES, build_lists, build_text, text_size
from segmentd.columns.untrusted import fits, is_list, is_text, validated
from segmentd.schema import AttributeSpec, Kind, Schema

EVERY_ROW_HAS_ID: Final = "every row has an id"

MAX_EXACT_DOUBLE: Final = 2**53
"""Up to here a double holds every whole number."""

MAX_REQUEST_TEXT_BYTES: Final = 1 << 28
"""256 MiB of text in a column of a request: eight times the largest request."""

MAX_IDS_BYTES: Final = 1 << 26
"""64 MiB of ids in a request."""


def batch_from_arrow(
    table: pa.Table | pa.RecordBatch, schema: Schema, *, id_field: str = "id", limit: RowLimit | None = None
) -> Batch:
    """The batch of a table whose columns are named by the schema's given attributes.

    A column named `id_field` that is no attribute has the subjects' ids, text or whole numbers. The table may
    come from anywhere: it is validated in full. Raises ColumnErrors.
    """
    if limit is not None:
        limit.check(table.num_rows)
    has_ids = id_field in table.column_names and schema.get(id_field) is None
    names = [name for name in table.column_names if not (has_ids and name == id_field)]
    if len(names) < len(table.column_names) - 1:
        raise DuplicateColumnError(id_field)
    columns = {
        spec.id: column_from_arrow(
            spec, table.column(spec.id), time_zone=schema.time_zone, max_text=MAX_REQUEST_TEXT_BYTES
        )
        for spec in resolve(schema, names)
    }
    ids = ids_from_arrow(id_field, table.column(id_field), max_text=MAX_IDS_BYTES) if has_ids else None
    return Batch(table.num_rows, columns, ids)


def column_from_arrow(
    spec: AttributeSpec, array: pa.Array | pa.ChunkedArray, *, time_zone: str, max_text: int = MAX_TEXT_BYTES
) -> Column:
    """The column of one attribute, whose texts have at most `max_text` bytes. Raises ColumnErrors."""
    if pa.types.is_null(array.type):
        return missing_column(spec.type, len(array))
    if spec.type.kind is Kind.LIST and is_list(array.type) and pa.types.is_null(array.type.value_type):
        return _lists_of_nothing(spec, array)
    if not fits(spec.type, array.type):
        raise TypeMismatchError(spec.id, given=str(array.type), expected=str(spec.type))
    whole = validated(array, max_text)
    match spec.type.kind:
        case Kind.BOOL:
            bits = from_bitmap(memoryview(whole.buffers()[1] or b""), len(whole), offset=whole.offset)
            return bool_column(bits, validity_of(whole))
        case Kind.STRING:
            _check_text(whole, max_text)
            return build_text(spec.id, whole)
        case Kind.LIST:
            _check_text(whole.values, max_text)
            return build_lists(spec.id, whole)
        case _:
            validity = validity_of(whole)
            return build_fixed(spec, _numbers(spec, whole, validity), validity, time_zone=time_zone)


def ids_from_arrow(field: str, array: pa.Array | pa.ChunkedArray, *, max_text: int = MAX_TEXT_BYTES) -> pa.StringArray:
    """The ids of a column of text or of whole numbers; InvalidValueError for the first row without one."""
    if pa.types.is_null(array.type):
        refuse_first(field, np.ones(len(array), dtype=np.bool_), np.full(len(array), "null"), None, EVERY_ROW_HAS_ID)
        return pa.array([], pa.string())
    if not (is_text(array.type) or pa.types.is_integer(array.type)):
        raise TypeMismatchError(field, given=str(array.type), expected="text or whole numbers")
    numbers = pa.types.is_integer(array.type)
    whole = validated(array, max_text)  # text comes back as bytes
    if whole.null_count:
        row = int(whole.is_null().to_numpy(zero_copy_only=False).argmax())
        raise InvalidValueError(field, row=row, value="null", allowed=EVERY_ROW_HAS_ID)
    if numbers:
        return whole.cast(pa.string())
    size = text_size(whole)
    if size > max_text:
        raise ExpandedSizeError(size, max_text)
    column = build_text(field, whole)  # refuses what is no UTF-8
    return column.dictionary.take(pa.array(column.codes))


def _check_text(array: pa.Array, max_text: int) -> None:
    """ExpandedSizeError for too much text, of a dictionary in the dictionary: many views may show the same bytes."""
    texts = array.dictionary if pa.types.is_dictionary(array.type) else array
    size = text_size(texts)
    if size > max_text:
        raise ExpandedSizeError(size, max_text)


def validity_of(array: pa.Array) -> Plane | None:
    """The plane of rows that are not null; None if none is."""
    bitmap = array.buffers()[0]
    if bitmap is None:
        return None
    validity = from_bitmap(memoryview(bitmap), len(array), offset=array.offset)
    return None if popcount(validity) == len(array) else validity


def values_of(array: pa.Array, element: str) -> Array:
    """The values of an array of fixed width, in place; those of null rows are whatever lies there."""
    data = array.buffers()[1]
    if data is None or len(array) == 0:
        return np.zeros(0, dtype=element)
    width = np.dtype(element).itemsize
    return np.frombuffer(data, dtype=element, count=len(array), offset=array.offset * width)


def _lists_of_nothing(spec: AttributeSpec, array: pa.Array | pa.ChunkedArray) -> Column:
    """The column of lists whose elements have no type, as a table of empty lists has."""
    lengths = pc.fill_null(pc.list_value_length(validated(array)), 0).to_numpy(zero_copy_only=False)
    refuse_first(spec.id, lengths > 0, np.full(len(array), "null"), None, "the elements of a list are text")
    return missing_column(spec.type, len(array))


def _numbers(spec: AttributeSpec, array: pa.Array, validity: Plane | None) -> Array:
    """The numbers that `build_fixed` takes for the attribute, from an array whose type fits."""
    match spec.type.kind, array.type:
        case Kind.DOUBLE, kind if pa.types.is_integer(kind):
            return _exact_doubles(spec, values_of(array, element_of(kind)), validity)
        case Kind.DECIMAL, kind if pa.types.is_decimal(kind):
            return minor_units(spec.id, unscaled(array), spec.type.scale - kind.scale, validity)
        case Kind.TIMESTAMP, kind:
            return scaled_moments(spec.id, values_of(array, "<i8"), kind.unit, validity)
        case Kind.DATE, kind if not pa.types.is_date32(kind):
            unit = kind.unit if pa.types.is_timestamp(kind) else "ms"
            return scaled_days(spec.id, values_of(array, "<i8"), unit, validity)
        case _, kind:
            return values_of(array, element_of(kind))


def unscaled(array: pa.Array) -> Array:
    """The unscaled values of decimals: int32 or int64 `[rows]`, or 64-bit words `[rows, 2 or 4]`, lowest first."""
    width = array.type.byte_width
    if width <= 8:
        return values_of(array, f"<i{width}")
    words = values_of(array, f"V{width}")
    return words.view("<i8").reshape(-1, width // 8)


def element_of(type_: pa.DataType) -> str:
    """NumPy's name of the elements of an Arrow type of fixed width."""
    if pa.types.is_floating(type_):
        return f"<f{type_.bit_width // 8}"
    sign = "u" if pa.types.is_unsigned_integer(type_) else "i"
    return f"<{sign}{type_.bit_width // 8}"


def _exact_doubles(spec: AttributeSpec, values: Array, validity: Plane | None) -> Array:
    if values.dtype.itemsize == 8:
        wrong = values > MAX_EXACT_DOUBLE
        if values.dtype.kind == "i":
            wrong |= values < -MAX_EXACT_DOUBLE
        refuse_first(spec.id, wrong, values, validity, "a whole number up to 2**53 fits a double")
    return values.astype(np.float64)
