"""The form of a feature batch that has a message a subject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.build import RowLimit, build_column, resolve
from segmentd.columns.column import Batch, Column
from segmentd.columns.errors import ColumnError, IdsLengthError, TooManyRowsError
from segmentd.columns.given import ElementType, Lists, Numbers, Raw, Strings, Values
from segmentd.columns.planes import Plane, byte_count, unpack
from segmentd.engine.requests.texts import join_texts, read_lists
from segmentd.engine.requests.vectors import (
    SLOTS,
    VectorColumns,
    Vectors,
    find_uneven,
    read_attributes,
    read_columns,
    read_ids,
)
from segmentd.errors import ErrorReason
from segmentd.schema import AttributeSpec, Kind, Schema

MAX_CELLS: Final = 1 << 25
"""Vectors times attributes: as many as the largest request has bytes, and a value takes one at least."""

_SLOTS: Final[Mapping[Kind, str]] = {
    Kind.DOUBLE: "doubles",
    Kind.INT64: "integers",
    Kind.DECIMAL: "integers",
    Kind.TIMESTAMP: "integers",
    Kind.DATE: "integers",
    Kind.BOOL: "bools",
    Kind.STRING: "strings",
    Kind.LIST: "lists",
}
"""The field of a vector in which an attribute's value stands."""


class SlotCountError(ColumnError):
    """A vector does not have one slot for each attribute of a field."""

    reason = ErrorReason.RAGGED_COLUMNS

    def __init__(self, slot: str, *, vector: int, given: int, expected: int) -> None:
        super().__init__(
            f"vector {vector} has {given} {slot}, and the batch's attributes take {expected}",
            slot=slot,
            vector=vector,
            rows=given,
            expected=expected,
        )


class NullsLengthError(ColumnError):
    """A vector has more bits for missing values than there are attributes."""

    reason = ErrorReason.VALIDITY_LENGTH

    def __init__(self, *, vector: int, size: int, limit: int) -> None:
        super().__init__(
            f"the nulls of vector {vector} have {size} bytes, and the batch's attributes need at most {limit}",
            vector=vector,
            bytes=size,
            expected=limit,
        )


def decode_vectors(vectors: Vectors, schema: Schema, limit: RowLimit, path: str) -> Batch:
    """The batch of a message that has a vector a subject. Raises SegmentdError with the field at fault."""
    names = read_attributes(vectors, most=len(schema.attributes) + 1)  # that many names cannot all be right
    with _placed(names, path):
        specs = resolve(schema, (name.as_py() for name in names))
        _check_size(vectors.row_count, len(specs), limit)
        _check_vectors(vectors, specs, path)
        if vectors.id_count not in (0, vectors.row_count):
            raise IdsLengthError(rows=vectors.id_count, expected=vectors.row_count)
        columns = dict(_columns(specs, _Cells(vectors, read_columns(vectors)), schema.time_zone))
        return Batch(vectors.row_count, columns, read_ids(vectors) if vectors.id_count else None)


def _check_size(rows: int, attributes: int, limit: RowLimit) -> None:
    limit.check(rows)
    if rows * attributes > MAX_CELLS:
        raise TooManyRowsError(rows, MAX_CELLS // attributes)


@contextmanager
def _placed(names: pa.StringArray, path: str) -> Iterator[None]:
    """Say of a ColumnError which field of the message it is about, unless it is known already."""
    try:
        yield
    except ColumnError as error:
        if not error.fields:
            error.place(_field(names, path, error))
        raise


def _field(names: pa.StringArray, path: str, error: ColumnError) -> str:
    attribute = error.metadata.get("attribute")
    if attribute is None:
        return f"{path}.ids" if error.part == "ids" else f"{path}.vectors"
    index = next(index for index in reversed(range(len(names))) if names[index].as_py() == attribute)
    return f"{path}.attributes[{index}]"


def _check_vectors(vectors: Vectors, specs: Sequence[AttributeSpec], path: str) -> None:
    """Refuse the first vector that has other slots or more bits than the attributes take."""
    width = byte_count(len(specs))
    expected = tuple(sum(_SLOTS[spec.type.kind] == slot for spec in specs) for slot in SLOTS)
    uneven = find_uneven(vectors, expected, width)
    if uneven is None:
        return
    if uneven.nulls > width:
        error: ColumnError = NullsLengthError(vector=uneven.row, size=uneven.nulls, limit=width)
        error.place(f"{path}.vectors[{uneven.row}].nulls")
        raise error
    slot, given, taken = next(each for each in zip(SLOTS, uneven.counts, expected, strict=True) if each[1] != each[2])
    error = SlotCountError(slot, vector=uneven.row, given=given, expected=taken)
    error.place(f"{path}.vectors[{uneven.row}].{slot}")
    raise error


@dataclass(frozen=True, slots=True)
class _Cells:
    """The values of all vectors, and the bytes in which their text lies."""

    vectors: Vectors
    columns: VectorColumns

    def values(self, slot: str, place: int, absent: Plane | None) -> Values:
        """The values of the attribute that has this place among those of a field."""
        data, rows = self.vectors.message.data, self.vectors.row_count
        match slot:
            case "doubles":
                return Numbers(self.columns.doubles[place])
            case "integers":
                return Numbers(self.columns.integers[place])
            case "bools":
                return Raw(ElementType.BIT, _bitmap(self.columns.bools[place], rows))
            case "strings":
                return Strings(join_texts(data, self.columns.strings[place]))
        lists = self.columns.lists[place]
        if absent is not None:
            lists.sizes[unpack(absent, rows)] = 0  # a missing list may have any content, and is empty
        return Lists(*read_lists(data, lists))


def _columns(specs: Sequence[AttributeSpec], cells: _Cells, time_zone: str) -> Iterator[tuple[str, Column]]:
    places = dict.fromkeys(SLOTS, 0)
    for index, spec in enumerate(specs):
        slot = _SLOTS[spec.type.kind]
        absent = cells.columns.absent[index] if cells.vectors.has_nulls else None
        values = cells.values(slot, places[slot], absent)
        places[slot] += 1
        rows = cells.vectors.row_count
        yield spec.id, build_column(spec, values, _validity(spec, absent, rows), rows=rows, time_zone=time_zone)


def _validity(spec: AttributeSpec, absent: Plane | None, rows: int) -> bytes:
    """The validity bitmap of an attribute; none for lists and where nothing is missing."""
    if absent is None or spec.type.kind is Kind.LIST:
        return b""
    return _bitmap(~absent, rows)


def _bitmap(plane: npt.NDArray[np.uint64], rows: int) -> bytes:
    return plane.view(np.uint8)[: byte_count(rows)].tobytes()
