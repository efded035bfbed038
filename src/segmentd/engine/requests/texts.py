"""Text in the bytes of messages as Arrow arrays, without a Python object a string."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.requests.message import Bytes, Message, open_groups
from segmentd.kernels.protobuf import fields, vectors

Places = npt.NDArray[np.int32]
"""Bytes of a request have 32-bit numbers: no message has 2 GiB."""


@dataclass(frozen=True, slots=True)
class Values:
    """Where values with a length begin, and how many bytes they have; two arrays of one shape."""

    starts: Places
    sizes: Places

    @classmethod
    def empty(cls, shape: int | tuple[int, ...]) -> Self:
        """Room for so many."""
        return cls(np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.int32))

    def __getitem__(self, place: int) -> Values:
        return Values(self.starts[place], self.sizes[place])


def read_texts(message: Message, number: int, count: int) -> pa.StringArray:
    """The first `count` values of the field with this number, which are UTF-8 and at least as many."""
    return join_texts(message.data, list_values(message, number, count))


def list_values(message: Message, number: int, count: int) -> Values:
    """Where the first `count` values of the field with this number lie, which are at least as many."""
    whole = Values(np.array([message.at], dtype=np.int32), np.array([len(message)], dtype=np.int32))
    return list_within(message.data, whole, number, count)


def read_lists(data: Bytes, lists: Values) -> tuple[npt.NDArray[np.int32], pa.StringArray]:
    """How many elements each StringList has, and the elements of all."""
    lengths = np.empty(len(lists.starts), dtype=np.int32)
    fields.count_fields(data, lists.starts, lists.sizes, vectors.ELEMENTS, open_groups(), lengths)
    return lengths, join_texts(data, list_within(data, lists, vectors.ELEMENTS, int(lengths.sum(dtype=np.int64))))


def join_texts(data: Bytes, values: Values, present: npt.NDArray[np.bool_] | None = None) -> pa.StringArray:
    """The values, which are UTF-8, as an Arrow array, null where `present` is false."""
    count = len(values.sizes)
    offsets = np.zeros(count + 1, dtype=np.int32)
    np.cumsum(values.sizes, dtype=np.int32, out=offsets[1:])
    joined = np.empty(offsets[-1], dtype=np.uint8)
    fields.join_values(data, values.starts, offsets, joined)
    bitmap = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(joined), bitmap)


def list_within(data: Bytes, messages: Values, number: int, count: int) -> Values:
    """Where the first `count` values of a field lie, message by message, all of which have at least as many."""
    found = Values.empty(count)
    fields.list_fields(data, messages.starts, messages.sizes, number, open_groups(), found.starts, found.sizes)
    return found
