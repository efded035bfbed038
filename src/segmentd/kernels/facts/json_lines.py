"""JSON lines that are flat objects, a line a row: where the values of wanted keys lie among the bytes.

Lines of anything else, right or wrong, are left to a parser of all of JSON. The forms that are taken are in tables: a
loop without branches for them compiles in a third of the time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.facts.json_automaton import (
    ACTIONS,
    BEGIN,
    END,
    ENDS,
    FOLLOWS,
    KEY_ENDS,
    NOTHING,
    STARTS,
    STARTS_QUOTED,
)
from segmentd.kernels.protobuf.wire import byte_at, is_text

NULL, ABSENT = -1, -2
"""Sizes of values that are no text."""

_NEWLINE = 10


@inline_kernel
def _find(at: int, size: int, names: int, offsets: Any, expected: int) -> int:
    """The place of a name, -1 where it is none of them; `expected` is looked at first."""
    count = len(offsets) - 1
    for step in range(count):
        place = (expected + step) % count
        start = offsets[place]
        if offsets[place + 1] - start == size:
            index = 0
            while index < size and byte_at(names + start + index) == byte_at(at + index):
                index += 1
            if index == size:
                return place
    return -1


@kernel
def read_lines(data: Any, names: Any, offsets: Any, starts: Any, sizes: Any, lines: Any, plain: Any) -> int:
    """Read whole lines, blank ones left out; gives how many rows there are.

    `names`, `offsets[names + 1]`: the wanted keys, one after the other. `starts`, `sizes[names, rows]`: where the value
    of a row lies, as it is written, a string without its quotes; of a key that comes twice, the last.
    `lines[2, rows]`: where each row begins and ends. `plain[rows]`: 1 where it is of the forms that are taken; of
    others nothing else is known.
    """
    base, at = data.ctypes.data, data.ctypes.data
    end, row = base + len(data), 0
    while at < end:
        first, mark, place, blank, state = at, at, -1, True, np.int64(BEGIN)
        for column in range(len(offsets) - 1):
            sizes[column, row] = ABSENT
        while at < end:
            byte = byte_at(at)
            if byte == _NEWLINE:
                break
            blank &= byte == 32 or (byte >= 9 and byte <= 13)
            action = ACTIONS[state, byte]
            state = np.int64(FOLLOWS[state, byte])
            if action != NOTHING:
                if action <= STARTS_QUOTED:
                    mark = at + action - STARTS
                elif action == KEY_ENDS:
                    place = _find(mark, at - mark, names.ctypes.data, offsets, place + 1)
                elif place >= 0:
                    starts[place, row] = mark - base
                    sizes[place, row] = at - mark if action == ENDS else NULL
            at += 1
        if not blank:
            lines[0, row], lines[1, row] = first - base, at - base
            plain[row] = state == END and is_text(first, at)
            row += 1
        at += 1
    return row
