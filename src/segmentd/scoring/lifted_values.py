"""Large values of columns, read where they lie in a request's bytes, and copied once if these are not aligned.

Protobuf's parser copies what has megabytes, and copies it again when it is asked for; both take longer than to evaluate
it. So the values are taken out of the message first, and what is left is parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from segmentd.api.wire import length_delimited

WORTH_LIFTING: Final = 16_384
"""Bytes of values from which it is quicker not to have them copied."""

MAX_FIELDS: Final = 4_096
"""Fields that are looked at, of the batch and of its columns together: each takes a microsecond or two."""

_COLUMN: Final = 0x0A  # of ColumnBatch
_DOUBLES, _FLOATS, _RAW, _LAST_VALUES = 0x12, 0x1A, 0x4A, 0x4A  # of Column
_PACKED: Final = b"\x0a"
_DATA: Final = 0x12
"""Tags: field number times 8 plus wire type."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
"""Wire types."""


class _UnusualError(Exception):
    """The bytes are not as serializers write them: for a parser to judge."""


@dataclass(slots=True)
class Lifted:
    """A ColumnBatch without its large values, and those by the index of the column: the bytes of its numbers."""

    rest: bytes
    values: Mapping[int, memoryview] = field(default_factory=dict)


def lift_values(batch: memoryview) -> Lifted:
    """The batch in two parts; in one, where it is small, has many fields, or is not as serializers write it."""
    if len(batch) < WORTH_LIFTING:
        return Lifted(bytes(batch))
    try:
        return _lift(batch)
    except _UnusualError:
        return Lifted(bytes(batch))


class _Walk:
    """Goes from field to field, but not over more than `MAX_FIELDS`."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_FIELDS

    def field(self, message: memoryview, at: int) -> tuple[int, int]:
        """Where the value of the field at `at` begins and ends."""
        self._left -= 1
        if self._left < 0:
            raise _UnusualError
        return _field(message, at)


def _lift(batch: memoryview) -> Lifted:
    walk = _Walk()
    rest: list[bytes] = []
    values: dict[int, memoryview] = {}
    at, columns = 0, 0
    while at < len(batch):
        start, stop = walk.field(batch, at)
        if batch[at] == _COLUMN:
            slim, found = _lift_column(batch[start:stop], walk)
            rest.append(length_delimited(b"\x0a", slim))
            if found is not None:
                values[columns] = found
            columns += 1
        else:
            rest.append(bytes(batch[at:stop]))
        at = stop
    return Lifted(b"".join(rest), values)


def _lift_column(column: memoryview, walk: _Walk) -> tuple[bytes, memoryview | None]:
    """The column without its values, and those."""
    rest: list[bytes] = []
    found: memoryview | None = None
    at, forms = 0, 0
    while at < len(column):
        start, stop = walk.field(column, at)
        tag = column[at]
        forms += _DOUBLES <= tag <= _LAST_VALUES
        if tag in (_DOUBLES, _FLOATS, _RAW) and stop - start >= WORTH_LIFTING:
            slim, found = _lift_raw(column[start:stop]) if tag == _RAW else _lift_packed(column[start:stop], tag)
            rest.append(length_delimited(bytes([tag]), slim))
        else:
            rest.append(bytes(column[at:stop]))
        at = stop
    if found is not None and forms > 1:
        raise _UnusualError  # of two forms the last one counts
    return b"".join(rest), found


def _lift_packed(message: memoryview, tag: int) -> tuple[bytes, memoryview]:
    """Of DoubleValues or FloatValues: nothing is left."""
    start, stop = _field(message, 0)
    if message[0] != _PACKED[0] or stop != len(message) or (stop - start) % (8 if tag == _DOUBLES else 4):
        raise _UnusualError
    return b"", message[start:stop]


def _lift_raw(message: memoryview) -> tuple[bytes, memoryview]:
    """Of RawValues: the type is left."""
    _, type_end = _field(message, 0)
    start, stop = _field(message, type_end)
    if message[0] & 7 != _VARINT or message[type_end] != _DATA or stop != len(message):
        raise _UnusualError
    return bytes(message[:type_end]), message[start:stop]


def _field(message: memoryview, at: int) -> tuple[int, int]:
    """Where the value of the field at `at` begins and ends; its tag has one byte."""
    if at >= len(message) or not 8 <= message[at] < 0x80:
        raise _UnusualError
    wire_type = message[at] & 7
    if wire_type == _VARINT:
        return at + 1, _varint(message, at + 1)[1]
    if wire_type == _LENGTH:
        size, start = _varint(message, at + 1)
    elif wire_type in (_FIXED64, _FIXED32):
        size, start = 8 if wire_type == _FIXED64 else 4, at + 1
    else:
        raise _UnusualError
    if size > len(message) - start:
        raise _UnusualError
    return start, start + size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of at most 35 bits, and where it ends."""
    number = 0
    for index, byte in enumerate(message[at : at + 5]):
        number |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return number, at + index + 1
    raise _UnusualError
