"""Columns as messages of the API: of features and of records alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

import numpy as np

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.columns.build import RowLimit, build_batch, resolve
from segmentd.columns.column import Batch
from segmentd.columns.errors import ColumnError, TooManyRowsError, TypeMismatchError
from segmentd.columns.given import Coded, ElementType, GivenColumn, Lists, Numbers, Raw, Strings, Values
from segmentd.columns.planes import Buffer
from segmentd.schema import AttributeSpec, Kind, Schema

_INTEGERS: Final = (ElementType.INT64, ElementType.INT32, ElementType.INT16, ElementType.INT8)

_FITTING: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.BOOL: ("bools", "raw"),
    Kind.INT64: ("integers", "raw"),
    Kind.DOUBLE: ("doubles", "floats", "raw"),
    Kind.DECIMAL: ("integers", "doubles", "raw"),
    Kind.TIMESTAMP: ("integers", "raw"),
    Kind.DATE: ("integers", "raw"),
    Kind.STRING: ("strings", "dictionary"),
    Kind.LIST: ("lists",),
}
"""The fields of `Column.values` that fit an attribute's type, as `feature_batch.proto` says."""

_FITTING_RAW: Final[Mapping[Kind, tuple[ElementType, ...]]] = {
    Kind.BOOL: (ElementType.BIT, ElementType.INT8),
    Kind.INT64: _INTEGERS,
    Kind.DOUBLE: (ElementType.FLOAT64, ElementType.FLOAT32),
    Kind.DECIMAL: _INTEGERS,
    Kind.TIMESTAMP: (ElementType.INT64,),
    Kind.DATE: (ElementType.INT32,),
}
"""The element types of `raw` that fit."""

_ELEMENTS: Final[Mapping[int, ElementType]] = {
    number: ElementType[name.removeprefix("ELEMENT_TYPE_")]
    for name, number in pb.RawValues.ElementType.items()
    if number != pb.RawValues.ELEMENT_TYPE_UNSPECIFIED
}


NOTHING_LIFTED: Final[Mapping[int, Buffer]] = MappingProxyType({})

_LIFTED: Final[Mapping[str, str]] = {"doubles": "<f8", "floats": "<f4"}
"""The elements of the bytes that are lifted out of a field."""


def decode_columns(
    message: pb.ColumnBatch, schema: Schema, limit: RowLimit, path: str, lifted: Mapping[int, Buffer] = NOTHING_LIFTED
) -> Batch:
    """The batch of a message that has a column an attribute. Raises SegmentdError with the field at fault.

    `lifted`: by the index of a column, the bytes of its numbers, where they are not in the message.
    """
    with placed(message, path):
        given = given_columns(message, schema, limit, path, lifted)
        return build_batch(given, schema, ids=message.ids, row_count=message.row_count, limit=limit)


def given_columns(
    message: pb.ColumnBatch, schema: Schema, limit: RowLimit, path: str, lifted: Mapping[int, Buffer] = NOTHING_LIFTED
) -> list[GivenColumn]:
    """The columns of a message as given, each of a form that its attribute's type takes. Raises SegmentdError."""
    specs = resolve(schema, (each.attribute for each in message.columns))
    return [
        GivenColumn(
            spec.id, _values(column, lifted.get(index), spec, limit, f"{path}.columns[{index}]"), column.validity
        )
        for index, (column, spec) in enumerate(zip(message.columns, specs, strict=True))
    ]


@contextmanager
def placed(message: pb.ColumnBatch, path: str) -> Iterator[None]:
    """Say of a ColumnError which field of the message it is about."""
    try:
        yield
    except ColumnError as error:
        error.place(_field(message, path, error))
        raise


def _field(message: pb.ColumnBatch, path: str, error: ColumnError) -> str:
    attribute = error.metadata.get("attribute", error.metadata.get("attributes"))
    # The last of that name: of two columns, the second is one too many.
    for index in reversed(range(len(message.columns))):
        column = message.columns[index]
        if column.attribute == attribute:
            part = column.WhichOneof("values") if error.part == "values" else error.part
            return f"{path}.columns[{index}].{part or 'values'}"
    return f"{path}.{error.part}" if error.part in ("ids", "row_count") else path


def _values(column: pb.Column, lifted: Buffer | None, spec: AttributeSpec, limit: RowLimit, field: str) -> Values:
    """The column's values as given, of a form that the attribute's type takes."""
    form = column.WhichOneof("values")
    if form is None:
        raise FieldRequiredError(f"{field}.values")
    if form == "raw":
        return _raw(column.raw, lifted, spec, field)
    if form not in _FITTING[spec.type.kind]:
        raise TypeMismatchError(spec.id, given=form, expected=str(spec.type))
    if lifted is not None:
        return _lifted(lifted, form, limit)
    _check_length(column, form, limit)
    return _copied(column, form)


def _copied(column: pb.Column, form: str) -> Values:
    """The values of a field of the message."""
    match form:
        case "strings":
            return Strings(column.strings.values)
        case "dictionary":
            return Coded(column.dictionary.dictionary, np.array(column.dictionary.codes, dtype=np.uint32))
        case "lists":
            return Lists(np.array(column.lists.lengths, dtype=np.uint32), column.lists.values)
        case "doubles":
            return Numbers(np.array(column.doubles.values, dtype=np.float64))
        case "floats":
            return Numbers(np.array(column.floats.values, dtype=np.float32))
        case "bools":
            return Numbers(np.array(column.bools.values, dtype=np.bool_))
        case _:
            return Numbers(np.array(column.integers.values, dtype=np.int64))


def _check_length(column: pb.Column, form: str, limit: RowLimit) -> None:
    """TooManyRowsError for more rows than allowed, before they are copied out of the message."""
    values = getattr(column, form)
    rows = len(getattr(values, {"dictionary": "codes", "lists": "lengths"}.get(form, "values")))
    if rows > limit.most:
        raise TooManyRowsError(rows, limit.most)


def _lifted(data: Buffer, form: str, limit: RowLimit) -> Numbers:
    """The numbers of lifted bytes, in place."""
    values = np.frombuffer(data, dtype=_LIFTED[form])
    if len(values) > limit.most:
        raise TooManyRowsError(len(values), limit.most)
    return Numbers(values)


def _raw(raw: pb.RawValues, lifted: Buffer | None, spec: AttributeSpec, field: str) -> Raw:
    element = _ELEMENTS.get(raw.type)
    if element is None:
        raise InvalidFieldError(f"{field}.raw.type", raw.type, ", ".join(each.name for each in ElementType))
    if element not in _FITTING_RAW.get(spec.type.kind, ()):
        raise TypeMismatchError(spec.id, given=f"raw {element.name}", expected=str(spec.type))
    return Raw(element, raw.data if lifted is None else lifted)
