"""LLVM building blocks for whole registers: 64 words, a plane of a block of 4,096 rows, in one straight line of code.

A plane register is loaded as one vector of 64 words, which LLVM splits into what the processor has (8 of AVX-512, 16 of
AVX2, 32 of NEON): no loop, no tail, no look at a length. What lies past a partial block's rows is worked on too and
means nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from segmentd.kernels.compiler import BLOCK_WORDS

WORD = ir.IntType(64)
PLANE = ir.VectorType(WORD, BLOCK_WORDS)
PLANE_BYTES = BLOCK_WORDS * 8
LINE_BYTES = 64
LINE = ir.VectorType(WORD, LINE_BYTES // 8)

_FIRST = ir.Constant(ir.IntType(32), 0)

Combine = Callable[[Any, Any, Any], Any]


def _pointer(builder: Any, address: Any) -> Any:
    return builder.inttoptr(address, PLANE.as_pointer())


def _load(builder: Any, address: Any) -> Any:
    return builder.load(_pointer(builder, address), align=8)


def _store(builder: Any, plane: Any, address: Any) -> None:
    builder.store(plane, _pointer(builder, address), align=8)


def _splat(builder: Any, word: Any) -> Any:
    undefined = ir.Constant(PLANE, ir.Undefined)
    first = builder.insert_element(undefined, word, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), BLOCK_WORDS), None))


def _of_two(combine: Combine) -> Any:
    @intrinsic
    def of_two_planes(typing_context: Any, left: Any, right: Any, out: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            left_plane, right_plane = _load(builder, arguments[0]), _load(builder, arguments[1])
            _store(builder, combine(builder, left_plane, right_plane), arguments[2])

        return types.void(types.int64, types.int64, types.int64), generate

    return of_two_planes


# The plane at the third address becomes: rows in both, in one of them, in the first and not in the second.
and_at = _of_two(lambda builder, left, right: builder.and_(left, right))
or_at = _of_two(lambda builder, left, right: builder.or_(left, right))
and_not_at = _of_two(lambda builder, left, right: builder.and_(left, builder.not_(right)))


@intrinsic
def not_at(typing_context: Any, plane: Any, out: Any) -> Any:
    """The plane at the second address becomes the rows that are not in the first."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _store(builder, builder.not_(_load(builder, arguments[0])), arguments[1])

    return types.void(types.int64, types.int64), generate


@intrinsic
def fill_at(typing_context: Any, word: Any, out: Any) -> Any:
    """The plane at the address becomes the word, 64 times."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _store(builder, _splat(builder, arguments[0]), arguments[1])

    return types.void(types.uint64, types.int64), generate


def _sum_of_ones(builder: Any, plane: Any) -> Any:
    ones = _call(builder, f"llvm.ctpop.v{BLOCK_WORDS}i64", PLANE, plane)
    return _call(builder, f"llvm.vector.reduce.add.v{BLOCK_WORDS}i64", WORD, ones)


def _call(builder: Any, name: str, result: Any, plane: Any) -> Any:
    """LLVM's own function of a plane."""
    known = builder.module.globals.get(name)
    return builder.call(known or ir.Function(builder.module, ir.FunctionType(result, (PLANE,)), name), (plane,))


@intrinsic
def count_at(typing_context: Any, plane: Any) -> Any:
    """How many rows are in the plane at the address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _sum_of_ones(builder, _load(builder, arguments[0]))

    return types.int64(types.int64), generate


def _copying(*, past_caches: bool) -> Any:
    @intrinsic
    def copy_and_count(typing_context: Any, plane: Any, out: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            copied = _load(builder, arguments[0])
            if past_caches:
                stored = builder.store(copied, _pointer(builder, arguments[1]), align=LINE_BYTES)
                one = ir.Constant(ir.IntType(32), 1)
                stored.set_metadata("nontemporal", builder.module.add_metadata([one]))
            else:
                _store(builder, copied, arguments[1])
            return _sum_of_ones(builder, copied)

        return types.int64(types.int64, types.int64), generate

    return copy_and_count


# The plane at the second address becomes a copy of the first; how many rows are in it. What is written past the caches
# begins at a cache line, is not read from memory first and takes nobody's place in the caches: twice as fast for
# results that are larger than these.
copy_and_count_at = _copying(past_caches=False)
stream_and_count_at = _copying(past_caches=True)


def at_least_of(bits: int) -> Any:
    """The intrinsic that compares codes of so many bits, of the lowest of which the bound has a one.

    A code is at least the bound if, from the lowest bit up, each bit that the bound has keeps only codes that have it
    too, and each bit that the bound lacks adds the codes that have it. The bound's bits as masks choose between the two
    without a branch (one `vpternlog` a bit on AVX-512). A cache line goes through all bits before the next: the whole
    plane would not stay in the registers of AVX2 and NEON, which then take 1.4 and 1.8 times as many instructions.
    """

    @intrinsic
    def at_least(typing_context: Any, codes: Any, bound: Any, out: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            address, bound_value, out_address = arguments
            adds = [_adds(builder, bound_value, bit) for bit in range(1, bits)]
            for at in range(0, PLANE_BYTES, LINE_BYTES):
                reached = builder.load(_line(builder, address, at), align=8)
                for bit, mask in enumerate(adds, 1):
                    line = builder.load(_line(builder, address, bit * PLANE_BYTES + at), align=8)
                    either = builder.and_(builder.or_(reached, line), mask)
                    reached = builder.or_(builder.and_(reached, line), either)
                builder.store(reached, _line(builder, out_address, at), align=8)

        return types.void(types.int64, types.int64, types.int64), generate

    return at_least


def _line(builder: Any, address: Any, offset: int) -> Any:
    return builder.inttoptr(builder.add(address, ir.Constant(WORD, offset)), LINE.as_pointer())


def _adds(builder: Any, bound: Any, bit: int) -> Any:
    """All ones where the bound lacks the bit, a line of words."""
    one = builder.and_(builder.lshr(bound, ir.Constant(WORD, bit)), ir.Constant(WORD, 1))
    first = builder.insert_element(ir.Constant(LINE, ir.Undefined), builder.sub(one, ir.Constant(WORD, 1)), _FIRST)
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), LINE.count), None))
