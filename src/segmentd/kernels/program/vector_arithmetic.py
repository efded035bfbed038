"""Sums and differences of 64 values at once, with the bits of the rows that leave a range stored as a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from segmentd.kernels.program.vector_code import (
    lanes_of,
    load_vector,
    splat,
    store_bits,
    store_vector,
    vectors_at,
    word_parts,
)

Combine = Callable[[Any, Any, Any], tuple[Any, Any]]
"""Of a builder and two vectors: the result, and a vector whose sign is set where the result is no int64."""


def _sum(builder: Any, left: Any, right: Any) -> tuple[Any, Any]:
    total = builder.add(left, right)
    return total, builder.and_(builder.xor(left, total), builder.xor(right, total))


def _difference(builder: Any, left: Any, right: Any) -> tuple[Any, Any]:
    difference = builder.sub(left, right)
    return difference, builder.and_(builder.xor(left, right), builder.xor(left, difference))


def _checked(combine: Combine) -> Any:
    @intrinsic
    def store_checked(typing_context: Any, left: Any, right: Any, out: Any, failed: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            left_at, right_at, out_at, failed_at = arguments
            for value, sign, result, part in _results(context, builder, combine, left_at, right_at, out_at, failed_at):
                store_vector(builder, value, result)
                store_bits(builder, _negative(builder, sign), part)
            return context.get_dummy_value()

        return types.void(left, right, out, failed), generate

    return store_checked


def _ranged(combine: Combine) -> Any:
    @intrinsic
    def store_ranged(typing_context: Any, left: Any, right: Any, low: Any, high: Any, out: Any, failed: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            left_at, right_at, low_value, high_value, out_at, failed_at = arguments
            least, most = (splat(builder, limit, lanes_of(types.int64)) for limit in (low_value, high_value))
            for value, sign, result, part in _results(context, builder, combine, left_at, right_at, out_at, failed_at):
                outside = builder.or_(builder.icmp_signed("<", value, least), builder.icmp_signed(">", value, most))
                store_vector(builder, value, result)
                store_bits(builder, builder.or_(_negative(builder, sign), outside), part)
            return context.get_dummy_value()

        return types.void(left, right, types.int64, types.int64, out, failed), generate

    return store_ranged


def _results(context: Any, builder: Any, combine: Combine, *pointers: Any) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Vector by vector: the result, the sign of its overflow, where it goes, and where its bits go."""
    left, right, out, failed = pointers
    firsts, seconds, results = (vectors_at(context, builder, pointer, types.int64) for pointer in (left, right, out))
    parts = word_parts(builder, failed, lanes_of(types.int64))
    for first, second, result, part in zip(firsts, seconds, results, parts, strict=True):
        yield (*combine(builder, load_vector(builder, first), load_vector(builder, second)), result, part)


def _negative(builder: Any, sign: Any) -> Any:
    return builder.icmp_signed("<", sign, ir.Constant(sign.type, None))


# Row i of the results: `left[i] + right[i]`, or `-`, wrapped. Bit i of the word: it is no int64.
store_checked_sum = _checked(_sum)
store_checked_difference = _checked(_difference)

# The same; bit i of the word: it is no int64, or outside `low..high`.
store_ranged_sum = _ranged(_sum)
store_ranged_difference = _ranged(_difference)
