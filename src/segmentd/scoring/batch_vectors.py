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
from segmentd.columns.errors import ColumnError
from segmentd.columns.given import GivenColumn, Lists, Numbers, Strings, Values
from segmentd.columns.planes import byte_count
from segmentd.errors import ErrorReason
from segmentd.schema import AttributeSpec, Kind, Schema

Vectors = Sequence[pb.FeatureVector]
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
        vectors = list(message.vectors)
        limit.check(len(vectors))
        absent = _decode_nulls(vectors, specs, path)
        values: dict[str, Values] = {}
        for slot in _READ:
            values |= _decode_slot(slot, vectors, specs, absent, path)
        given = [GivenColumn(spec.id, values[spec.id], _validity(spec, at, absent)) for at, spec in enumerate(specs)]
        return build_batch(given, schema, ids=message.ids, row_count=len(vectors), limit=limit)


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
    index = len(message.attributes) - 1 - list(reversed(message.attributes)).index(attribute)
    return f"{path}.attributes[{index}]"


def _decode_nulls(vectors: Vectors, specs: Sequence[AttributeSpec], path: str) -> Absent | None:
    """Which values are missing, `bool[vectors, attributes]`; None: none is."""
    nulls = [vector.nulls for vector in vectors]
    width = byte_count(len(specs))
    longest = max(map(len, nulls))
    if longest > width:
        index = next(index for index, each in enumerate(nulls) if len(each) > width)
        _refuse(NullsLengthError(vector=index, size=len(nulls[index]), limit=width), f"{path}.vectors[{index}].nulls")
    if longest == 0:
        return None
    joined = np.frombuffer(b"".join(each.ljust(width, b"\0") for each in nulls), dtype=np.uint8)
    bits = np.unpackbits(joined.reshape(len(nulls), width), axis=1, count=len(specs), bitorder="little")
    return bits.view(np.bool_)


def _decode_slot(
    slot: str, vectors: Vectors, specs: Sequence[AttributeSpec], absent: Absent | None, path: str
) -> dict[str, Values]:
    """The values of the attributes that stand in one field of the vectors."""
    places = [(index, spec) for index, spec in enumerate(specs) if _SLOTS[spec.type.kind] == slot]
    read = _READ[slot]
    _check_slots(slot, [len(read(vector)) for vector in vectors], len(places), path)
    if not places:
        return {}
    cells = _cells(slot, chain.from_iterable(map(read, vectors)), len(vectors) * len(places))
    return {
        spec.id: _values(slot, cells[place :: len(places)], None if absent is None else absent[:, index])
        for place, (index, spec) in enumerate(places)
    }


def _check_slots(slot: str, lengths: list[int], expected: int, path: str) -> None:
    if lengths.count(expected) != len(lengths):
        index = next(index for index, length in enumerate(lengths) if length != expected)
        error = SlotCountError(slot, vector=index, given=lengths[index], expected=expected)
        _refuse(error, f"{path}.vectors[{index}].{slot}")


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
