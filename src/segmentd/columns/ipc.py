"""Arrow IPC streams from callers: what they unpack to is bounded before anything is unpacked."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from segmentd.columns.build import RowLimit
from segmentd.columns.errors import ExpandedSizeError, MalformedArrowError

MAX_UNPACKED_BYTES: Final = 1 << 28
"""256 MiB: eight times the largest request."""

MAX_MESSAGES: Final = 1 << 16
"""Messages of a stream: batches, dictionaries and the schema."""

_NOT_COMPRESSED: Final = -1
"""Stands where the size of a compressed buffer would, for one that did not become smaller."""

# Positions of fields in the tables of Arrow's Message.fbs and Schema.fbs.
_MESSAGE_HEADER: Final = 2
_BATCH_LENGTH: Final = 0
_BATCH_BUFFERS: Final = 2
_BATCH_COMPRESSION: Final = 3
_DICTIONARY_ID: Final = 0
_DICTIONARY_DATA: Final = 1
_DICTIONARY_IS_DELTA: Final = 2


def read_arrow_stream(data: bytes, *, limit: RowLimit, max_bytes: int = MAX_UNPACKED_BYTES) -> pa.Table:
    """The table of an IPC stream, not yet validated: its schema and all its record batches.

    MalformedArrowError if it cannot be read, bytes follow its end, it has more than `MAX_MESSAGES` or changes a
    dictionary; EmptyBatchError, TooManyRowsError or
    ExpandedSizeError, before any buffer is unpacked, if it has no rows, more than the limit, or more bytes
    than `max_bytes` when unpacked.
    """
    try:
        rows, size = _measure(data)
        if size > max_bytes:
            raise ExpandedSizeError(size, max_bytes)
        with pa.ipc.open_stream(data) as reader:
            _read_names(reader.schema)
            limit.check(rows)
            return reader.read_all()
    except (pa.ArrowException, OSError, ValueError, KeyError, struct.error) as error:
        raise MalformedArrowError(str(error)) from error


def _read_names(schema: pa.Schema) -> None:
    """UnicodeDecodeError for a name that is no UTF-8, here and not where a message shows it."""
    for field in schema:
        _ = field.name, str(field.type)


def _measure(data: bytes) -> tuple[int, int]:
    """Rows of all record batches, and bytes of all buffers when unpacked."""
    rows, size = 0, 0
    dictionaries: set[int] = set()
    for count, message in enumerate(_messages(data), 1):
        if count > MAX_MESSAGES:
            raise MalformedArrowError(f"the stream has more than {MAX_MESSAGES} messages")
        if message.type == "record batch":
            batch = _header(message)
            rows += batch.count(_BATCH_LENGTH)
        elif message.type == "dictionary":
            batch = _dictionary(_header(message), dictionaries)
        else:
            continue
        size += _unpacked_size(batch, message.body)
    return rows, size


def _dictionary(header: _Table, seen: set[int]) -> _Table:
    """The batch of a dictionary that is not in `seen`, which it is added to.

    Arrow joins a delta to a copy of all before it, and keeps every dictionary that was replaced: what a stream of
    such messages takes grows with the square of their number.
    """
    number = header.long(_DICTIONARY_ID)
    if header.flag(_DICTIONARY_IS_DELTA) or number in seen:
        raise MalformedArrowError(f"dictionary {number} comes more than once, as a delta or in place of the first one")
    seen.add(number)
    return header.table(_DICTIONARY_DATA)


def _messages(data: bytes) -> Iterator[pa.ipc.Message]:
    source = pa.BufferReader(data)
    reader = pa.ipc.MessageReader.open_stream(source)
    while True:
        try:
            yield reader.read_next_message()
        except StopIteration:
            break
    if source.tell() != len(data):
        raise MalformedArrowError(f"the stream ends after {source.tell()} of {len(data)} bytes")


def _header(message: pa.ipc.Message) -> _Table:
    metadata = memoryview(message.metadata)
    return _Table(metadata, struct.unpack_from("<I", metadata, 0)[0]).table(_MESSAGE_HEADER)


def _unpacked_size(batch: _Table, body: pa.Buffer | None) -> int:
    compressed = batch.has(_BATCH_COMPRESSION)
    view = memoryview(body or b"")
    size = 0
    for offset, length in batch.pairs(_BATCH_BUFFERS):
        unpacked = struct.unpack_from("<q", view, offset)[0] if compressed and length else _NOT_COMPRESSED
        if unpacked < _NOT_COMPRESSED:
            raise MalformedArrowError(f"a buffer of {unpacked} bytes")
        size += length if unpacked == _NOT_COMPRESSED else unpacked
    return size


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a flatbuffer: `at` is where it lies, with its fields found through its vtable.

    struct.error for places outside the data. See https://flatbuffers.dev/internals/.
    """

    data: memoryview
    at: int

    def has(self, field: int) -> bool:
        """Whether the field is set."""
        return self._place(field) is not None

    def count(self, field: int) -> int:
        """A number of rows; 0 if it is not set."""
        value = self.long(field)
        if value < 0:
            raise MalformedArrowError(f"a batch of {value} rows")
        return value

    def long(self, field: int) -> int:
        """A 64-bit integer; 0 if it is not set."""
        place = self._place(field)
        value: int = 0 if place is None else struct.unpack_from("<q", self.data, place)[0]
        return value

    def flag(self, field: int) -> bool:
        """A truth value; false if it is not set."""
        place = self._place(field)
        return place is not None and bool(struct.unpack_from("<B", self.data, place)[0])

    def table(self, field: int) -> _Table:
        """A table within the table."""
        return _Table(self.data, self._target(field))

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """A vector of structs of two 64-bit integers; empty if it is not set."""
        if not self.has(field):
            return iter(())
        start = self._target(field)
        count = struct.unpack_from("<I", self.data, start)[0]
        return struct.iter_unpack("<qq", self.data[start + 4 : start + 4 + 16 * count])

    def _target(self, field: int) -> int:
        place = self._place(field)
        if place is None:
            raise MalformedArrowError("a message without its content")
        offset: int = struct.unpack_from("<I", self.data, place)[0]
        return place + offset

    def _place(self, field: int) -> int | None:
        vtable = self.at - struct.unpack_from("<i", self.data, self.at)[0]
        size = struct.unpack_from("<H", self.data, vtable)[0]
        entry = 4 + 2 * field
        offset = struct.unpack_from("<H", self.data, vtable + entry)[0] if entry < size else 0
        return self.at + offset if offset else None
