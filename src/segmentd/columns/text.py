"""Columns of text and of lists of text: codes into the distinct values, from Arrow arrays or Python strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.columns.column import Codes, ListColumn, TextColumn
from segmentd.columns.errors import ExpandedSizeError, InvalidValueError, TypeMismatchError
from segmentd.columns.fixed import refuse_first
from segmentd.columns.planes import Plane, unpack
from segmentd.schema import AttributeSpec

MAX_TEXT_BYTES: Final = 2**31 - 1
"""An Arrow string array has 32-bit offsets."""
CODE_BYTES: Final = 4
VIEW_WORDS: Final = 4
"""A string view is four 32-bit words, the first of them the length."""

VIEWS: Final = (pa.string_view(), pa.binary_view())


def strings_from(spec: AttributeSpec, values: Sequence[str | None]) -> pa.StringArray:
    """The Arrow array of Python strings; None is missing. Other values and lone surrogates are refused."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError as error:
        row = next(row for row, value in enumerate(values) if value is not None and not _encodable(value))
        raise InvalidValueError(spec.id, row=row, value=ascii(values[row]), allowed="text is UTF-8") from error
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TypeMismatchError(spec.id, given="mixed", expected=str(spec.type)) from error


def build_text(attribute: str, array: pa.Array, validity: Plane | None = None) -> TextColumn:
    """The column of an array of strings or of their bytes, of any width, or of a dictionary of them.

    Rows are missing where the array is null and where `validity` is 0. InvalidValueError for text that is no
    UTF-8, ExpandedSizeError where the distinct values take more than `MAX_TEXT_BYTES`.
    """
    codes, distinct = encode(attribute, array)
    if validity is not None:
        codes = np.where(unpack(validity, len(codes)), codes, np.int32(len(distinct)))
    return TextColumn(codes, distinct)


def build_text_from_codes(
    attribute: str, codes: npt.NDArray[np.integer], dictionary: pa.StringArray, validity: Plane | None
) -> TextColumn:
    """The column of given codes and dictionary; InvalidValueError where a present row's code is not in it."""
    wrong = (codes < 0) | (codes >= len(dictionary))
    refuse_first(attribute, wrong, codes, validity, f"codes into the dictionary are 0 to {len(dictionary) - 1}")
    missing = wrong if validity is None else ~unpack(validity, len(codes))
    return TextColumn(np.where(missing, len(dictionary), codes).astype(np.int32), dictionary)


def build_lists(attribute: str, array: pa.Array) -> ListColumn:
    """The column of an array of lists (of any offset width, or of fixed size) of what `build_text` takes.

    A null list is an empty one; a null in a list is an InvalidValueError.
    """
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    ends = np.cumsum(lengths)
    try:
        codes, distinct = encode(attribute, array.flatten())
    except InvalidValueError as error:
        row = _row_of(ends, int(error.metadata["row"]))
        raise InvalidValueError(attribute, row=row, value=error.metadata["value"], allowed="text is UTF-8") from error
    missing = codes == len(distinct)
    if missing.any():
        row = _row_of(ends, int(missing.argmax()))
        raise InvalidValueError(attribute, row=row, value="null", allowed="the elements of a list are text")
    return _distinct_lists(np.concatenate([[0], ends]), codes, distinct)


def encode(attribute: str, array: pa.Array) -> tuple[Codes, pa.StringArray]:
    """Codes of the rows and the distinct strings; a null row has the code `len(strings)`."""
    if not pa.types.is_dictionary(array.type):
        return _encode_plain(attribute, array)
    distinct = _with_offsets(array.dictionary)
    present = pc.is_valid(distinct).to_numpy(zero_copy_only=False)
    renumbered = np.where(present, np.cumsum(present) - 1, present.sum()).astype(np.int32)
    renumbered = np.append(renumbered, np.int32(present.sum()))  # for null rows
    indices = pc.fill_null(array.indices.cast(pa.int64()), len(present)).to_numpy(zero_copy_only=False)
    codes = renumbered[indices]
    return codes, _strings(attribute, distinct.drop_null(), codes)


