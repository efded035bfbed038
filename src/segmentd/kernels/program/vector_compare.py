"""Comparisons of 64 values at once, stored as the bits of a word. The values are compared in their own width."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from segmentd.kernels.program.vector_code import lanes_of, load_vector, splat, store_bits, vectors_at, word_parts


def _compared(builder: Any, predicate: str, dtype: Any, left: Any, right: Any) -> Any:
    if isinstance(dtype, types.Float):
        return builder.fcmp_ordered(predicate, left, right)  # ordered: NaN fulfils nothing
    compare = builder.icmp_signed if dtype.signed else builder.icmp_unsigned
    return compare(predicate, left, right)


def _with_bound(predicate: str) -> Any:
    @intrinsic
    def store_compared_with_bound(typing_context: Any, values: Any, bound: Any, word: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            dtype = values.dtype
            limit = splat(builder, arguments[1], lanes_of(dtype))
            bits = word_parts(builder, arguments[2], lanes_of(dtype))
            for pointer, out in zip(vectors_at(context, builder, arguments[0], dtype), bits, strict=True):
                store_bits(builder, _compared(builder, predicate, dtype, load_vector(builder, pointer), limit), out)
            return context.get_dummy_value()

        return types.void(values, values.dtype, word), generate

    return store_compared_with_bound


def _with_each_other(predicate: str) -> Any:
    @intrinsic
    def store_compared_with_each_other(typing_context: Any, left: Any, right: Any, word: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            dtype = left.dtype
            firsts = vectors_at(context, builder, arguments[0], dtype)
            seconds = vectors_at(context, builder, arguments[1], dtype)
            bits = word_parts(builder, arguments[2], lanes_of(dtype))
            for first, second, out in zip(firsts, seconds, bits, strict=True):
                one, other = load_vector(builder, first), load_vector(builder, second)
                store_bits(builder, _compared(builder, predicate, dtype, one, other), out)
            return context.get_dummy_value()

        return types.void(left, right, word), generate

    return store_compared_with_each_other


# Bit i of the word: `values[i] <op> bound`. All 64 values and the bound are of one type, of any width.
store_less_than_bound = _with_bound("<")
store_at_most_bound = _with_bound("<=")
store_greater_than_bound = _with_bound(">")
store_at_least_bound = _with_bound(">=")
store_equal_to_bound = _with_bound("==")

# Bit i of the word: `left[i] <op> right[i]`, all of one type.
store_less_than_each = _with_each_other("<")
store_at_most_each = _with_each_other("<=")
store_at_least_each = _with_each_other(">=")
store_equal_each = _with_each_other("==")
