"""Whole numbers of 128 bit, as a high and a low half, both int64; the low half's sign bit counts as 2^63."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_WIDE = ir.IntType(128)
_HALF = ir.IntType(64)


@intrinsic
def add_square(typing_context: Any, high: Any, low: Any, number: Any) -> Any:
    """The halves of the number that `high` and `low` are, plus the square of a number; it must fit."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        top, bottom, given = arguments
        total = builder.or_(builder.shl(builder.zext(top, _WIDE), _WIDE(64)), builder.zext(bottom, _WIDE))
        extended = builder.sext(given, _WIDE)
        total = builder.add(total, builder.mul(extended, extended))
        halves = [builder.trunc(builder.lshr(total, _WIDE(64)), _HALF), builder.trunc(total, _HALF)]
        return context.make_tuple(builder, signature.return_type, halves)

    return types.UniTuple(types.int64, 2)(types.int64, types.int64, types.int64), generate


@intrinsic
def scaled_variance(typing_context: Any, high: Any, low: Any, count: Any, total: Any) -> Any:
    """`count` times the number that `high` and `low` are, minus the square of `total`, as a double; not negative.

    The difference is exact; it becomes a double by two roundings.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        top, bottom, count, total = arguments
        squares = builder.or_(builder.shl(builder.zext(top, _WIDE), _WIDE(64)), builder.zext(bottom, _WIDE))
        extended = builder.sext(total, _WIDE)
        product = builder.mul(squares, builder.sext(count, _WIDE))
        difference = builder.sub(product, builder.mul(extended, extended))
        double = ir.DoubleType()
        above = builder.uitofp(builder.trunc(builder.lshr(difference, _WIDE(64)), _HALF), double)
        below = builder.uitofp(builder.trunc(difference, _HALF), double)
        return builder.fadd(builder.fmul(above, double(2.0**64)), below)

    return types.float64(types.int64, types.int64, types.int64, types.int64), generate
