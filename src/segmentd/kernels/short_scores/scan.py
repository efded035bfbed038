"""Short requests: one pass over the bytes of a ScoreRequest gives its shape and its values.

A request is short if its batch has at most a word of rows, all of them numbers or truth values. Its *shape* is
everything but the values: two requests of one shape differ in numbers, in which of them are missing, and in the moment
that `now` means. A request has none here if it is longer or written otherwise than serializers write, who give the
fields of a message in the order of their numbers, and each once that is not repeated; what else is legal is for a
parser to judge. That order is what the slots of vectors rest on.

It is one loop over fields, driven by a table, and not a function a message: that took 20 s to compile.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from segmentd.kernels.compiler import short_kernel
from segmentd.kernels.protobuf.wire import byte_at, int_at

ROWS = 64
"""Rows of a short request at most: a word."""

SLOTS = 256
"""Columns of a short request at most. Slot `i` is `values[64 * i]` to before `values[64 * (i + 1)]`."""

DEPTH = 8
"""Messages in each other."""

ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)

# What `facts` say of a request.
HAS_NOW = 0
NOW_SECONDS = 1
NOW_NANOS = 2
FACTS = 3

# Messages.
REQUEST, FEATURES, COLUMNS, COLUMN, DOUBLES, FLOATS, INTEGERS, BOOLS, RAW, VECTORS, VECTOR, NOW, MESSAGES = range(13)

# What is done with a field; what enters a message is its number plus ENTER.
REFUSE, COPY, NAME, TYPE, TAKE_DATA, TAKE_DOUBLES, TAKE_FLOATS, TAKE_INTEGERS, TAKE_BOOLS = range(9)
TAKE_VALIDITY, TAKE_NULLS, TAKE_SECONDS, TAKE_NANOS = range(9, 13)
ENTER = 32
REPEATED = 64
"""Added where the field may come again, next to itself."""

# Element types of RawValues.
FLOAT64, FLOAT32, INT64, INT32, INT16, INT8, BIT = range(1, 8)

_FIELDS: Final = (
    (REQUEST, 0x0A, COPY),  # parent
    (REQUEST, 0x12, ENTER + FEATURES),
    (REQUEST, 0x22, REPEATED + COPY),  # segments
    (REQUEST, 0x28, COPY),  # subject
    (REQUEST, 0x30, COPY),  # form
    (REQUEST, 0x38, COPY),  # include_benefits
    (REQUEST, 0x42, REPEATED + COPY),  # computed_attributes
    (REQUEST, 0x4A, ENTER + NOW),
    (FEATURES, 0x0A, ENTER + COLUMNS),
    (FEATURES, 0x12, ENTER + VECTORS),
    (COLUMNS, 0x0A, REPEATED + ENTER + COLUMN),
    (COLUMNS, 0x18, COPY),  # row_count
    (COLUMN, 0x0A, COPY),  # attribute
    (COLUMN, 0x12, ENTER + DOUBLES),
    (COLUMN, 0x1A, ENTER + FLOATS),
    (COLUMN, 0x22, ENTER + INTEGERS),
    (COLUMN, 0x2A, ENTER + BOOLS),
    (COLUMN, 0x4A, ENTER + RAW),
    (COLUMN, 0x52, TAKE_VALIDITY),
    (DOUBLES, 0x0A, TAKE_DOUBLES),
    (FLOATS, 0x0A, TAKE_FLOATS),
    (INTEGERS, 0x0A, TAKE_INTEGERS),
    (BOOLS, 0x0A, TAKE_BOOLS),
    (RAW, 0x08, TYPE),
    (RAW, 0x12, TAKE_DATA),
    (VECTORS, 0x0A, REPEATED + NAME),
    (VECTORS, 0x12, REPEATED + ENTER + VECTOR),
    (VECTOR, 0x0A, TAKE_DOUBLES),
    (VECTOR, 0x12, TAKE_INTEGERS),
    (VECTOR, 0x1A, TAKE_BOOLS),
    (VECTOR, 0x32, TAKE_NULLS),
    (NOW, 0x08, TAKE_SECONDS),
    (NOW, 0x10, TAKE_NANOS),
)
"""Message, tag (field number times 8 plus wire type), and what is done with the field."""


def field_table() -> npt.NDArray[np.uint8]:
    """What is done with a field, by message and tag."""
    table = np.zeros((MESSAGES, 256), np.uint8)
    for message, tag, action in _FIELDS:
        table[message, tag] = action
    return table


@intrinsic
def store_byte(typing_context: Any, address: Any, value: Any) -> Any:
    """Write the lowest 8 bits of a value at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte = ir.IntType(8)
        builder.store(builder.trunc(arguments[1], byte), builder.inttoptr(arguments[0], byte.as_pointer()))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@short_kernel