def text_size(array: pa.Array) -> int:
    """The bytes of the strings of an array when each row is written out, nulls possibly included."""
    if pa.types.is_dictionary(array.type):
        sizes = pc.fill_null(pc.binary_length(_with_offsets(array.dictionary)), 0).to_numpy(zero_copy_only=False)
        indices = pc.fill_null(array.indices.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        return int(sizes.astype(np.int64)[indices].sum()) if len(sizes) else 0
    if array.type in VIEWS:
        # The buffer may be longer than the views, by any number of bytes.
        count = (array.offset + len(array)) * VIEW_WORDS
        words = np.frombuffer(array.buffers()[1] or b"", dtype=np.int32, count=count).reshape(-1, VIEW_WORDS)
        lengths = words[array.offset :, 0]
        return int(np.maximum(lengths, 0).sum(dtype=np.int64))
    return int(pc.sum(pc.binary_length(array)).as_py() or 0)


def _encode_plain(attribute: str, array: pa.Array) -> tuple[Codes, pa.StringArray]:
    encoded = _encoded(array)
    indices = encoded.indices
    if indices.null_count:
        indices = pc.fill_null(indices, len(encoded.dictionary))
    codes = indices.to_numpy(zero_copy_only=False)
    return codes, _strings(attribute, _with_offsets(encoded.dictionary), codes)


def _encoded(array: pa.Array) -> pa.DictionaryArray:
    if array.type in VIEWS:
        _check_size(text_size(array))  # many views may show the same bytes, each to be hashed
    return array.dictionary_encode()


def _with_offsets(array: pa.Array) -> pa.Array:
    """The strings with their bytes one after the other, where most of Arrow's functions can read them."""
    if array.type not in VIEWS:
        return array
    _check_size(text_size(array))
    return array.cast(pa.large_binary())


def _strings(attribute: str, distinct: pa.Array, codes: Codes) -> pa.StringArray:
    if distinct.type == pa.string():
        return distinct
    _check_size(text_size(distinct))
    try:
        return distinct.cast(pa.string())
    except pa.ArrowInvalid as error:
        code, shown = _first_undecodable(distinct)
        row = int((codes == code).argmax())
        raise InvalidValueError(attribute, row=row, value=shown, allowed="text is UTF-8") from error


def _check_size(size: int) -> None:
    if size > MAX_TEXT_BYTES:
        raise ExpandedSizeError(size, MAX_TEXT_BYTES)


def _first_undecodable(distinct: pa.Array) -> tuple[int, bytes]:
    for code, value in enumerate(distinct.cast(pa.large_binary())):
        try:
            value.as_py().decode()
        except UnicodeDecodeError:
            return code, value.as_py()
    raise ValueError("every string is UTF-8")


def _encodable(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _row_of(ends: npt.NDArray[np.int64], element: int) -> int:
    """The row whose list has the element, where lists end before the elements `ends`."""
    return int(np.searchsorted(ends, element, side="right"))


def _distinct_lists(offsets: npt.NDArray[np.int64], codes: Codes, distinct: pa.StringArray) -> ListColumn:
    """Lists as the bytes of their elements' codes, so that Arrow finds the distinct ones."""
    as_bytes = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(),
        len(offsets) - 1,
        [None, pa.py_buffer(offsets * CODE_BYTES), pa.py_buffer(np.ascontiguousarray(codes))],
    )
    encoded = as_bytes.dictionary_encode()
    starts, elements = _elements(encoded.dictionary)
    strings = pa.DictionaryArray.from_arrays(elements, distinct) if len(distinct) else None
    if strings is not None:
        _check_size(text_size(strings))
    dictionary = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), distinct.take(pa.array(elements)))
    return ListColumn(encoded.indices.to_numpy(zero_copy_only=False), dictionary)


def _elements(lists: pa.LargeBinaryArray) -> tuple[npt.NDArray[np.int32], Codes]:
    """Where each distinct list starts among the codes of all their elements, and those codes."""
    _, offsets, data = lists.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64, count=len(lists) + 1)
    size = int(ends[-1]) - int(ends[0])
    codes = np.frombuffer(data or b"", dtype=np.int32, count=size // CODE_BYTES, offset=int(ends[0]))
    return ((ends - ends[0]) // CODE_BYTES).astype(np.int32), codes
