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
    compare_int_with_double,
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
def run_plane_operation(
    code: Any, columns: Any, block: int, words: int, flags: Any, tables: Any, planes: Any, out: Any
) -> None:
    """Logic, and planes that are read from columns, parameters and tables."""
    operation = code[0]
    if operation == op.AND:
        and_planes(planes[code[2]], planes[code[3]], words, out)
    elif operation == op.OR:
        or_planes(planes[code[2]], planes[code[3]], words, out)
    elif operation == op.AND_NOT:
        and_not_planes(planes[code[2]], planes[code[3]], words, out)
    elif operation == op.NOT:
        not_plane(planes[code[2]], words, out)
    elif operation == op.ZEROS:
        fill_plane(np.uint64(0), words, out)
    elif operation == op.ONES:
        fill_plane(ALL_ONES, words, out)
    elif operation == op.COLUMN_BITS:
        column = code[2]
        copy_plane(uint64_at(columns[column, 0] + block * columns[column, 1], words), words, out)
    elif operation == op.VALIDITY:
        column = code[2]
        copy_plane(uint64_at(columns[column, 3] + block * columns[column, 4], words), words, out)
    elif operation == op.PARAMETER_BIT:
        set_bit = (flags[code[2]] >> code[3]) & 1
        fill_plane(ALL_ONES if set_bit else np.uint64(0), words, out)
    else:
        column = code[2]
        codes = int32_at(columns[column, 0] + block * columns[column, 1], words * 64)
        table = uint8_at(tables[code[3], 0], tables[code[3], 1])
        lookup_bits(codes, table, code[4], words, out)


@inline_kernel
def compare_int_operand(code: Any, columns: Any, block: int, words: int, registers: Any, bound: int, out: Any) -> None:
    """A value register or an integer column of any width against a bound."""
    operand = code[3]
    if operand >= 0:
        compare_ints_with_bound(code[2], registers[operand], bound, words, out)
        return
    column = ~operand
    address = columns[column, 0] + block * columns[column, 1]
    element = columns[column, 2]
    if element == op.INT64:
        compare_ints_with_bound(code[2], int64_at(address, words * 64), bound, words, out)
    elif element == op.INT32:
        compare_ints_with_bound(code[2], int32_at(address, words * 64), bound, words, out)
    elif element == op.INT16:
        compare_ints_with_bound(code[2], int16_at(address, words * 64), bound, words, out)
    else:
        compare_ints_with_bound(code[2], int8_at(address, words * 64), bound, words, out)