def scan_request(raw: Any, table: Any, shape: Any, ends: Any, values: Any, present: Any, facts: Any) -> int:
    """The bytes of the request's shape, which are in `shape`; -1 if it has none.

    `raw` uint8; `table` as `field_table` gives it; `shape` uint8, twice as long as `raw` and 16 more; `ends`
    int64[DEPTH, 3] is scratch. `values` int64[64 * SLOTS] gets numbers a slot a column, of doubles the bits, of truth
    values 0 and 1; `present` uint64[SLOTS] a bit a row, by column, or by attribute of vectors; `facts` int64[FACTS].
    """
    at: Any = np.int64(raw.ctypes.data)
    to: Any = np.int64(shape.ctypes.data)
    first_of_shape = to
    message: Any = REQUEST
    depth, end = 0, at + raw.shape[0]
    slot, row, names, taken, batches, forms = -1, -1, 0, 0, 0, 0
    element: Any = 0
    last_tag: Any = 0
    facts[:] = 0
    while True:
        if at == end:
            store_byte(to, 0)
            to += 1
            if message == VECTOR and taken - 1 > slot:
                slot = taken - 1
            if depth == 0:
                return to - first_of_shape if slot >= 0 else -1
            depth -= 1
            message, end, last_tag = ends[depth, 0], ends[depth, 1], ends[depth, 2]
            continue
        tag = byte_at(at)
        rule = np.int64(table[message, tag])
        action = rule & (REPEATED - 1)
        if action == REFUSE or tag < last_tag or (tag == last_tag and rule < REPEATED):
            return -1
        last_tag = tag
        start = at
        at += 1
        number = np.uint64(0)
        size = 0
        byte = 0x80
        while byte & 0x80:
            if at == end or size == 10:
                return -1
            byte = byte_at(at)
            number |= np.uint64(byte & 0x7F) << np.uint64(7 * size)
            size += 1
            at += 1
        stop = at
        if tag & 7:
            # What is longer than a short request may be, or written longer than it needs to be, is for a parser.
            if size > 2 or (size == 2 and byte == 0) or np.int64(number) > end - at:
                return -1
            stop += np.int64(number)
        if action in (COPY, NAME):
            if action == NAME:
                if names == SLOTS:
                    return -1
                present[names] = ALL_ONES
                names += 1
            for place in range(start, stop):
                store_byte(to, byte_at(place))
                to += 1
            at = stop
            continue
        if action >= TAKE_NULLS and action < ENTER:
            if action == TAKE_SECONDS:
                facts[NOW_SECONDS] = np.int64(number)
            elif action == TAKE_NANOS:
                facts[NOW_NANOS] = np.int64(np.int32(number & np.uint64(0xFFFFFFFF)))
            elif stop - at > (names + 7) // 8:
                return -1
            else:
                for index in range(min(names, 8 * (stop - at))):
                    if (byte_at(at + index // 8) >> (index % 8)) & 1:
                        present[index] &= ~(np.uint64(1) << np.uint64(row))
            at = stop
            continue
        store_byte(to, tag)
        to += 1
        if action >= ENTER:
            ends[depth, 0], ends[depth, 1], ends[depth, 2] = message, end, last_tag
            depth += 1
            message, end, last_tag = action - ENTER, stop, 0
            if message == COLUMN:
                slot += 1
                forms = 0
                if slot == SLOTS:
                    return -1
                present[slot] = ALL_ONES
            elif message == VECTOR:
                row += 1
                taken = 0
                if row == ROWS:
                    return -1
            elif message == NOW:
                facts[HAS_NOW] = 1
            elif message in (COLUMNS, VECTORS):
                batches += 1
                if batches > 1:
                    return -1
            else:  # One of a column's forms; of several, a parser takes the last.
                element = 0
                forms += message != FEATURES
                if forms > 1:
                    return -1
            continue
        count: Any = 0
        if action == TYPE:
            if size > 1:
                return -1
            element = count = np.int64(number)
        elif action == TAKE_VALIDITY:
            count = stop - at
            if not 0 < count <= 8:
                return -1
            word = np.uint64(0)
            for index in range(count):
                word |= np.uint64(byte_at(at + index)) << np.uint64(8 * index)
            present[slot] = word
        else:
            first, step, most = slot * ROWS, 1, ROWS
            if message == VECTOR:
                first, step, most = taken * ROWS + row, ROWS, SLOTS - taken
            kind = element if action == TAKE_DATA else FLOAT64 if action == TAKE_DOUBLES else FLOAT32
            if action in (TAKE_INTEGERS, TAKE_BOOLS):
                place = at
                while place < stop:
                    number = np.uint64(0)
                    size = 0
                    byte = 0x80
                    while byte & 0x80:
                        if place == stop or size == 10:
                            return -1
                        byte = byte_at(place)
                        number |= np.uint64(byte & 0x7F) << np.uint64(7 * size)
                        size += 1
                        place += 1
                    if count == most:
                        return -1
                    if action == TAKE_BOOLS:
                        values[first + count * step] = number != np.uint64(0)
                    else:
                        signed = np.int64(number >> np.uint64(1)) ^ -np.int64(number & np.uint64(1))
                        values[first + count * step] = signed
                    count += 1
            elif kind == BIT:
                count = stop - at
                if count > 8:
                    return -1
                for index in range(8 * count):
                    values[first + index] = (byte_at(at + index // 8) >> (index % 8)) & 1
            else:
                width = 8
                if kind in (FLOAT32, INT32):
                    width = 4
                elif kind == INT16:
                    width = 2
                elif kind == INT8:
                    width = 1
                elif kind != FLOAT64 and kind != INT64:
                    return -1
                count = (stop - at) // width
                if count * width != stop - at or count > most:
                    return -1
                for index in range(count):
                    place = at + index * width
                    bits: Any = np.int64(0)
                    if width == 8:
                        bits = int_at(place)
                    else:
                        for part in range(width):
                            bits |= byte_at(place + part) << (8 * part)
                        if kind == FLOAT32:
                            bits = np.float64(np.uint32(bits).view(np.float32)).view(np.int64)
                        else:
                            shift = 64 - 8 * width
                            bits = (bits << shift) >> shift
                    values[first + index * step] = bits
            if count == 0:
                return -1
            taken += count
        store_byte(to, count)
        to += 1
        at = stop
