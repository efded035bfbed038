"""Runs a program over blocks of rows: one compiled loop that knows every operation, so nothing is compiled later."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels import opcodes as op
from segmentd.kernels.arithmetic import (
    add_doubles,
    add_ints,
    copy_values,
    divide_doubles,
    divide_ints,
    divide_truncated,
    doubles_to_ints,
    fill_values,
    floor_divide,
    ints_to_doubles,
    minor_to_major,
    modulo_ints,
    multiply_doubles,
    multiply_ints,
    multiply_range,
    negate_doubles,
    negate_ints,
    remainder_truncated,
    select_values,
    subtract_doubles,
    subtract_ints,
)
from segmentd.kernels.calendar import calendar_fields, days_between, local_times, months_between
from segmentd.kernels.compare import (
    compare_double_pairs,
    compare_doubles_with_bound,
    compare_int_pairs,
    compare_ints_with_bound,
)
from segmentd.kernels.compiler import BLOCK_ROWS, BLOCK_WORDS, inline_kernel, kernel
from segmentd.kernels.lanes import (
    float32_at,
    float64_at,
    int8_at,
    int16_at,
    int32_at,
    int64_at,
    uint8_at,
    uint64_at,
)
from segmentd.kernels.lookup import lookup_bits, lookup_values
from segmentd.kernels.planes import (
    and_not_planes,
    and_planes,
    copy_plane,
    count_plane,
    emit_plane,
    fill_plane,
    not_plane,
    or_planes,
)

ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


@inline_kernel
def plane_at(base: int, register: int, words: int) -> Any:
    """A plane register. Registers are reached by address: views of arrays would count references on every use."""
    return uint64_at(base + register * (BLOCK_WORDS * 8), words)


@inline_kernel
def ints_at(base: int, register: int, rows: int) -> Any:
    """A register of integers."""
    return int64_at(base + register * (BLOCK_ROWS * 8), rows)


@inline_kernel
def doubles_at(base: int, register: int, rows: int) -> Any:
    """A register of doubles."""
    return float64_at(base + register * (BLOCK_ROWS * 8), rows)


@inline_kernel
def run_plane_operation(
    operation: int,
    a: int,
    b: int,
    c: int,
    columns: Any,
    block: int,
    words: int,
    flags: Any,
    tables: Any,
    planes: int,
    out: Any,
) -> None:
    """Logic, and planes that are read from columns, parameters and tables. `a`, `b`, `c` are the operands."""
    if operation == op.AND:
        and_planes(plane_at(planes, a, words), plane_at(planes, b, words), words, out)
    elif operation == op.OR:
        or_planes(plane_at(planes, a, words), plane_at(planes, b, words), words, out)
    elif operation == op.AND_NOT:
        and_not_planes(plane_at(planes, a, words), plane_at(planes, b, words), words, out)
    elif operation == op.NOT:
        not_plane(plane_at(planes, a, words), words, out)
    elif operation == op.ZEROS:
        fill_plane(np.uint64(0), words, out)
    elif operation == op.ONES:
        fill_plane(ALL_ONES, words, out)
    elif operation == op.COLUMN_BITS:
        copy_plane(uint64_at(columns[a, 0] + block * columns[a, 1], words), words, out)
    elif operation == op.VALIDITY:
        copy_plane(uint64_at(columns[a, 3] + block * columns[a, 4], words), words, out)
    elif operation == op.PARAMETER_BIT:
        set_bit = (flags[a] >> b) & 1
        fill_plane(ALL_ONES if set_bit else np.uint64(0), words, out)
    else:
        codes = int32_at(columns[a, 0] + block * columns[a, 1], words * 64)
        lookup_bits(codes, uint8_at(tables[b, 0], tables[b, 1]), c, words, out)


@inline_kernel
def compare_int_operand(
    predicate: int, operand: int, bound: int, columns: Any, block: int, words: int, ints: int, out: Any
) -> None:
    """A value register or an integer column of any width against a bound."""
    if operand >= 0:
        compare_ints_with_bound(predicate, ints_at(ints, operand, words * 64), bound, words, out)
        return
    column = ~operand
    address = columns[column, 0] + block * columns[column, 1]
    element = columns[column, 2]
    if element == op.INT64:
        compare_ints_with_bound(predicate, int64_at(address, words * 64), bound, words, out)
    elif element == op.INT32:
        compare_ints_with_bound(predicate, int32_at(address, words * 64), bound, words, out)
    elif element == op.INT16:
        compare_ints_with_bound(predicate, int16_at(address, words * 64), bound, words, out)
    else:
        compare_ints_with_bound(predicate, int8_at(address, words * 64), bound, words, out)


@inline_kernel
def compare_double_operand(
    predicate: int, operand: int, bound: float, columns: Any, block: int, words: int, doubles: int, out: Any
) -> None:
    """A value register or a floating-point column of either width against a bound."""
    if operand >= 0:
        compare_doubles_with_bound(predicate, doubles_at(doubles, operand, words * 64), bound, words, out)
        return
    column = ~operand
    address = columns[column, 0] + block * columns[column, 1]
    if columns[column, 2] == op.FLOAT64:
        compare_doubles_with_bound(predicate, float64_at(address, words * 64), bound, words, out)
    else:
        compare_doubles_with_bound(predicate, float32_at(address, words * 64), bound, words, out)


@inline_kernel
def load_ints(columns: Any, column: int, block: int, rows: int, out: Any) -> None:
    """An integer column of any width as int64."""
    address = columns[column, 0] + block * columns[column, 1]
    element = columns[column, 2]
    if element == op.INT64:
        copy_values(int64_at(address, rows), rows, out)
    elif element == op.INT32:
        copy_values(int32_at(address, rows), rows, out)
    elif element == op.INT16:
        copy_values(int16_at(address, rows), rows, out)
    else:
        copy_values(int8_at(address, rows), rows, out)


@inline_kernel
def load_doubles(columns: Any, column: int, block: int, rows: int, out: Any) -> None:
    """A floating-point column of either width as float64."""
    address = columns[column, 0] + block * columns[column, 1]
    if columns[column, 2] == op.FLOAT64:
        copy_values(float64_at(address, rows), rows, out)
    else:
        copy_values(float32_at(address, rows), rows, out)


@inline_kernel
def run_fallible_operation(
    operation: int, a: int, b: int, c: int, words: int, parameters: Any, ints: int, doubles: int, out: Any, failed: Any
) -> None:
    """Integer operations that can fail, and say in which rows."""
    rows = words * 64
    if operation == op.ADD_INT:
        add_ints(ints_at(ints, a, rows), ints_at(ints, b, rows), parameters[c], parameters[c + 1], words, out, failed)
    elif operation == op.SUBTRACT_INT:
        low, high = parameters[c], parameters[c + 1]
        subtract_ints(ints_at(ints, a, rows), ints_at(ints, b, rows), low, high, words, out, failed)
    elif operation == op.MULTIPLY_INT:
        multiply_ints(ints_at(ints, a, rows), ints_at(ints, b, rows), words, out, failed)
    elif operation == op.DIVIDE_INT:
        divide_ints(ints_at(ints, a, rows), ints_at(ints, b, rows), words, out, failed)
    elif operation == op.MODULO_INT:
        modulo_ints(ints_at(ints, a, rows), ints_at(ints, b, rows), words, out, failed)
    elif operation == op.NEGATE_INT:
        negate_ints(ints_at(ints, a, rows), words, out, failed)
    elif operation == op.DOUBLE_TO_INT:
        doubles_to_ints(doubles_at(doubles, a, rows), words, out, failed)
    else:
        factor, low, high = parameters[b], parameters[b + 1], parameters[b + 2]
        multiply_range(ints_at(ints, a, rows), factor, low, high, words, out, failed)


@inline_kernel
def run_int_operation(
    operation: int,
    a: int,
    b: int,
    c: int,
    columns: Any,
    block: int,
    rows: int,
    parameters: Any,
    tables: Any,
    planes: int,
    ints: int,
    out: Any,
) -> None:
    """Operations whose result is an integer and that cannot fail."""
    if operation == op.LOAD_INT:
        load_ints(columns, a, block, rows, out)
    elif operation == op.FILL_INT:
        fill_values(parameters[a], rows, out)
    elif operation == op.SELECT_INT:
        words = rows >> 6
        select_values(plane_at(planes, a, words), ints_at(ints, b, rows), ints_at(ints, c, rows), words, out)
    elif operation == op.LOOKUP_INT:
        codes = int32_at(columns[a, 0] + block * columns[a, 1], rows)
        lookup_values(codes, int64_at(tables[b, 0], tables[b, 1]), rows, out)
    elif operation == op.LOCAL_TIME:
        transitions = int64_at(tables[b, 0], tables[b, 1])
        local_times(ints_at(ints, a, rows), transitions, int64_at(tables[c, 0], tables[c, 1]), rows, out)
    elif operation == op.CALENDAR_FIELD:
        calendar_fields(b, ints_at(ints, a, rows), rows, out)
    elif operation == op.DIVIDE_TRUNCATED:
        divide_truncated(ints_at(ints, a, rows), parameters[b], rows, out)
    elif operation == op.REMAINDER_TRUNCATED:
        remainder_truncated(ints_at(ints, a, rows), parameters[b], rows, out)
    elif operation == op.FLOOR_DIVIDE:
        floor_divide(ints_at(ints, a, rows), parameters[b], rows, out)
    elif operation == op.MONTHS_BETWEEN:
        months_between(ints_at(ints, a, rows), ints_at(ints, b, rows), rows, out)
    else:
        days_between(ints_at(ints, a, rows), ints_at(ints, b, rows), rows, out)


@inline_kernel
def run_double_operation(
    operation: int,
    a: int,
    b: int,
    c: int,
    columns: Any,
    block: int,
    rows: int,
    parameters: Any,
    tables: Any,
    planes: int,
    ints: int,
    doubles: int,
    out: Any,
) -> None:
    """Operations whose result is a double."""
    if operation == op.LOAD_DOUBLE:
        load_doubles(columns, a, block, rows, out)
    elif operation == op.FILL_DOUBLE:
        fill_values(parameters[a], rows, out)
    elif operation == op.ADD_DOUBLE:
        add_doubles(doubles_at(doubles, a, rows), doubles_at(doubles, b, rows), rows, out)
    elif operation == op.SUBTRACT_DOUBLE:
        subtract_doubles(doubles_at(doubles, a, rows), doubles_at(doubles, b, rows), rows, out)
    elif operation == op.MULTIPLY_DOUBLE:
        multiply_doubles(doubles_at(doubles, a, rows), doubles_at(doubles, b, rows), rows, out)
    elif operation == op.DIVIDE_DOUBLE:
        divide_doubles(doubles_at(doubles, a, rows), doubles_at(doubles, b, rows), rows, out)
    elif operation == op.NEGATE_DOUBLE:
        negate_doubles(doubles_at(doubles, a, rows), rows, out)
    elif operation == op.INT_TO_DOUBLE:
        ints_to_doubles(ints_at(ints, a, rows), rows, out)
    elif operation == op.MINOR_TO_MAJOR:
        minor_to_major(ints_at(ints, a, rows), parameters[b], rows, out)
    elif operation == op.SELECT_DOUBLE:
        words = rows >> 6
        select_values(
            plane_at(planes, a, words), doubles_at(doubles, b, rows), doubles_at(doubles, c, rows), words, out
        )
    else:
        codes = int32_at(columns[a, 0] + block * columns[a, 1], rows)
        lookup_values(codes, float64_at(tables[b, 0], tables[b, 1]), rows, out)


@inline_kernel
def emit_segment(
    member: Any, words: int, last_word: Any, counts: Any, segment: int, which: int, planes: Any, block: int
) -> None:
    """Count a plane and, if `planes` has columns, keep it. `which`: 0 members, 1 unknowns."""
    counts[segment, which] += count_plane(member, words, last_word)
    if planes.shape[1] > 0:
        start = block * BLOCK_WORDS
        for word in range(words):
            planes[segment, start + word] = member[word]
        planes[segment, start + words - 1] &= last_word


@kernel
def run_blocks(
    code: Any,
    columns: Any,
    column_origin: int,
    first_block: int,
    end_block: int,
    words: int,
    last_word: Any,
    flags: Any,
    int_parameters: Any,
    double_parameters: Any,
    tables: Any,
    plane_registers: Any,
    int_registers: Any,
    double_registers: Any,
    outputs: Any,
    members: Any,
    unknowns: Any,
    counts: Any,
    cancelled: Any,
) -> int:
    """Run every instruction on each block from `first_block` to before `end_block`; returns the blocks done.

    `code` int64[n, 8] (opcodes.py); `columns` int64[c, 5]: address and bytes a block of the values, element type,
    address and bytes a block of the validity; block `column_origin` begins at the address. `words` a block, of the last
    of which only the bits of `last_word` are rows. `flags` uint8, `int_parameters` int64, `double_parameters` float64;
    `tables` int64[t, 2]: address and length. `plane_registers` uint64[p, 64], `int_registers` int64[v, 4096],
    `double_registers` float64[w, 4096]: this thread's own. `outputs` int64[o]: addresses of output planes and columns
    of all blocks. `members`, `unknowns` uint64[segments, words of all blocks], or without columns if only counts are
    wanted; `counts` int64[segments, 2] is added to. `cancelled` uint8[1] stops the run before the next block when it
    is not zero.
    """
    rows = words * 64
    planes = plane_registers.ctypes.data
    ints = int_registers.ctypes.data
    doubles = double_registers.ctypes.data
    for block in range(first_block, end_block):
        if cancelled[0]:
            return block - first_block
        here = block - column_origin
        for index in range(code.shape[0]):
            operation = code[index, 0]
            to = code[index, 1]
            a, b, c = code[index, 2], code[index, 3], code[index, 4]
            if operation == op.COMPARE_INT:
                bound = int_parameters[c]
                compare_int_operand(a, b, bound, columns, here, words, ints, plane_at(planes, to, words))
            elif operation == op.COMPARE_DOUBLE:
                limit = double_parameters[c]
                compare_double_operand(a, b, limit, columns, here, words, doubles, plane_at(planes, to, words))
            elif operation == op.COMPARE_INTS:
                compare_int_pairs(a, ints_at(ints, b, rows), ints_at(ints, c, rows), words, plane_at(planes, to, words))
            elif operation == op.COMPARE_DOUBLES:
                left, right = doubles_at(doubles, b, rows), doubles_at(doubles, c, rows)
                compare_double_pairs(a, left, right, words, plane_at(planes, to, words))
            elif operation <= op.LOOKUP_BIT:
                out = plane_at(planes, to, words)
                run_plane_operation(operation, a, b, c, columns, here, words, flags, tables, planes, out)
            elif operation == op.EMIT_SEGMENT:
                emit_segment(plane_at(planes, a, words), words, last_word, counts, to, 0, members, block)
                if b >= 0:
                    emit_segment(plane_at(planes, b, words), words, last_word, counts, to, 1, unknowns, block)
            elif operation == op.EMIT_PLANE:
                address = outputs[to] + block * (BLOCK_WORDS * 8)
                emit_plane(plane_at(planes, a, words), words, last_word, uint64_at(address, words))
            elif operation == op.EMIT_INT:
                address = outputs[to] + block * (BLOCK_ROWS * 8)
                copy_values(ints_at(ints, a, rows), rows, int64_at(address, rows))
            elif operation == op.EMIT_DOUBLE:
                address = outputs[to] + block * (BLOCK_ROWS * 8)
                copy_values(doubles_at(doubles, a, rows), rows, float64_at(address, rows))
            elif code[index, 5] >= 0:
                failed = plane_at(planes, code[index, 5], words)
                result = ints_at(ints, to, rows)
                run_fallible_operation(operation, a, b, c, words, int_parameters, ints, doubles, result, failed)
            elif operation >= op.FIRST_OF_DOUBLES:
                real_result = doubles_at(doubles, to, rows)
                run_double_operation(
                    operation,
                    a,
                    b,
                    c,
                    columns,
                    here,
                    rows,
                    double_parameters,
                    tables,
                    planes,
                    ints,
                    doubles,
                    real_result,
                )
            else:
                int_result = ints_at(ints, to, rows)
                run_int_operation(
                    operation, a, b, c, columns, here, rows, int_parameters, tables, planes, ints, int_result
                )
    return end_block - first_block
