"""Comparisons of a block's values into planes. The value's kind decides the loop; NaN fulfils no comparison.

Narrow values are compared in their own width: 64 bytes a vector hold 64 of int8 and 8 of int64. The bound is first
turned into the bound of that width which means the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel
from segmentd.kernels.lanes import element_pointer
from segmentd.kernels.program import opcodes
from segmentd.kernels.program.planes import fill_plane
from segmentd.kernels.program.vector_compare import (
    store_at_least_bound,
    store_at_least_each,
    store_at_most_bound,
    store_at_most_each,
    store_equal_each,
    store_equal_to_bound,
    store_greater_than_bound,
    store_less_than_bound,
    store_less_than_each,
)

ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
INT64_MAX = 9223372036854775807


@inline_kernel
def compare_ints_with_bound(predicate: int, values: Any, bound: int, words: int, out: Any) -> None:
    """`values <predicate> bound` for GREATER, AT_LEAST and EQUAL; the planner negates the others."""
    if predicate == opcodes.GREATER:
        if bound == INT64_MAX:
            fill_plane(np.uint64(0), words, out)
            return
        bound += 1
    narrow = values.dtype.type(bound)
    if np.int64(narrow) != bound:  # beyond what the column's type can hold, on either side
        below = predicate != opcodes.EQUAL and bound < 0
        fill_plane(ALL_ONES if below else np.uint64(0), words, out)
    elif predicate == opcodes.EQUAL:
        for word in range(words):
            store_equal_to_bound(element_pointer(values, word * 64), narrow, element_pointer(out, word))
    else:
        for word in range(words):
            store_at_least_bound(element_pointer(values, word * 64), narrow, element_pointer(out, word))


@inline_kernel
def compare_doubles_with_bound(predicate: int, values: Any, bound: float, words: int, out: Any) -> None:
    """`values <predicate> bound`, all five: with NaN none is the negation of another. Float32 as if widened."""
    if values.itemsize == 4:
        bound = bound_of_singles(predicate, bound)
    limit = values.dtype.type(bound)
    if predicate == opcodes.AT_LEAST:
        for word in range(words):
            store_at_least_bound(element_pointer(values, word * 64), limit, element_pointer(out, word))
    elif predicate == opcodes.GREATER:
        for word in range(words):
            store_greater_than_bound(element_pointer(values, word * 64), limit, element_pointer(out, word))
    elif predicate == opcodes.AT_MOST:
        for word in range(words):
            store_at_most_bound(element_pointer(values, word * 64), limit, element_pointer(out, word))
    elif predicate == opcodes.LESS:
        for word in range(words):
            store_less_than_bound(element_pointer(values, word * 64), limit, element_pointer(out, word))
    else:
        for word in range(words):
            store_equal_to_bound(element_pointer(values, word * 64), limit, element_pointer(out, word))


@inline_kernel
def bound_of_singles(predicate: int, bound: float) -> float:
    """The float32 that divides all float32 as the bound does: at least it are those that are at least the bound."""
    if predicate == opcodes.AT_LEAST or predicate == opcodes.LESS:
        return least_single_from(bound)
    if predicate == opcodes.AT_MOST or predicate == opcodes.GREATER:
        return -least_single_from(-bound)
    return bound if np.float64(np.float32(bound)) == bound else np.nan  # no float32 equals it


@inline_kernel
def least_single_from(bound: float) -> float:
    """The least float32 that is at least the bound, infinity included; NaN for NaN."""
    single = np.float32(bound)
    if not np.float64(single) < bound:
        return np.float64(single)
    if single == 0:
        return np.float64(np.int32(1).view(np.float32))  # the next one to either zero
    bits = single.view(np.int32)
    return np.float64(np.int32(bits + 1 if single > 0 else bits - 1).view(np.float32))


@inline_kernel
def compare_int_pairs(predicate: int, left: Any, right: Any, words: int, out: Any) -> None:
    """`left <predicate> right` for AT_LEAST and EQUAL."""
    if predicate == opcodes.AT_LEAST:
        for word in range(words):
            store_at_least_each(
                element_pointer(left, word * 64), element_pointer(right, word * 64), element_pointer(out, word)
            )
    else:
        for word in range(words):
            store_equal_each(
                element_pointer(left, word * 64), element_pointer(right, word * 64), element_pointer(out, word)
            )


@inline_kernel
def compare_double_pairs(predicate: int, left: Any, right: Any, words: int, out: Any) -> None:
    """`left <predicate> right` for LESS, AT_MOST and EQUAL."""
    if predicate == opcodes.LESS:
        for word in range(words):
            store_less_than_each(
                element_pointer(left, word * 64), element_pointer(right, word * 64), element_pointer(out, word)
            )
    elif predicate == opcodes.AT_MOST:
        for word in range(words):
            store_at_most_each(
                element_pointer(left, word * 64), element_pointer(right, word * 64), element_pointer(out, word)
            )
    else:
        for word in range(words):
            store_equal_each(
                element_pointer(left, word * 64), element_pointer(right, word * 64), element_pointer(out, word)
            )
