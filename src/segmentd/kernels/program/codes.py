"""Codes: the number of the range that a value lies in, kept bit-sliced, and compared with bounds a plane at a time.

A block of a coded column is one plane a bit of its codes, lowest bit first: uint64[bits, 64]. Rows past the column's
last have code 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from segmentd.kernels.compiler import BLOCK_ROWS, BLOCK_WORDS, inline_kernel, kernel
from segmentd.kernels.lanes import (
    LANES,
    element_pointer,
    float32_at,
    float64_at,
    int8_at,
    int16_at,
    int32_at,
    int64_at,
    uint64_at,
)
from segmentd.kernels.program.arithmetic import copy_values
from segmentd.kernels.program.opcodes import CODE_AT_LEAST, DOUBLES, FLOAT64, INT16, INT32, INT64
from segmentd.kernels.program.words import PLANE_BYTES, at_least_of

MAX_BITS = 16
"""Bits of a code: at most 65,536 codes a column."""

at_least_1 = at_least_of(1)
at_least_2 = at_least_of(2)
at_least_3 = at_least_of(3)
at_least_4 = at_least_of(4)
at_least_5 = at_least_of(5)
at_least_6 = at_least_of(6)
at_least_7 = at_least_of(7)
at_least_8 = at_least_of(8)
at_least_9 = at_least_of(9)
at_least_10 = at_least_of(10)
at_least_11 = at_least_of(11)
at_least_12 = at_least_of(12)
at_least_13 = at_least_of(13)
at_least_14 = at_least_of(14)
at_least_15 = at_least_of(15)
at_least_16 = at_least_of(16)


@inline_kernel
def codes_at_least(operation: int, codes: int, bound: int, out: int) -> None:
    """The plane at `out` becomes the rows whose code at `codes` is at least the odd bound.

    The operation's number says of how many bits the codes are: one jump finds the loop, as it does for all others.
    """
    if operation == CODE_AT_LEAST + 5:
        at_least_5(codes, bound, out)
    elif operation == CODE_AT_LEAST + 4:
        at_least_4(codes, bound, out)
    elif operation == CODE_AT_LEAST + 6:
        at_least_6(codes, bound, out)
    elif operation == CODE_AT_LEAST + 3:
        at_least_3(codes, bound, out)
    elif operation == CODE_AT_LEAST + 7:
        at_least_7(codes, bound, out)
    elif operation == CODE_AT_LEAST + 8:
        at_least_8(codes, bound, out)
    elif operation == CODE_AT_LEAST + 2:
        at_least_2(codes, bound, out)
    elif operation == CODE_AT_LEAST + 1:
        at_least_1(codes, bound, out)
    elif operation == CODE_AT_LEAST + 9:
        at_least_9(codes, bound, out)
    elif operation == CODE_AT_LEAST + 10:
        at_least_10(codes, bound, out)
    elif operation == CODE_AT_LEAST + 11:
        at_least_11(codes, bound, out)
    elif operation == CODE_AT_LEAST + 12:
        at_least_12(codes, bound, out)
    elif operation == CODE_AT_LEAST + 13:
        at_least_13(codes, bound, out)
    elif operation == CODE_AT_LEAST + 14:
        at_least_14(codes, bound, out)
    elif operation == CODE_AT_LEAST + 15:
        at_least_15(codes, bound, out)
    else:
        at_least_16(codes, bound, out)


@intrinsic
def bits_of_lanes(typing_context: Any, pointer: Any, bit: Any) -> Any:
    """Bit i of the result: the given bit of `pointer[i]`, an int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(ir.IntType(64), LANES)
        values = builder.load(builder.bitcast(arguments[0], vector.as_pointer()), align=8)
        undefined = ir.Constant(vector, ir.Undefined)
        mask = builder.shl(ir.Constant(ir.IntType(64), 1), arguments[1])
        first = builder.insert_element(undefined, mask, ir.Constant(ir.IntType(32), 0))
        splat = builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), LANES), None))
        found = builder.icmp_unsigned("!=", builder.and_(values, splat), ir.Constant(vector, None))
        return builder.bitcast(found, ir.IntType(64))

    return types.uint64(pointer, types.int64), generate


