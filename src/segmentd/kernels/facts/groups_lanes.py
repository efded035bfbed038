"""An LLVM building block for sums under a mask."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from segmentd.kernels.lanes import LANES


@intrinsic
def sum_lanes(typing_context: Any, address: Any, mask: Any) -> Any:
    """The sum of those of 64 int64 at an address whose bit of the mask is one; it wraps."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        vector = ir.VectorType(word, LANES)
        values = builder.load(builder.inttoptr(arguments[0], vector.as_pointer()), align=8)
        kept = builder.bitcast(arguments[1], ir.VectorType(ir.IntType(1), LANES))
        chosen = builder.select(kept, values, ir.Constant(vector, [0] * LANES))
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(word, [vector]), f"llvm.vector.reduce.add.v{LANES}i64"
        )
        return builder.call(function, [chosen])

    return types.int64(types.int64, types.uint64), generate