@inline_kernel
def compare_double_operand(
    code: Any, columns: Any, block: int, words: int, registers: Any, bound: float, out: Any
) -> None:
    """A value register or a floating-point column of either width against a bound."""
    operand = code[3]
    if operand >= 0:
        compare_doubles_with_bound(code[2], registers[operand], bound, words, out)
        return
    column = ~operand
    address = columns[column, 0] + block * columns[column, 1]
    if columns[column, 2] == op.FLOAT64:
        compare_doubles_with_bound(code[2], float64_at(address, words * 64), bound, words, out)
    else:
        compare_doubles_with_bound(code[2], float32_at(address, words * 64), bound, words, out)


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
def run_int_operation(
    code: Any,
    columns: Any,
    block: int,
    words: int,
    parameters: Any,
    tables: Any,
    planes: Any,
    registers: Any,
    doubles: Any,
) -> None:
    """Operations whose result is an integer."""
    operation = code[0]
    rows = words * 64
    out = registers[code[1]]
    if operation == op.LOAD_INT:
        load_ints(columns, code[2], block, rows, out)
    elif operation == op.FILL_INT:
        fill_values(parameters[code[2]], rows, out)
    elif operation == op.ADD_INT:
        low, high = parameters[code[4]], parameters[code[4] + 1]
        add_ints(registers[code[2]], registers[code[3]], low, high, words, out, planes[code[5]])
    elif operation == op.SUBTRACT_INT:
        low, high = parameters[code[4]], parameters[code[4] + 1]
        subtract_ints(registers[code[2]], registers[code[3]], low, high, words, out, planes[code[5]])
    elif operation == op.MULTIPLY_INT:
        multiply_ints(registers[code[2]], registers[code[3]], words, out, planes[code[5]])
    elif operation == op.DIVIDE_INT:
        divide_ints(registers[code[2]], registers[code[3]], words, out, planes[code[5]])
    elif operation == op.MODULO_INT:
        modulo_ints(registers[code[2]], registers[code[3]], words, out, planes[code[5]])
    elif operation == op.NEGATE_INT:
        negate_ints(registers[code[2]], words, out, planes[code[5]])
    elif operation == op.DOUBLE_TO_INT:
        doubles_to_ints(doubles[code[2]], words, out, planes[code[5]])
    elif operation == op.SELECT_INT:
        select_values(planes[code[2]], registers[code[3]], registers[code[4]], words, out)
    elif operation == op.LOOKUP_INT:
        codes = int32_at(columns[code[2], 0] + block * columns[code[2], 1], rows)
        lookup_values(codes, int64_at(tables[code[3], 0], tables[code[3], 1]), rows, out)
    elif operation == op.LOCAL_TIME:
        transitions = int64_at(tables[code[3], 0], tables[code[3], 1])
        offsets = int64_at(tables[code[4], 0], tables[code[4], 1])
        local_times(registers[code[2]], transitions, offsets, rows, out)
    elif operation == op.CALENDAR_FIELD:
        calendar_fields(code[3], registers[code[2]], rows, out)
    elif operation == op.DIVIDE_TRUNCATED:
        divide_truncated(registers[code[2]], parameters[code[3]], rows, out)
    elif operation == op.REMAINDER_TRUNCATED:
        remainder_truncated(registers[code[2]], parameters[code[3]], rows, out)
    elif operation == op.FLOOR_DIVIDE:
        floor_divide(registers[code[2]], parameters[code[3]], rows, out)
    elif operation == op.MULTIPLY_RANGE:
        factor, low, high = parameters[code[3]], parameters[code[3] + 1], parameters[code[3] + 2]
        multiply_range(registers[code[2]], factor, low, high, words, out, planes[code[5]])
    elif operation == op.MONTHS_BETWEEN:
        months_between(registers[code[2]], registers[code[3]], rows, out)
    else:
        days_between(registers[code[2]], registers[code[3]], rows, out)


@inline_kernel
def run_double_operation(
    code: Any,
    columns: Any,
    block: int,
    words: int,
    parameters: Any,
    tables: Any,
    planes: Any,
    registers: Any,
    ints: Any,
) -> None:
    """Operations whose result is a double."""
    operation = code[0]
    rows = words * 64
    out = registers[code[1]]
    if operation == op.LOAD_DOUBLE:
        load_doubles(columns, code[2], block, rows, out)
    elif operation == op.FILL_DOUBLE:
        fill_values(parameters[code[2]], rows, out)
    elif operation == op.ADD_DOUBLE:
        add_doubles(registers[code[2]], registers[code[3]], rows, out)
    elif operation == op.SUBTRACT_DOUBLE:
        subtract_doubles(registers[code[2]], registers[code[3]], rows, out)
    elif operation == op.MULTIPLY_DOUBLE:
        multiply_doubles(registers[code[2]], registers[code[3]], rows, out)
    elif operation == op.DIVIDE_DOUBLE:
        divide_doubles(registers[code[2]], registers[code[3]], rows, out)
    elif operation == op.NEGATE_DOUBLE:
        negate_doubles(registers[code[2]], rows, out)
    elif operation == op.INT_TO_DOUBLE:
        ints_to_doubles(ints[code[2]], rows, out)
    elif operation == op.MINOR_TO_MAJOR:
        minor_to_major(ints[code[2]], parameters[code[3]], rows, out)
    elif operation == op.SELECT_DOUBLE:
        select_values(planes[code[2]], registers[code[3]], registers[code[4]], words, out)
    else:
        codes = int32_at(columns[code[2], 0] + block * columns[code[2], 1], rows)
        lookup_values(codes, float64_at(tables[code[3], 0], tables[code[3], 1]), rows, out)


