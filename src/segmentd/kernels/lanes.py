"""LLVM building blocks: typed views of addresses, pointers to elements, bit counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.extending import intrinsic

from segmentd.kernels.compiler import inline_kernel

LANES = 64
"""Rows a word."""


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
