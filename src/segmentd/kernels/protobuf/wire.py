"""Protocol Buffers on the wire: tags, varints, lengths, unknown fields and UTF-8, no byte read outside `[at, end)`.

What is accepted is what protobuf's own parser (upb) accepts: varints of at most 10 bytes, of which bits past the 64th
are dropped; tags and lengths of at most 5 bytes; groups that nest no deeper than `depth`; see
https://protobuf.dev/programming-guides/encoding/. `at` and `end` are addresses: an array as a parameter would have its
references counted at every call, which takes longer than reading a field. Every reader returns the address after what
it read, or `MALFORMED`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from segmentd.kernels.compiler import inline_kernel

MALFORMED = -1
"""After bytes that are no message; no address."""

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = range(6)
"""Wire types."""

MAX_DEPTH = 100
"""Messages and groups in each other below a request; as many as protobuf's parser allows."""

MAX_TAG = 0xFFFF_FFFF
TAG_BYTES = 5
VARINT_BYTES = 10

_HIGH_BITS = np.uint64(0x8080_8080_8080_8080)


def _reader(result: Any, bits: int) -> Any:
    """An intrinsic that reads so many bits, lowest byte first, at any address, as a `result`."""

    @intrinsic
    def read(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            element = context.get_value_type(result) if bits == 64 else ir.IntType(bits)
            pointer = builder.inttoptr(arguments[0], element.as_pointer())
            loaded = builder.load(pointer, align=1)
            return loaded if bits == 64 else builder.zext(loaded, ir.IntType(64))

        return result(types.int64), generate

    return read


byte_at = _reader(types.int64, 8)
word_at = _reader(types.uint64, 64)
int_at = _reader(types.int64, 64)
double_at = _reader(types.float64, 64)


def _writer(given: Any, bits: int) -> Any:
    """An intrinsic that writes so many bits of a `given` at any address, lowest byte first."""

    @intrinsic
    def write(typing_context: Any, address: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            element = ir.IntType(bits)
            pointer = builder.inttoptr(arguments[0], element.as_pointer())
            stored = arguments[1] if bits == 64 else builder.trunc(arguments[1], element)
            builder.store(stored, pointer, align=1)
            return context.get_dummy_value()

        return types.void(types.int64, given), generate

    return write


store_byte = _writer(types.int64, 8)
store_word = _writer(types.uint64, 64)
store_int = _writer(types.int64, 64)


@inline_kernel
def read_varint(at: int, end: int) -> Any:
    """The address after a varint, and its value as uint64."""
    value = np.uint64(0)
    shift = np.uint64(0)
    last = min(end, at + VARINT_BYTES)
    while at < last:
        byte = byte_at(at)
        at += 1
        value |= np.uint64(byte & 0x7F) << shift
        if byte < 0x80:
            return at, value
        shift += np.uint64(7)
    return MALFORMED, value


@inline_kernel
def read_short_varint(at: int, end: int) -> Any:
    """The address after a varint of at most 5 bytes and 32 bits, and its value: a tag or a length."""
    value = shift = 0
    last = min(end, at + TAG_BYTES)
    while at < last:
        byte = byte_at(at)
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (at if value <= MAX_TAG else MALFORMED), value
        shift += 7
    return MALFORMED, value


@inline_kernel
def read_length(at: int, end: int) -> Any:
    """Where what has a length begins, and where it ends, which is within the bytes."""
    at, size = read_short_varint(at, end)
    if at == MALFORMED or size > end - at:
        return MALFORMED, at
    return at, at + size


@inline_kernel
def skip_value(at: int, end: int, wire_type: int) -> Any:
    """The address after a value that is no group."""
    if wire_type == VARINT:
        at, _ = read_varint(at, end)
        return at
    if wire_type == LENGTH:
        at, stop = read_length(at, end)
        return MALFORMED if at == MALFORMED else stop
    if wire_type != FIXED64 and wire_type != FIXED32:
        return MALFORMED
    at += 8 if wire_type == FIXED64 else 4
    return at if at <= end else MALFORMED


@inline_kernel
def skip_group(at: int, end: int, number: int, depth: int, open_groups: int) -> Any:
    """The address after the group of this number, whose tag has been read.

    `open_groups` is the address of scratch, `MAX_DEPTH` int64.
    """
    level = 0
    while level < depth and at < end:
        store_int(open_groups + 8 * level, number)
        at, tag = read_short_varint(at, end)
        if at == MALFORMED:
            return MALFORMED
        wire_type = tag & 7
        if wire_type == END_GROUP:
            if tag >> 3 != number:
                return MALFORMED
            level -= 1
            if level < 0:
                return at
            number = int_at(open_groups + 8 * level)
        elif wire_type == START_GROUP:
            level += 1
            number = tag >> 3
        else:
            at = skip_value(at, end, wire_type)
            if at == MALFORMED:
                return MALFORMED
    return MALFORMED


@inline_kernel
def skip_unknown(at: int, end: int, tag: int, depth: int, open_groups: int) -> Any:
    """The address after the value of a field that is not known, or not of this wire type; its tag has been read."""
    if tag < 8:
        return MALFORMED
    if tag & 7 == START_GROUP:
        return skip_group(at, end, tag >> 3, depth, open_groups)
    return skip_value(at, end, tag & 7)


@inline_kernel
def is_text(at: int, end: int) -> Any:
    """Whether the bytes are UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF)."""
    while at < end:
        while end - at >= 8 and word_at(at) & _HIGH_BITS == np.uint64(0):
            at += 8
        if at == end:
            return True
        first = byte_at(at)
        at += 1
        if first < 0x80:
            continue
        if first < 0xC2 or first > 0xF4:
            return False
        following = 1 if first < 0xE0 else 2 if first < 0xF0 else 3
        if following > end - at:
            return False
        second = byte_at(at)
        lowest = 0xA0 if first == 0xE0 else 0x90 if first == 0xF0 else 0x80
        highest = 0x9F if first == 0xED else 0x8F if first == 0xF4 else 0xBF
        if second < lowest or second > highest:
            return False
        for index in range(1, following):
            if byte_at(at + index) & 0xC0 != 0x80:
                return False
        at += following
    return True