@inline_kernel
def _count_cuts(values: Any, cuts: Any, levels: int, rows: int, codes: Any) -> None:
    """How many of the ascending cuts, `2 ** levels - 1` with those that fill them up, each value is at least.

    A binary search of all rows at once, so that LLVM can do several in a vector.
    """
    for row in range(rows):
        codes[row] = 0
    for level in range(levels):
        half = 1 << (levels - 1 - level)
        for row in range(rows):
            at = codes[row]
            codes[row] = at + (half if cuts[at + half - 1] <= values[row] else 0)


@inline_kernel
def _load_ints(address: int, element: int, rows: int, out: Any) -> None:
    if element == INT64:
        copy_values(int64_at(address, rows), rows, out)
    elif element == INT32:
        copy_values(int32_at(address, rows), rows, out)
    elif element == INT16:
        copy_values(int16_at(address, rows), rows, out)
    else:
        copy_values(int8_at(address, rows), rows, out)


@inline_kernel
def _slice_codes(codes: Any, bits: int, planes: Any) -> None:
    for bit in range(bits):
        for word in range(BLOCK_WORDS):
            planes[bit, word] = bits_of_lanes(element_pointer(codes, word * LANES), bit)


@kernel
def encode_values(
    values: int,
    element: int,
    width: int,
    validity: int,
    rows: int,
    int_cuts: Any,
    double_cuts: Any,
    cut_count: int,
    levels: int,
    first_range: int,
    first_block: int,
    end_block: int,
    planes: Any,
) -> None:
    """The codes of a column's blocks `first_block` to before `end_block`.

    `values`, `element`, `width`: address, element type and its bytes; `validity`: address of a plane, or 0: no row is
    missing. The cuts of the column's kind, ascending, are filled up to `2 ** levels - 1` with its largest value;
    the code of a value is `first_range` and how many cuts it is at least, of a NaN `first_range - 1`, of a missing row
    0. `planes` uint64[blocks, bits, 64].
    """
    ints = np.zeros(BLOCK_ROWS, np.int64)
    doubles = np.zeros(BLOCK_ROWS, np.float64)
    codes = np.zeros(BLOCK_ROWS, np.int64)
    for block in range(first_block, end_block):
        count = min(BLOCK_ROWS, rows - block * BLOCK_ROWS)
        address = values + block * BLOCK_ROWS * width
        codes[count:] = 0
        if element in DOUBLES:
            if element == FLOAT64:
                copy_values(float64_at(address, count), count, doubles)
            else:
                copy_values(float32_at(address, count), count, doubles)
            _count_cuts(doubles, double_cuts, levels, count, codes)
            for row in range(count):
                nan = doubles[row] != doubles[row]
                codes[row] = first_range - 1 if nan else first_range + min(codes[row], cut_count)
        else:
            _load_ints(address, element, count, ints)
            _count_cuts(ints, int_cuts, levels, count, codes)
            for row in range(count):
                codes[row] = first_range + min(codes[row], cut_count)
        if validity != 0:
            words = -(-count // LANES)
            present = uint64_at(validity + block * PLANE_BYTES, words)
            for row in range(count):
                codes[row] = codes[row] if (present[row >> 6] >> np.uint64(row & 63)) & np.uint64(1) else 0
        _slice_codes(codes, planes.shape[1], planes[block])


@kernel
def encode_classes(classes: Any, given: Any, first_block: int, end_block: int, planes: Any) -> None:
    """The codes of a column of dictionary codes: `classes[given[row]]`, both of them checked. `planes` as above."""
    codes = np.zeros(BLOCK_ROWS, np.int64)
    for block in range(first_block, end_block):
        start = block * BLOCK_ROWS
        count = min(BLOCK_ROWS, given.shape[0] - start)
        codes[count:] = 0
        for row in range(count):
            codes[row] = classes[given[start + row]]
        _slice_codes(codes, planes.shape[1], planes[block])
