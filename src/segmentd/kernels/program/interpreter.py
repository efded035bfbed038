"""Runs a program over blocks of rows: one compiled loop that knows every operation, so nothing is compiled later."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import BLOCK_WORDS, inline_kernel, kernel
from segmentd.kernels.lanes import float64_at, int64_at, uint64_at
from segmentd.kernels.program import opcodes as op
from segmentd.kernels.program.arithmetic import copy_values
from segmentd.kernels.program.codes import codes_at_least
from segmentd.kernels.program.compare import compare_double_pairs, compare_int_pairs
from segmentd.kernels.program.dispatch import (
    compare_double_operand,
    compare_int_operand,
    doubles_at,
    ints_at,
    plane_at,
    run_double_operation,
    run_fallible_operation,
    run_int_operation,
    run_plane_operation,
)
from segmentd.kernels.program.planes import count_plane, emit_plane
from segmentd.kernels.program.words import (
    PLANE_BYTES,
    and_at,
    and_not_at,
    copy_and_count_at,
    count_at,
    not_at,
    or_at,
    stream_and_count_at,
)

ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)

COLUMN_BYTES = 5 * 8
"""Bytes of a row of the table of columns."""

CANCELLATION_STEP = 256
"""Instructions between two looks at `cancelled`: a long program takes many milliseconds a block."""


@inline_kernel
def emit_segment(plane: int, words: int, last_word: Any, count: int, out: int, past_caches: int) -> None:
    """Add the plane's rows to the count at an address and, if `out` is an address, keep the plane there."""
    total = int64_at(count, 1)
    if words == BLOCK_WORDS and last_word == ALL_ONES:
        if out == 0:
            total[0] += count_at(plane)
        elif past_caches:
            total[0] += stream_and_count_at(plane, out)
        else:
            total[0] += copy_and_count_at(plane, out)
        return
    rows = uint64_at(plane, words)
    total[0] += count_plane(rows, words, last_word)
    if out != 0:
        emit_plane(rows, words, last_word, uint64_at(out, words))


@kernel
def run_blocks(
    code: Any,
    columns: Any,
    blocks: int,
    words: int,
    last_word: Any,
    first_word: int,
    flags: Any,
    int_parameters: Any,
    double_parameters: Any,
    tables: Any,
    plane_registers: Any,
    int_registers: Any,
    double_registers: Any,
    outputs: Any,
    members: int,
    unknowns: int,
    row_words: int,
    past_caches: int,
    counts: Any,
    cancelled: Any,
) -> int:
    """Run every instruction on so many blocks, one after the other; returns the blocks done.

    `code` int64[n, 8] (opcodes.py); `columns` int64[c, 5]: address of the first block and bytes a block of the values,
    element type (of codes: bits), address and bytes a block of the validity. `words` a block, of the last of which
    only the bits of `last_word` are rows; `first_word`: where in the results the first block's words go. `flags` uint8,
    `int_parameters` int64, `double_parameters` float64; `tables` int64[t, 2]: address and length. `plane_registers`
    uint64[p, 64], `int_registers` int64[v, 4096], `double_registers` float64[w, 4096]: this thread's own. `outputs`
    int64[o]: addresses of output planes and columns. `members`, `unknowns`: addresses of uint64[segments, row_words],
    or `row_words` is 0 if only counts are wanted; `past_caches`, 0 or 1: they are large, and the blocks of their planes
    begin at cache lines. `counts` int64[segments, 2] is added to. `cancelled` uint8[1] stops the run, within a block
    too, when it is not zero; what was emitted then means nothing.
    """
    rows = words * 64
    planes = plane_registers.ctypes.data
    ints = int_registers.ctypes.data
    doubles = double_registers.ctypes.data
    column_rows = columns.ctypes.data
    totals = counts.ctypes.data
    for block in range(blocks):
        out_word = first_word + block * BLOCK_WORDS
        for index in range(code.shape[0]):
            if index % CANCELLATION_STEP == 0 and cancelled[0]:
                return block
            operation = code[index, 0]
            to = code[index, 1]
            a, b, c = code[index, 2], code[index, 3], code[index, 4]
            if operation == op.AND:
                and_at(planes + a * PLANE_BYTES, planes + b * PLANE_BYTES, planes + to * PLANE_BYTES)
            elif operation == op.OR:
                or_at(planes + a * PLANE_BYTES, planes + b * PLANE_BYTES, planes + to * PLANE_BYTES)
            elif operation == op.AND_NOT:
                and_not_at(planes + a * PLANE_BYTES, planes + b * PLANE_BYTES, planes + to * PLANE_BYTES)
            elif operation == op.NOT:
                not_at(planes + a * PLANE_BYTES, planes + to * PLANE_BYTES)
            elif operation > op.CODE_AT_LEAST:
                column = int64_at(column_rows + a * COLUMN_BYTES, 2)
                address = column[0] + block * column[1] + b * PLANE_BYTES
                codes_at_least(operation, address, c, planes + to * PLANE_BYTES)
            elif operation == op.EMIT_SEGMENT:
                total = totals + to * 16
                kept = (to * row_words + out_word) * 8
                out = kept + members if row_words else 0
                emit_segment(planes + a * PLANE_BYTES, words, last_word, total, out, past_caches)
                if b >= 0:
                    out = kept + unknowns if row_words else 0
                    emit_segment(planes + b * PLANE_BYTES, words, last_word, total + 8, out, past_caches)
            elif operation == op.COMPARE_INT:
                bound = int_parameters[c]
                compare_int_operand(a, b, bound, columns, block, words, ints, plane_at(planes, to, words))
            elif operation == op.COMPARE_DOUBLE:
                limit = double_parameters[c]
                compare_double_operand(a, b, limit, columns, block, words, doubles, plane_at(planes, to, words))
            elif operation == op.COMPARE_INTS:
                compare_int_pairs(a, ints_at(ints, b, rows), ints_at(ints, c, rows), words, plane_at(planes, to, words))
            elif operation == op.COMPARE_DOUBLES:
                left, right = doubles_at(doubles, b, rows), doubles_at(doubles, c, rows)
                compare_double_pairs(a, left, right, words, plane_at(planes, to, words))
            elif operation <= op.LOOKUP_BIT:
                plane = plane_at(planes, to, words)
                run_plane_operation(operation, a, b, c, columns, block, words, flags, tables, plane)
            elif operation == op.EMIT_PLANE:
                address = outputs[to] + out_word * 8
                emit_plane(plane_at(planes, a, words), words, last_word, uint64_at(address, words))
            elif operation == op.EMIT_INT:
                address = outputs[to] + out_word * 512
                copy_values(ints_at(ints, a, rows), rows, int64_at(address, rows))
            elif operation == op.EMIT_DOUBLE:
                address = outputs[to] + out_word * 512
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
                    block,
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
                    operation, a, b, c, columns, block, rows, int_parameters, tables, planes, ints, int_result
                )
    return blocks