@inline_kernel
def is_double_operation(operation: int) -> bool:
    """Whether the result is a double."""
    return (
        operation == op.LOAD_DOUBLE
        or operation == op.FILL_DOUBLE
        or (op.ADD_DOUBLE <= operation <= op.INT_TO_DOUBLE)
        or operation == op.MINOR_TO_MAJOR
        or operation == op.SELECT_DOUBLE
        or operation == op.LOOKUP_DOUBLE
    )


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
    planes: Any,
    ints: Any,
    doubles: Any,
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
    `tables` int64[t, 2]: address and length. `planes` uint64[p, 64], `ints` int64[v, 4096], `doubles` float64[w, 4096]:
    registers, this thread's own. `outputs` int64[o]: addresses of output planes and columns of all blocks.
    `members`, `unknowns` uint64[segments, words of all blocks], or no columns if only counts are wanted; `counts`
    int64[segments, 2] is added to. `cancelled` uint8[1] stops the run before the next block when it is not zero.
    """
    emits_planes = members.shape[1] > 0
    for block in range(first_block, end_block):
        if cancelled[0]:
            return block - first_block
        here = block - column_origin
        for index in range(code.shape[0]):
            instruction = code[index]
            operation = instruction[0]
            if operation == op.COMPARE_INT:
                bound = int_parameters[instruction[4]]
                compare_int_operand(instruction, columns, here, words, ints, bound, planes[instruction[1]])
            elif operation == op.COMPARE_DOUBLE:
                limit = double_parameters[instruction[4]]
                compare_double_operand(instruction, columns, here, words, doubles, limit, planes[instruction[1]])
            elif operation == op.COMPARE_INTS:
                compare_int_pairs(
                    instruction[2], ints[instruction[3]], ints[instruction[4]], words, planes[instruction[1]]
                )
            elif operation == op.COMPARE_DOUBLES:
                compare_double_pairs(
                    instruction[2], doubles[instruction[3]], doubles[instruction[4]], words, planes[instruction[1]]
                )
            elif operation == op.COMPARE_INT_WITH_DOUBLE:
                compare_int_with_double(
                    instruction[2], ints[instruction[3]], doubles[instruction[4]], words, planes[instruction[1]]
                )
            elif operation <= op.LOOKUP_BIT:
                run_plane_operation(instruction, columns, here, words, flags, tables, planes, planes[instruction[1]])
            elif operation == op.EMIT_SEGMENT:
                segment = instruction[1]
                member = planes[instruction[2]]
                counts[segment, 0] += count_plane(member, words, last_word)
                if emits_planes:
                    start = block * BLOCK_WORDS
                    emit_plane(member, words, last_word, members[segment, start : start + words])
                if instruction[3] >= 0:
                    unknown = planes[instruction[3]]
                    counts[segment, 1] += count_plane(unknown, words, last_word)
                    if emits_planes:
                        start = block * BLOCK_WORDS
                        emit_plane(unknown, words, last_word, unknowns[segment, start : start + words])
            elif operation == op.EMIT_PLANE:
                address = outputs[instruction[1]] + block * BLOCK_WORDS * 8
                emit_plane(planes[instruction[2]], words, last_word, uint64_at(address, words))
            elif operation == op.EMIT_INT:
                address = outputs[instruction[1]] + block * BLOCK_ROWS * 8
                copy_values(ints[instruction[2]], words * 64, int64_at(address, words * 64))
            elif operation == op.EMIT_DOUBLE:
                address = outputs[instruction[1]] + block * BLOCK_ROWS * 8
                copy_values(doubles[instruction[2]], words * 64, float64_at(address, words * 64))
            elif is_double_operation(operation):
                run_double_operation(
                    instruction, columns, here, words, double_parameters, tables, planes, doubles, ints
                )
            else:
                run_int_operation(instruction, columns, here, words, int_parameters, tables, planes, ints, doubles)
    return end_block - first_block
