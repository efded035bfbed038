"""Building blocks of code generators that work on 64 rows at once: vectors of values, and the parts of a word of bits.

A vector has 512 bits, as many as a register of AVX-512; LLVM splits it into what the processor has (AVX2, NEON), so one
source serves all. Each vector's one-bit results are stored by themselves, as the part of the word that they are:
joining 64 bits before they are stored takes as long as computing them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from segmentd.kernels.lanes import LANES

VECTOR_BITS = 512


def lanes_of(dtype: Any) -> int:
    """Values of a type in a vector."""
    return int(VECTOR_BITS // dtype.bitwidth)


def splat(builder: Any, value: Any, lanes: int) -> Any:
    """A vector of the same value."""
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    return builder.shuffle_vector(first, undefined, mask)


def vectors_at(context: Any, builder: Any, pointer: Any, dtype: Any) -> list[Any]:
    """Pointers to the vectors of 64 values."""
    vector = ir.VectorType(context.get_value_type(dtype), lanes_of(dtype))
    first = builder.bitcast(pointer, vector.as_pointer())
    return [builder.gep(first, [ir.Constant(ir.IntType(64), part)]) for part in range(LANES // lanes_of(dtype))]


def word_parts(builder: Any, word: Any, lanes: int) -> list[Any]:
    """Pointers to the parts of a word that are the bits of a vector of so many values."""
    first = builder.bitcast(word, ir.IntType(lanes).as_pointer())
    return [builder.gep(first, [ir.Constant(ir.IntType(64), part)]) for part in range(LANES // lanes)]


def load_vector(builder: Any, pointer: Any) -> Any:
    """The vector at the pointer, which may be aligned to anything."""
    return builder.load(pointer, align=1)


def store_vector(builder: Any, value: Any, pointer: Any) -> None:
    """Put a vector, or a part of a word, at the pointer."""
    builder.store(value, pointer, align=1)


def store_bits(builder: Any, bits: Any, pointer: Any) -> None:
    """Put a vector of single bits at the pointer, as the part of a word that it is."""
    store_vector(builder, builder.bitcast(bits, pointer.type.pointee), pointer)
