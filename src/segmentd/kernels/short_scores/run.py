"""Runs a program over one word of rows, each plane a number: for so few rows, blocks cost more than what is in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel
from segmentd.kernels.short_scores.scan import ALL_ONES, ROWS

# Operations: operation, destination, operands.
ZEROS, ONES = 0, 1
BITS, VALIDITY = 2, 3  # column
AND, OR, AND_NOT, NOT = 4, 5, 6, 7  # planes
COMPARE_INT = 8  # column, bound; plus those of LESS, EQUAL and MORE that fulfil it
COMPARE_DOUBLE = 16  # the same
EMIT = 24  # destination: segment; plane of members, of unknowns or -1
WIDTH = 4

LESS, EQUAL, MORE = 1, 2, 4

# What is done with the values of a slot before they are compared.
AS_IS = 0
TRUTHS = 1  # 0 or 1 each become a word
MINOR_UNITS = 2  # doubles in major units; `limits` has the minor units of one, and how many there may be
IN_RANGE = 3  # whole numbers from the first of `limits` to the second

# Columns of `slots`.
CONVERSION, PRESENCE, REQUIRED = 0, 1, 2


@inline_kernel
def convert_slots(slots: Any, limits: Any, rows: int, values: Any, reals: Any, present: Any) -> bool:
    """Make of what was given what is compared; False where a value is not allowed, or a required one is missing.

    `slots` int64[n, 3] and `limits` int64[n, 2], which a double has as its bits, both by slot.
    """
    mask = ALL_ONES >> np.uint64(ROWS - rows)
    for slot in range(slots.shape[0]):
        here = present[slots[slot, PRESENCE]] & mask
        conversion = slots[slot, CONVERSION]
        if slots[slot, REQUIRED] and here != mask:
            return False
        if conversion == AS_IS:
            continue
        least, most = limits[slot, 0], limits[slot, 1]
        unit, most_minor = np.int64(least).view(np.float64), np.int64(most).view(np.float64)
        word = np.uint64(0)
        for row in range(rows):
            place = slot * ROWS + row
            value = values[place]
            if conversion == TRUTHS:
                allowed = value == 0 or value == 1
                word |= np.uint64(value & 1) << np.uint64(row)
            elif conversion == IN_RANGE:
                allowed = least <= value <= most
            else:
                # A double stands for an amount if it is the one nearest to it.
                given = reals[place]
                minor = np.rint(given * unit)
                allowed = abs(minor) < most_minor and minor / unit == given
                values[place] = np.int64(minor) if allowed else 0
            if not allowed and (here >> np.uint64(row)) & np.uint64(1):
                return False
        if conversion == TRUTHS:
            values[slot * ROWS] = np.int64(word)
    return True


@inline_kernel
def run_word(
    code: Any, bounds: Any, columns: Any, rows: int, values: Any, reals: Any, present: Any, planes: Any, verdicts: Any
) -> None:
    """Run every instruction once.

    `code` int16[n, 4]; `bounds` int64, of doubles the bits; `columns` int64[c, 2]: slot and place in `present` of a
    program's column. `planes` uint64 are registers; `verdicts` uint64[segments, 2] gets members and unknowns.
    """
    mask = ALL_ONES >> np.uint64(ROWS - rows)
    for index in range(code.shape[0]):
        operation, to, a, b = code[index, 0], code[index, 1], code[index, 2], code[index, 3]
        if operation == AND:
            planes[to] = planes[a] & planes[b]
        elif operation == OR:
            planes[to] = planes[a] | planes[b]
        elif operation == AND_NOT:
            planes[to] = planes[a] & ~planes[b]
        elif operation == NOT:
            planes[to] = ~planes[a]
        elif operation >= EMIT:
            verdicts[to, 0] = planes[a] & mask
            verdicts[to, 1] = planes[b] & mask if b >= 0 else np.uint64(0)
        elif operation >= COMPARE_DOUBLE:
            first, bound = columns[a, 0] * ROWS, np.int64(bounds[b]).view(np.float64)
            less, equal, more = operation & LESS != 0, operation & EQUAL != 0, operation & MORE != 0
            word = np.uint64(0)
            for row in range(rows):
                real = reals[first + row]
                hit = (less and real < bound) or (equal and real == bound) or (more and real > bound)
                word |= np.uint64(hit) << np.uint64(row)
            planes[to] = word
        elif operation >= COMPARE_INT:
            first, whole = columns[a, 0] * ROWS, bounds[b]
            less, equal, more = operation & LESS != 0, operation & EQUAL != 0, operation & MORE != 0
            word = np.uint64(0)
            for row in range(rows):
                value = values[first + row]
                hit = (less and value < whole) or (equal and value == whole) or (more and value > whole)
                word |= np.uint64(hit) << np.uint64(row)
            planes[to] = word
        elif operation == VALIDITY:
            planes[to] = present[columns[a, 1]]
        elif operation == BITS:
            planes[to] = np.uint64(values[columns[a, 0] * ROWS]) & present[columns[a, 1]]
        else:
            planes[to] = ALL_ONES if operation == ONES else np.uint64(0)
