"""Messages of one type from their bytes into columns: a row a field, a place a message."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import kernel
from segmentd.kernels.protobuf.wire import (
    FIXED64,
    LENGTH,
    MALFORMED,
    VARINT,
    int_at,
    is_text,
    read_length,
    read_short_varint,
    read_varint,
    skip_unknown,
)

UNKNOWN, NUMBER, ZIGZAG, BOOL, DOUBLE, TEXT, DATA, TEXTS, MESSAGES = range(9)
"""Forms of fields: none that is read; `int64` and narrower, `sint64`, `bool`, `double`; `string`; `bytes` or a message;
and repeated ones of the last two."""

NO_MESSAGE, MERGED, READ = range(3)
"""What `read_messages` returns: bytes are no message; a message is in a field twice, which protobuf would merge; all is
read."""


@kernel
def read_messages(
    data: Any, starts: Any, sizes: Any, forms: Any, depth: int, open_groups: Any, values: Any, seen: Any, last: Any
) -> int:
    """Read the messages that begin at `starts`, as protobuf would, but for what is in messages within them.

    `forms[numbers]`: the form of each field by its number, the last one included. `values[fields, messages]`, of zeros:
    numbers, bits of doubles, `start << 32 | size` of what has a length, counts of what is repeated; `seen` of the same
    shape, 1 where a field is there; `last[messages]`: the number of the known field that came last, 0 for none.
    `depth`: how many groups may be in each other; `open_groups`: scratch of `MAX_DEPTH` elements.
    """
    base, scratch = data.ctypes.data, open_groups.ctypes.data
    outcome = READ
    for row in range(len(starts)):
        at = base + starts[row]
        end = at + sizes[row]
        while at < end:
            at, tag = read_short_varint(at, end)
            if at == MALFORMED:
                return NO_MESSAGE
            number, wire_type = tag >> 3, tag & 7
            form = np.int64(forms[number]) if number < len(forms) else UNKNOWN
            field = number - 1
            if form >= TEXT and wire_type == LENGTH:
                at, stop = read_length(at, end)
                if at == MALFORMED or (form in (TEXT, TEXTS) and not is_text(at, stop)):
                    return NO_MESSAGE
                if form >= TEXTS:
                    values[field, row] += 1
                else:
                    if form == DATA and seen[field, row] == 1:
                        outcome = MERGED
                    values[field, row] = (at - base) << 32 | (stop - at)
                at = stop
            elif wire_type == VARINT and NUMBER <= form <= BOOL:
                at, value = read_varint(at, end)
                if at == MALFORMED:
                    return NO_MESSAGE
                if form == ZIGZAG:
                    values[field, row] = np.int64(value >> np.uint64(1)) ^ -np.int64(value & np.uint64(1))
                elif form == BOOL:
                    values[field, row] = value != np.uint64(0)
                else:
                    values[field, row] = np.int64(value)
            elif wire_type == FIXED64 and form == DOUBLE:
                if end - at < 8:
                    return NO_MESSAGE
                values[field, row] = int_at(at)
                at += 8
            else:
                at = skip_unknown(at, end, tag, depth, scratch)
                if at == MALFORMED:
                    return NO_MESSAGE
                continue
            seen[field, row] = 1
            last[row] = number
    return outcome
