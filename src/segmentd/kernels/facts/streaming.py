"""Stores that go past the caches, for results that nobody reads before they are all there."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from segmentd.kernels.compiler import inline_kernel

LINE = 8
"""Numbers of 64 bit in a line of the caches: what is stored as a whole need not be read first."""

_WORD = ir.IntType(64)
_LINE = ir.VectorType(_WORD, LINE)


@intrinsic
def stream_line(typing_context: Any, given: Any, start: Any, out: Any, row: Any, column: Any) -> Any:
    """Store `given[start:start + LINE]` at `out[row, column]`, both of int64 and contiguous, the latter on a line."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        target = context.make_array(signature.args[2])(context, builder, arguments[2])
        width = builder.extract_value(target.shape, 1)
        place = builder.add(builder.mul(arguments[3], width), arguments[4])
        line = builder.load(_as_line(builder, source.data, arguments[1]), align=8)
        store = builder.store(line, _as_line(builder, target.data, place), align=8 * LINE)
        store.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)]))
        return context.get_dummy_value()

    return types.void(given, types.int64, out, types.int64, types.int64), generate


@intrinsic
def finish_streams(typing_context: Any) -> Any:
    """What was streamed is there for every thread before what is stored after: streams have no order of their own."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


@inline_kernel
def stream(given: Any, start: int, count: int, out: Any, row: int, column: int) -> None:
    """Store `given[start:start + count]`, whole lines, at `out[row, column]`, which lies on a line."""
    for at in range(0, count, LINE):
        stream_line(given, start + at, out, row, column + at)


def _as_line(builder: Any, data: Any, index: Any) -> Any:
    return builder.bitcast(builder.gep(data, [index]), _LINE.as_pointer())
