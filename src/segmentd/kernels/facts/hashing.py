"""A keyed hash of bytes, in the way of wyhash, and comparing bytes a word at a time.

Wang Yi's wyhash (https://github.com/wangyi-fudan/wyhash, public domain), final version 4, with three secret words that
are drawn for each book: who does not know them cannot choose texts that collide. Addresses are integers; the caller
vouches for the memory.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from segmentd.kernels.compiler import inline_kernel

_WORD: Final = ir.IntType(64)
_DOUBLE_WORD: Final = ir.IntType(128)


def _load(bits: int) -> Any:
    @intrinsic
    def load(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer())
            loaded = builder.load(pointer, align=1)
            return loaded if bits == 64 else builder.zext(loaded, _WORD)

        return types.uint64(types.int64), generate

    return load


# The 8, 4 or 1 bytes at an address, lowest first.
load_8 = _load(64)
load_4 = _load(32)
load_1 = _load(8)


def _multiply(is_folded: bool) -> Any:  # noqa: FBT001 - of two intrinsics, which
    @intrinsic
    def multiply(typing_context: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            left, right = (builder.zext(argument, _DOUBLE_WORD) for argument in arguments)
            product = builder.mul(left, right)
            high = builder.trunc(builder.lshr(product, ir.Constant(_DOUBLE_WORD, 64)), _WORD)
            return builder.xor(high, builder.trunc(product, _WORD)) if is_folded else high

        return types.uint64(types.uint64, types.uint64), generate

    return multiply


# The upper word of the 128-bit product of two words, and that word folded into the lower one.
multiply_high = _multiply(is_folded=False)
fold_product = _multiply(is_folded=True)


@inline_kernel
def hash_bytes(address: Any, size: Any, secrets: Any) -> Any:
    """The hash of so many bytes, a word. `secrets`: uint64[3]."""
    seed = secrets[0]
    if size <= 16:
        if size >= 4:
            middle = (size >> 3) << 2
            first = (load_4(address) << np.uint64(32)) | load_4(address + middle)
            last = (load_4(address + size - 4) << np.uint64(32)) | load_4(address + size - 4 - middle)
        elif size > 0:
            first = (
                (load_1(address) << np.uint64(16))
                | (load_1(address + (size >> 1)) << np.uint64(8))
                | load_1(address + size - 1)
            )
            last = np.uint64(0)
        else:
            first = np.uint64(0)
            last = np.uint64(0)
    else:
        left = size
        place = address
        while left > 16:
            seed = fold_product(load_8(place) ^ secrets[1], load_8(place + 8) ^ seed)
            place += 16
            left -= 16
        first = load_8(address + size - 16)
        last = load_8(address + size - 8)
    first ^= secrets[1]
    last ^= seed
    low = first * last
    return fold_product(low ^ secrets[0] ^ np.uint64(size), multiply_high(first, last) ^ secrets[2])


@inline_kernel
def same_bytes(left: Any, right: Any, size: Any) -> bool:
    """Whether so many bytes at two addresses are equal."""
    place = 0
    while place + 8 <= size:
        if load_8(left + place) != load_8(right + place):
            return False
        place += 8
    while place < size:
        if load_1(left + place) != load_1(right + place):
            return False
        place += 1
    return True
