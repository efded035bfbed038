"""The form of a feature batch that has a message a subject."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.columns.build import RowLimit, build_batch, resolve
from segmentd.columns.column import Batch
from segmentd.columns.errors import ColumnError, TooManyRowsError
from segmentd.columns.given import GivenColumn, Lists, Numbers, Strings, Values
from segmentd.columns.planes import byte_count
from segmentd.errors import ErrorReason
from segmentd.schema import AttributeSpec, Kind, Schema

MAX_CELLS: Final = 1 << 25
"""Vectors times attributes: as many as the largest request has bytes, and a value takes one at least."""

SLICE: Final = 4_096
"""Vectors that are Python objects at a time."""

Absent = npt.NDArray[np.bool_]

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

_READ: Final[Mapping[str, Callable[[pb.FeatureVector], Sequence[Any]]]] = {
    "doubles": lambda vector: vector.doubles,
    "integers": lambda vector: vector.integers,
    "bools": lambda vector: vector.bools,
    "strings": lambda vector: vector.strings,
    "lists": lambda vector: vector.lists,
}

_ELEMENTS: Final[Mapping[str, Any]] = {"doubles": np.float64, "integers": np.int64, "bools": np.bool_}


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


def decode_vectors(message: pb.VectorBatch, schema: Schema, limit: RowLimit, path: str) -> Batch:
    """The batch of a message that has a vector a subject. Raises SegmentdError with the field at fault."""
    with _placed(message, path):
        specs = resolve(schema, message.attributes)
        rows = len(message.vectors)
        _check_size(rows, len(specs), limit)
        _check_vectors(message, specs, path)
        absent = _decode_nulls(message, specs)
        values: dict[str, Values] = {}
        for slot in _READ:
            values |= _decode_slot(slot, message, specs, absent)
        given = [GivenColumn(spec.id, values[spec.id], _validity(spec, at, absent)) for at, spec in enumerate(specs)]
        return build_batch(given, schema, ids=message.ids, row_count=rows, limit=limit)


def _check_size(rows: int, attributes: int, limit: RowLimit) -> None:
    limit.check(rows)
    if rows * attributes > MAX_CELLS:
        raise TooManyRowsError(rows, MAX_CELLS // attributes)


def _vectors(message: pb.VectorBatch) -> Iterator[pb.FeatureVector]:
    """The vectors one after the other: of a million, as many Python objects would take hundreds of megabytes."""
    for start in range(0, len(message.vectors), SLICE):
        yield from message.vectors[start : start + SLICE]


@contextmanager
def _placed(message: pb.VectorBatch, path: str) -> Iterator[None]:
    """Say of a ColumnError which field of the message it is about, unless it is known already."""
    try:
        yield
    except ColumnError as error:
        if not error.fields:
            error.place(_field(message, path, error))
        raise


def _field(message: pb.VectorBatch, path: str, error: ColumnError) -> str:
    attribute = error.metadata.get("attribute")
    if attribute is None:
        return f"{path}.ids" if error.part == "ids" else f"{path}.vectors"
    index = next(index for index in reversed(range(len(message.attributes))) if message.attributes[index] == attribute)
    return f"{path}.attributes[{index}]"


def _check_vectors(message: pb.VectorBatch, specs: Sequence[AttributeSpec], path: str) -> None:
    """Refuse the first vector that has other slots or more bits than the attributes take."""
    width = byte_count(len(specs))
    expected = [(slot, read, len(_places(slot, specs))) for slot, read in _READ.items()]
    for index, vector in enumerate(_vectors(message)):
        size = len(vector.nulls)
        if size > width:
            _refuse(NullsLengthError(vector=index, size=size, limit=width), f"{path}.vectors[{index}].nulls")
        for slot, read, count in expected:
            given = len(read(vector))
            if given != count:
                error = SlotCountError(slot, vector=index, given=given, expected=count)
                _refuse(error, f"{path}.vectors[{index}].{slot}")


def _places(slot: str, specs: Sequence[AttributeSpec]) -> list[tuple[int, AttributeSpec]]:
    """The attributes that stand in one field of the vectors, each with its index."""
    return [(index, spec) for index, spec in enumerate(specs) if _SLOTS[spec.type.kind] == slot]


def _decode_nulls(message: pb.VectorBatch, specs: Sequence[AttributeSpec]) -> Absent | None:
    """Which values are missing, `bool[vectors, attributes]`; None: none is."""
    if not any(vector.nulls for vector in _vectors(message)):
        return None
    width = byte_count(len(specs))
    joined = np.frombuffer(b"".join(vector.nulls.ljust(width, b"\0") for vector in _vectors(message)), dtype=np.uint8)
    bits = np.unpackbits(joined.reshape(-1, width), axis=1, count=len(specs), bitorder="little")
    return bits.view(np.bool_)


def _decode_slot(
    slot: str, message: pb.VectorBatch, specs: Sequence[AttributeSpec], absent: Absent | None
) -> dict[str, Values]:
    """The values of the attributes that stand in one field of the vectors."""
    places = _places(slot, specs)
    if not places:
        return {}
    cells = _cells(slot, chain.from_iterable(map(_READ[slot], _vectors(message))), len(message.vectors) * len(places))
    return {
        spec.id: _values(slot, cells[place :: len(places)], None if absent is None else absent[:, index])
        for place, (index, spec) in enumerate(places)
    }


def _refuse(error: ColumnError, field: str) -> None:
    error.place(field)
    raise error


def _cells(slot: str, values: Iterable[Any], count: int) -> Any:
    """All values of a slot, vector after vector: an array of numbers, or a list."""
    element = _ELEMENTS.get(slot)
    return list(values) if element is None else np.fromiter(values, dtype=element, count=count)


def _values(slot: str, cells: Any, absent: Absent | None) -> Values:
    match slot:
        case "strings":
            return Strings(cells)
        case "lists":
            return _lists([cell.values for cell in cells], absent)
        case _:
            return Numbers(np.ascontiguousarray(cells))


def _lists(lists: list[Sequence[str]], absent: Absent | None) -> Lists:
    """A missing list may have any content, and is empty."""
    if absent is not None:
        lists = [() if gone else values for values, gone in zip(lists, absent.tolist(), strict=True)]
    return Lists(np.array([len(each) for each in lists], dtype=np.uint32), list(chain.from_iterable(lists)))


def _validity(spec: AttributeSpec, index: int, absent: Absent | None) -> bytes:
    """The validity bitmap of an attribute; none for lists and where nothing is missing."""
    if absent is None or spec.type.kind is Kind.LIST:
        return b""
    return np.packbits(~absent[:, index], bitorder="little").tobytes()
