"""LLVM building blocks: 64 values in a row compared at once into one word, typed views of addresses, bit counts.

A comparison loads 64 values as one vector, compares it with another and bitcasts the 64 one-bit results to a
word. LLVM splits the vector into what the processor has (AVX2, AVX-512, NEON), so one source serves all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.extending import intrinsic

from segmentd.kernels.compiler import inline_kernel

LANES = 64


@intrinsic
def address_as_pointer(typing_context: Any, address: Any) -> Any:
    """The address, an integer, as an untyped pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.int64), generate


@intrinsic
def element_pointer(typing_context: Any, array: Any, index: Any) -> Any:
    """Address of `array[index]` of a contiguous array, as a typed pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        struct = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.gep(struct.data, [arguments[1]])

    return types.CPointer(array.dtype)(array, index), generate


@intrinsic
def count_ones(typing_context: Any, word: Any) -> Any:
    """The number of set bits of a 64-bit word."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def product_overflows(typing_context: Any, left: Any, right: Any) -> Any:
    """Whether `left * right` is no int64. Numba's own product may not be asked: to LLVM it never overflows."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.extract_value(builder.smul_with_overflow(arguments[0], arguments[1]), 1)

    return types.boolean(types.int64, types.int64), generate


def _splat(builder: Any, value: Any) -> Any:
    vector = ir.VectorType(value.type, LANES)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, mask)


def _load(context: Any, builder: Any, pointer: Any, dtype: Any) -> Any:
    element = context.get_value_type(dtype)
    vector = ir.VectorType(element, LANES)
    return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=1)


def _widen(builder: Any, values: Any, dtype: Any) -> Any:
    """Narrow values as 64-bit ones of the same kind, which changes none of them."""
    if isinstance(dtype, types.Float):
        wide = ir.VectorType(ir.DoubleType(), LANES)
        return values if dtype.bitwidth == 64 else builder.fpext(values, wide)
    wide = ir.VectorType(ir.IntType(64), LANES)
    if dtype.bitwidth == 64:
        return values
    return builder.sext(values, wide) if dtype.signed else builder.zext(values, wide)


def _compared(builder: Any, predicate: str, dtype: Any, left: Any, right: Any) -> Any:
    if isinstance(dtype, types.Float):
        return builder.fcmp_ordered(predicate, left, right)  # ordered: NaN fulfils nothing
    return builder.icmp_signed(predicate, left, right)


def _with_bound(predicate: str) -> Any:
    @intrinsic
    def compare_with_bound(typing_context: Any, pointer: Any, bound: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values = _widen(builder, _load(context, builder, arguments[0], pointer.dtype), pointer.dtype)
            compared = _compared(builder, predicate, pointer.dtype, values, _splat(builder, arguments[1]))
            return builder.bitcast(compared, ir.IntType(64))

        wide = types.float64 if isinstance(pointer.dtype, types.Float) else types.int64
        return types.uint64(pointer, wide), generate

    return compare_with_bound


def _with_each_other(predicate: str) -> Any:
    @intrinsic
    def compare_with_each_other(typing_context: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            first = _load(context, builder, arguments[0], left.dtype)
            second = _load(context, builder, arguments[1], right.dtype)
            compared = _compared(builder, predicate, left.dtype, first, second)
            return builder.bitcast(compared, ir.IntType(64))

        return types.uint64(left, right), generate

    return compare_with_each_other


# Bit i of the result: `pointer[i] <op> bound`; narrow values are compared as the 64-bit values they stand for.
less_than_bound = _with_bound("<")
at_most_bound = _with_bound("<=")
greater_than_bound = _with_bound(">")
at_least_bound = _with_bound(">=")
equal_to_bound = _with_bound("==")

# Bit i of the result: `left[i] <op> right[i]`, both of one 64-bit type.
less_than_each = _with_each_other("<")
at_most_each = _with_each_other("<=")
at_least_each = _with_each_other(">=")
equal_each = _with_each_other("==")


@inline_kernel
def float64_at(address: int, length: int) -> Any:
    """A view of `length` float64 at the address. The caller vouches for the memory."""
    return carray(address_as_pointer(address), length, np.float64)


@inline_kernel
def float32_at(address: int, length: int) -> Any:
    """A view of `length` float32 at the address."""
    return carray(address_as_pointer(address), length, np.float32)


@inline_kernel
def int64_at(address: int, length: int) -> Any:
    """A view of `length` int64 at the address."""
    return carray(address_as_pointer(address), length, np.int64)


@inline_kernel
def int32_at(address: int, length: int) -> Any:
    """A view of `length` int32 at the address."""
    return carray(address_as_pointer(address), length, np.int32)


@inline_kernel
def int16_at(address: int, length: int) -> Any:
    """A view of `length` int16 at the address."""
    return carray(address_as_pointer(address), length, np.int16)


@inline_kernel
def int8_at(address: int, length: int) -> Any:
    """A view of `length` int8 at the address."""
    return carray(address_as_pointer(address), length, np.int8)


@inline_kernel
def uint8_at(address: int, length: int) -> Any:
    """A view of `length` uint8 at the address."""
    return carray(address_as_pointer(address), length, np.uint8)


@inline_kernel
def uint64_at(address: int, length: int) -> Any:
    """A view of `length` uint64 at the address."""
    return carray(address_as_pointer(address), length, np.uint64)
