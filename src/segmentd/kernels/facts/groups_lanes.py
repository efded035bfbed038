"""An LLVM building block for sums under a mask."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from segmentd.kernels.lanes import LANES


@intrinsic
def sum_lanes(typing_context: Any, values: Any, masks: Any, words: Any) -> Any:
    """The sum of those of `words` times 64 int64 at address `values` whose bit at address `masks` is one; it wraps.

    64 sums are kept in vectors and added up at the end: to add up each word's by itself takes three times as long.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        vector = ir.VectorType(word, LANES)
        zeros = ir.Constant(vector, [0] * LANES)
        total = cgutils.alloca_once_value(builder, zeros)
        with cgutils.for_range(builder, arguments[2], intp=word) as loop:
            value_at = builder.add(arguments[0], builder.mul(loop.index, ir.Constant(word, 8 * LANES)))
            mask_at = builder.add(arguments[1], builder.mul(loop.index, ir.Constant(word, 8)))
            given = builder.load(builder.inttoptr(value_at, vector.as_pointer()), align=8)
            mask = builder.load(builder.inttoptr(mask_at, word.as_pointer()), align=8)
            kept = builder.bitcast(mask, ir.VectorType(ir.IntType(1), LANES))
            chosen = builder.select(kept, given, zeros)
            builder.store(builder.add(builder.load(total), chosen), total)
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(word, [vector]), f"llvm.vector.reduce.add.v{LANES}i64"
        )
        return builder.call(function, [builder.load(total)])

    return types.int64(types.int64, types.int64, types.int64), generate
