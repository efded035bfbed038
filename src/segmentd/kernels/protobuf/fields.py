"""Where the values of one field lie among the bytes of messages that were read before, and those values together."""

from __future__ import annotations

from typing import Any

from segmentd.kernels.compiler import kernel
from segmentd.kernels.protobuf.wire import (
    LENGTH,
    MAX_DEPTH,
    byte_at,
    read_length,
    read_short_varint,
    skip_unknown,
    store_byte,
    store_word,
    word_at,
)


@kernel
def count_fields(data: Any, starts: Any, sizes: Any, number: int, open_groups: Any, counts: Any) -> None:
    """How many fields with a length of this number each of the messages has that begin at `starts`."""
    base, scratch = data.ctypes.data, open_groups.ctypes.data
    for message in range(len(starts)):
        at = base + starts[message]
        end = at + sizes[message]
        count = 0
        while at < end:
            at, tag = read_short_varint(at, end)
            if tag == number << 3 | LENGTH:
                _, at = read_length(at, end)
                count += 1
            else:
                at = skip_unknown(at, end, tag, MAX_DEPTH, scratch)
        counts[message] = count


@kernel
def list_fields(
    data: Any, starts: Any, sizes: Any, number: int, open_groups: Any, value_starts: Any, value_sizes: Any
) -> None:
    """Where the values of those fields begin, and their bytes, message by message; as many as there is room for."""
    base, scratch = data.ctypes.data, open_groups.ctypes.data
    count = 0
    for message in range(len(starts)):
        at = base + starts[message]
        end = at + sizes[message]
        while at < end and count < len(value_starts):
            at, tag = read_short_varint(at, end)
            if tag == number << 3 | LENGTH:
                at, stop = read_length(at, end)
                value_starts[count] = at - base
                value_sizes[count] = stop - at
                count += 1
                at = stop
            else:
                at = skip_unknown(at, end, tag, MAX_DEPTH, scratch)


@kernel
def join_values(data: Any, starts: Any, offsets: Any, out: Any) -> None:
    """The values that begin at `starts`, one after the other; the n-th is `offsets[n]` to `offsets[n + 1]` of `out`."""
    source, target = data.ctypes.data, out.ctypes.data
    for index in range(len(starts)):
        at = source + starts[index]
        to = target + offsets[index]
        end = target + offsets[index + 1]
        while end - to >= 8:
            store_word(to, word_at(at))
            at += 8
            to += 8
        while to < end:
            store_byte(to, byte_at(at))
            at += 1
            to += 1
