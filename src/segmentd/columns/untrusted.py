"""Arrow arrays of unknown origin: their types are looked at first, then their memory, and only then their values.

Which types fit an attribute: BOOL: bool. INT64: all integers. DOUBLE: float32, float64, and integers that a double
holds exactly. DECIMAL: decimals of the same or a smaller scale, integers as minor units, float64 where each value is
the double nearest to a decimal of the scale. STRING: strings of any kind and dictionaries of them. TIMESTAMP:
timestamps of any unit, taken as UTC where they have no zone. DATE: date32, date64, and timestamps without zone at
midnight. LIST: lists of what fits STRING. The type null fits every attribute; such a column has no values.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Array
from segmentd.columns.errors import ExpandedSizeError, MalformedArrowError
from segmentd.columns.text import MAX_TEXT_BYTES, VIEW_WORDS, text_size
from segmentd.schema import DataType, Kind

BYTES: Final = {
    pa.string(): pa.binary(),
    pa.large_string(): pa.large_binary(),
    pa.string_view(): pa.binary_view(),
}
"""The types of text, and those of their bytes."""

INLINE_BYTES: Final = 12
"""A string view of up to so many bytes holds them itself; a longer one has the number of a buffer and an offset."""


def fits(type_: DataType, arrow: pa.DataType) -> bool:
    """Whether a column of an Arrow type can be an attribute of this type, values permitting."""
    match type_.kind:
        case Kind.BOOL:
            return bool(pa.types.is_boolean(arrow))
        case Kind.INT64:
            return bool(pa.types.is_integer(arrow))
        case Kind.DOUBLE:
            return bool(pa.types.is_float32(arrow) or pa.types.is_float64(arrow) or pa.types.is_integer(arrow))
        case Kind.DECIMAL if pa.types.is_decimal(arrow):
            return bool(arrow.scale <= type_.scale)
        case Kind.DECIMAL:
            return bool(pa.types.is_integer(arrow) or pa.types.is_float64(arrow))
        case Kind.TIMESTAMP:
            return bool(pa.types.is_timestamp(arrow))
        case Kind.DATE:
            return bool(pa.types.is_date(arrow) or (pa.types.is_timestamp(arrow) and arrow.tz is None))
        case Kind.STRING:
            return is_text(arrow)
        case _:
            return is_list(arrow) and is_text(arrow.value_type)


def is_text(arrow: pa.DataType) -> bool:
    """Whether an Arrow type is text, of any width or as a dictionary."""
    return arrow in BYTES or bool(pa.types.is_dictionary(arrow) and arrow.value_type in BYTES)


def is_list(arrow: pa.DataType) -> bool:
    """Whether an Arrow type is a list whose elements lie one after the other."""
    return bool(pa.types.is_list(arrow) or pa.types.is_large_list(arrow) or pa.types.is_fixed_size_list(arrow))


def validated(array: pa.Array | pa.ChunkedArray, max_text: int = MAX_TEXT_BYTES) -> pa.Array:
    """One valid array of a type that fits an attribute, text as bytes that may be no UTF-8.

    MalformedArrowError if it is not valid, ExpandedSizeError if the views of several chunks show more than `max_text`.
    """
    try:
        chunks = [
            _validated_chunk(chunk) for chunk in (array.chunks if isinstance(array, pa.ChunkedArray) else [array])
        ]
        return chunks[0] if len(chunks) == 1 else _joined(chunks, array.type, max_text)
    except pa.ArrowInvalid as error:
        raise MalformedArrowError(str(error)) from error


def _validated_chunk(array: pa.Array) -> pa.Array:
    # The order matters: lengths of buffers, where views point, what offsets and codes say. Arrow reports text that is
    # no UTF-8 before it looks at the offsets of a list around it, hence bytes; and it reads the bytes of null views
    # before it knows that they exist, and crashes.
    array.validate()
    if not _has_offsets(array.type):
        return array
    if is_list(array.type) and pa.types.is_null(array.type.value_type):
        array.validate(full=True)
        return array
    as_bytes = _as_bytes(array)
    _check_views(as_bytes)
    as_bytes.validate(full=True)
    return as_bytes


def _joined(chunks: list[pa.Array], type_: pa.DataType, max_text: int) -> pa.Array:
    if not chunks:
        return pa.array([], type_)
    whole = pa.chunked_array(chunks)
    if whole.type == pa.binary_view():
        size = sum(map(text_size, chunks))
        if size > max_text:
            raise ExpandedSizeError(size, max_text)
    return (whole.dictionary_encode() if whole.type in BYTES.values() else whole).combine_chunks()


def _as_bytes(array: pa.Array) -> pa.Array:
    """The array with bytes for text, sharing its memory."""
    kind = array.type
    if kind in BYTES:
        return pa.Array.from_buffers(BYTES[kind], len(array), array.buffers(), offset=array.offset)
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(array.indices, _as_bytes(array.dictionary), safe=False)
    elements = _as_bytes(array.values)
    own = array.buffers()[: 1 if pa.types.is_fixed_size_list(kind) else 2]
    of_bytes = _list_of(kind, elements.type)
    return pa.Array.from_buffers(of_bytes, len(array), own, offset=array.offset, children=[elements])


def _list_of(kind: pa.DataType, element: pa.DataType) -> pa.DataType:
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(element, kind.list_size)
    return pa.large_list(element) if pa.types.is_large_list(kind) else pa.list_(element)


def _has_offsets(arrow: pa.DataType) -> bool:
    """Whether values say where to look; values of fixed width are checked when a column is built."""
    return is_text(arrow) or is_list(arrow)


def _check_views(array: pa.Array) -> None:
    """MalformedArrowError for a view, of a null row too, that shows bytes outside its buffers."""
    if is_list(array.type):
        _check_views(array.values)
    elif pa.types.is_dictionary(array.type):
        _check_views(array.dictionary)
    elif array.type == pa.binary_view():
        _, views, *data = array.buffers()
        sizes = np.array([0 if buffer is None else buffer.size for buffer in data], dtype=np.int64)
        if not _shown_exists(_words(views, array.offset + len(array)), sizes):
            raise MalformedArrowError("a string view shows bytes outside its buffers")


def _words(views: pa.Buffer | None, count: int) -> Array:
    size = 0 if views is None else views.size
    if size < count * VIEW_WORDS * 4:
        raise MalformedArrowError(f"{count} string views do not fit a buffer of {size} bytes")
    return np.frombuffer(views or b"", dtype=np.int32, count=count * VIEW_WORDS).reshape(-1, VIEW_WORDS)


def _shown_exists(words: Array, sizes: Array) -> bool:
    long = words[words[:, 0] > INLINE_BYTES].astype(np.int64)
    length, buffer, offset = long[:, 0], long[:, 2], long[:, 3]
    if (words[:, 0] < 0).any() or (buffer < 0).any() or (buffer >= len(sizes)).any() or (offset < 0).any():
        return False
    return bool((offset + length <= sizes[buffer]).all())
