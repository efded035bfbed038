"""From an instruction to its kernel: a function a kind of result, reading registers, columns and tables by address."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import BLOCK_ROWS, BLOCK_WORDS, inline_kernel
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
from segmentd.kernels.program import opcodes as op
from segmentd.kernels.program.arithmetic import (
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
from segmentd.kernels.program.calendar import calendar_fields, days_between, local_times, months_between
from segmentd.kernels.program.compare import (
    compare_doubles_with_bound,
    compare_ints_with_bound,
)
from segmentd.kernels.program.lookup import lookup_bits, lookup_values
from segmentd.kernels.program.planes import copy_plane
from segmentd.kernels.program.words import fill_at

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
    out: Any,
) -> None:
    """Constant planes, and planes that are read from columns, parameters and tables. `a`, `b`, `c` are the operands."""
    if operation == op.ZEROS:
        fill_at(np.uint64(0), out.ctypes.data)
    elif operation == op.ONES:
        fill_at(ALL_ONES, out.ctypes.data)
    elif operation == op.COLUMN_BITS:
        copy_plane(uint64_at(columns[a, 0] + block * columns[a, 1], words), words, out)
    elif operation == op.VALIDITY:
        copy_plane(uint64_at(columns[a, 3] + block * columns[a, 4], words), words, out)
    elif operation == op.PARAMETER_BIT:
        set_bit = (flags[a] >> b) & 1
        fill_at(ALL_ONES if set_bit else np.uint64(0), out.ctypes.data)
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
