"""LLVM building blocks for words of bits: where their ones are, and moving the values that stand there.

Each works on whole vectors that LLVM splits into what the processor has: AVX-512 compresses in one instruction, others
by a short sequence. Addresses are integers; the caller vouches for the memory.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.core import cgutils
from numba.extending import intrinsic

from segmentd.kernels.compiler import inline_kernel
from segmentd.kernels.lanes import address_as_pointer, count_ones

_BYTE: Final = ir.IntType(8)
_WORD: Final = ir.IntType(64)
_ROWS_AT_ONCE: Final = 8


def _positions() -> Any:
    """Per byte, where its ones are: a byte each, the lowest first, and zeros behind them."""
    table = np.zeros((256, 8), np.uint8)
    for byte in range(256):
        ones = [bit for bit in range(8) if byte >> bit & 1]
        table[byte, : len(ones)] = ones
    return table.view("<u8").ravel()


POSITIONS: Final = _positions()
"""uint64[256]: 2 KiB, which stays in the first cache."""


def _pointer(builder: Any, address: Any, element: Any) -> Any:
    return builder.inttoptr(address, element.as_pointer())


def _splat(builder: Any, value: Any, lanes: int) -> Any:
    vector = ir.VectorType(value.type, lanes)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))


@intrinsic
def trailing_zeros(typing_context: Any, word: Any) -> Any:
    """The place of the lowest one of a 64-bit word; 64 where it has none."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.zext(builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0)), _WORD)

    return types.int64(types.uint64), generate


@intrinsic
def store_positions(typing_context: Any, out: Any, positions: Any, first: Any) -> Any:
    """Eight uint32 at address `out`: the eight bytes of `positions`, each plus `first`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        narrow, wide = (ir.VectorType(ir.IntType(bits), _ROWS_AT_ONCE) for bits in (8, 32))
        places = builder.zext(builder.bitcast(arguments[1], narrow), wide)
        base = _splat(builder, builder.trunc(arguments[2], ir.IntType(32)), _ROWS_AT_ONCE)
        builder.store(builder.add(places, base), _pointer(builder, arguments[0], wide), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.uint64, types.int64), generate


def _compress(bits: int, lanes: int) -> Any:
    @intrinsic
    def compress(typing_context: Any, out: Any, source: Any, mask: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            vector, ones = ir.VectorType(ir.IntType(bits), lanes), ir.VectorType(ir.IntType(1), lanes)
            kept = builder.bitcast(builder.trunc(arguments[2], ir.IntType(lanes)), ones)
            values = builder.load(_pointer(builder, arguments[1], vector), align=bits // 8)
            name = f"llvm.experimental.vector.compress.v{lanes}i{bits}"
            function_type = ir.FunctionType(vector, [vector, ones, vector])
            function = cgutils.get_or_insert_function(builder.module, function_type, name)
            packed = builder.call(function, [values, kept, ir.Constant(vector, ir.Undefined)])
            builder.store(packed, _pointer(builder, arguments[0], vector), align=bits // 8)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.uint64), generate

    return compress


# At address `out`, those of the values at `source` whose bit of the mask is one. A whole vector is stored: what comes
# behind them may be anything.
compress_8_words = _compress(64, 8)
compress_16_halves = _compress(32, 16)


@intrinsic
def copy_16(typing_context: Any, out: Any, source: Any) -> Any:
    """16 bytes from one address to another."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(_BYTE, 16)
        values = builder.load(_pointer(builder, arguments[1], vector), align=1)
        builder.store(values, _pointer(builder, arguments[0], vector), align=1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def copy_bytes(typing_context: Any, out: Any, source: Any, size: Any) -> Any:
    """As many bytes from one address to another as it says; they do not overlap."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out_pointer, source_pointer = (_pointer(builder, address, _BYTE) for address in arguments[:2])
        cgutils.raw_memcpy(builder, out_pointer, source_pointer, arguments[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def add_bits(typing_context: Any, counts: Any, word: Any) -> Any:
    """Add the 64 bits of a word to as many uint16 at address `counts`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector, ones = ir.VectorType(ir.IntType(16), 64), ir.VectorType(ir.IntType(1), 64)
        pointer = _pointer(builder, arguments[0], vector)
        bits = builder.zext(builder.bitcast(arguments[1], ones), vector)
        builder.store(builder.add(builder.load(pointer, align=2), bits), pointer, align=2)
        return context.get_dummy_value()

    return types.void(types.int64, types.uint64), generate


@intrinsic
def store_word(typing_context: Any, out: Any, word: Any) -> Any:
    """A 64-bit word at an address that need not be aligned."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[1], _pointer(builder, arguments[0], _WORD), align=1)
        return context.get_dummy_value()

    return types.void(types.int64, types.uint64), generate


def _lengths(builder: Any, ends: Any) -> Any:
    """64 differences of 65 int32 that follow each other."""
    vector = ir.VectorType(ir.IntType(32), 64)
    first, second = (builder.load(_pointer(builder, address, vector), align=4) for address in ends)
    return builder.sub(second, first)


@intrinsic
def sum_lengths(typing_context: Any, ends: Any, mask: Any) -> Any:
    """The sum of those of 64 lengths whose bit is one; the lengths lie between 65 int32 at address `ends`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lengths = _lengths(builder, (arguments[0], builder.add(arguments[0], ir.Constant(_WORD, 4))))
        kept = builder.bitcast(arguments[1], ir.VectorType(ir.IntType(1), 64))
        chosen = builder.select(kept, lengths, ir.Constant(lengths.type, [0] * 64))
        function_type = ir.FunctionType(ir.IntType(32), [lengths.type])
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.vector.reduce.add.v64i32")
        return builder.sext(builder.call(function, [chosen]), _WORD)

    return types.int64(types.int64, types.uint64), generate


@intrinsic
def long_lengths(typing_context: Any, ends: Any) -> Any:
    """Which of 64 lengths are above 127, a bit each; `ends` as for `sum_lengths`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lengths = _lengths(builder, (arguments[0], builder.add(arguments[0], ir.Constant(_WORD, 4))))
        most = ir.Constant(lengths.type, [127] * 64)
        return builder.bitcast(builder.icmp_signed(">", lengths, most), _WORD)

    return types.uint64(types.int64), generate


@inline_kernel
def copy_short(out: Any, source: Any, size: Any) -> None:
    """`size` bytes, by 16: up to 15 more are read and written, and 16 where there are none to copy."""
    copy_16(out, source)
    done = 16
    while done < size:
        copy_16(out + done, source + done)
        done += 16


@inline_kernel
def uint32_at(address: int, length: int) -> Any:
    """A view of `length` uint32 at the address. The caller vouches for the memory."""
    return carray(address_as_pointer(address), length, np.uint32)


@inline_kernel
def varint_size(value: Any) -> Any:
    """The bytes of a number from 0 on as a protobuf varint."""
    size, rest = 1, value >> 7
    while rest:
        size, rest = size + 1, rest >> 7
    return size


@inline_kernel
def put_varint(out: Any, at: Any, value: Any) -> Any:
    """Write a number from 0 on as a protobuf varint at `out[at]`; returned is the place behind it."""
    while value > 127:
        out[at] = np.uint8((value & 127) | 128)
        value >>= 7
        at += 1
    out[at] = np.uint8(value)
    return at + 1


@inline_kernel
def ones_of(word: Any) -> Any:
    """The ones of a 64-bit word, as int64: with its own uint64, Numba would make a float of a sum."""
    return np.int64(count_ones(word))
