"""Reads requests whose first or last byte lies next to memory that may not be read: one byte more kills the process."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from random import Random
from typing import Any, Final

import numpy as np

from segmentd.api.v1.ledger_service_pb2 import WriteRecordsRequest
from segmentd.engine.requests.fields import MergedMessageError, Messages, read_fields
from segmentd.engine.requests.message import Bytes, Message, NotAMessageError, open_groups
from segmentd.engine.requests.texts import join_texts, read_lists
from segmentd.engine.requests.vectors import (
    Vectors,
    find_uneven,
    read_attributes,
    read_columns,
    read_ids,
    survey_vectors,
)
from segmentd.facts.decoding.wire_forms import forms_of
from segmentd.kernels.protobuf import requests
from segmentd.kernels.protobuf.wire import MAX_DEPTH
from tests.facts.decoding.wire_requests import generate as generate_records
from tests.wire.requests import generate, generate_doubles

REQUESTS: Final = 30
PAGES: Final = 4
NO_ACCESS: Final = 0


class Guarded:
    """Memory of some pages between two that may not be read."""

    def __init__(self) -> None:
        self._mapped = mmap.mmap(-1, (PAGES + 2) * mmap.PAGESIZE)
        self._bytes = np.frombuffer(self._mapped, dtype=np.uint8)
        address = self._bytes.ctypes.data
        for page in (address, address + (PAGES + 1) * mmap.PAGESIZE):
            if ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(page), mmap.PAGESIZE, NO_ACCESS):
                raise OSError(ctypes.get_errno(), "mprotect")

    def first(self, raw: bytes) -> Bytes:
        """The bytes, right after a page that may not be read."""
        return self._put(raw, mmap.PAGESIZE)

    def last(self, raw: bytes) -> Bytes:
        """The bytes, right before a page that may not be read."""
        return self._put(raw, (PAGES + 1) * mmap.PAGESIZE - len(raw))

    def beyond(self) -> int:
        """A byte that may not be read."""
        return int(self._bytes[(PAGES + 1) * mmap.PAGESIZE])

    def _put(self, raw: bytes, at: int) -> Bytes:
        self._bytes[at : at + len(raw)] = np.frombuffer(raw, dtype=np.uint8)
        placed = self._bytes[at : at + len(raw)]
        placed.flags.writeable = False  # as the bytes of a request
        return placed


def read_everything(data: Bytes) -> bool:
    """Read all that there is in a request; whether its vectors could be read."""
    places = np.empty(requests.PLACES, dtype=np.int64)
    for streamed in (0, 1):
        if requests.locate_subjects(data, streamed, open_groups(), places) == requests.LOCATED:
            read_vectors(Message(data, *places[[requests.BODY_AT, requests.BODY_END, requests.DEPTH]].tolist()))
    return read_vectors(Message(data, 0, len(data), MAX_DEPTH))


def read_records(data: Bytes) -> bool:
    """Read all that there is in a request to write records; whether it is one."""
    try:
        read_nested(Messages.of(Message(data, 0, len(data), MAX_DEPTH)), WriteRecordsRequest.DESCRIPTOR)
    except (NotAMessageError, MergedMessageError):
        return False
    return True


def read_nested(messages: Messages, descriptor: Any) -> None:
    """Read messages, and those within them."""
    fields = read_fields(messages, forms_of(descriptor))
    for field in descriptor.fields:
        if field.type == field.TYPE_STRING:
            texts = fields.listed(field.number).texts() if field.is_repeated else fields.texts(field.number)
            texts.validate(full=True)
        elif field.type == field.TYPE_MESSAGE and field.message_type.name != "ColumnBatch":
            within = fields.listed(field.number) if field.is_repeated else fields.within(field.number)
            read_nested(within, field.message_type)


def read_vectors(message: Message) -> bool:
    """Read all that there is in a VectorBatch; whether it is one."""
    try:
        given = survey_vectors(message)
    except NotAMessageError:
        return False
    read_attributes(given, given.attribute_count)
    read_ids(given)
    if find_uneven(given, given.most, given.most_nulls) is None:
        read_cells(given)
    return True


def read_cells(given: Vectors) -> None:
    """Read the values of vectors that all have the same slots."""
    columns, data = read_columns(given), given.message.data
    for place in range(len(columns.strings.starts)):
        join_texts(data, columns.strings[place])
    for place in range(len(columns.lists.starts)):
        read_lists(data, columns.lists[place])


def examples() -> Iterator[bytes]:
    """Requests, vectors of doubles, and what is from anywhere in them on, each whole and cut off after every byte."""
    random = Random(7)  # noqa: S311 - repeatable, not secret
    for number in range(2 * REQUESTS):
        raw = (generate_doubles if number % 2 else generate)(random)[: PAGES * mmap.PAGESIZE]
        for start in (0, random.randrange(len(raw) + 1)):
            for end in range(start, len(raw) + 1):
                yield raw[start:end]


def examples_of_records() -> Iterator[bytes]:
    """Requests to write records, each whole and cut off in places."""
    random = Random(11)  # noqa: S311 - repeatable, not secret
    for _ in range(REQUESTS):
        raw = generate_records(random)[: PAGES * mmap.PAGESIZE]
        for end in range(len(raw) + 1):
            yield raw[:end]


def main() -> None:
    """Read every example at either end of the memory, then say how many there were; then read beyond on purpose."""
    memory = Guarded()
    read = [read_everything(place(raw)) for raw in examples() for place in (memory.first, memory.last)]
    read += [read_records(place(raw)) for raw in examples_of_records() for place in (memory.first, memory.last)]
    print(len(read), sum(read), flush=True)  # noqa: T201 - the test reads it
    print(memory.beyond())  # noqa: T201 - never reached


if __name__ == "__main__":
    main()
