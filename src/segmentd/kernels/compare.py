"""Comparisons of a block's values into planes. The value's kind decides the loop; NaN fulfils no comparison."""

from __future__ import annotations

from typing import Any

from segmentd.kernels import opcodes
from segmentd.kernels.compiler import inline_kernel
from segmentd.kernels.lanes import (
    at_least_bound,
    at_least_each,
    at_most_bound,
    at_most_each,
    element_pointer,
    equal_each,
    equal_to_bound,
    greater_than_bound,
    less_than_bound,
    less_than_each,
)


@inline_kernel
def compare_ints_with_bound(predicate: int, values: Any, bound: int, words: int, out: Any) -> None:
    """`values <predicate> bound` for GREATER, AT_LEAST and EQUAL; the planner negates the others."""
    if predicate == opcodes.AT_LEAST:
        for word in range(words):
            out[word] = at_least_bound(element_pointer(values, word * 64), bound)
    elif predicate == opcodes.GREATER:
        for word in range(words):
            out[word] = greater_than_bound(element_pointer(values, word * 64), bound)
    else:
        for word in range(words):
            out[word] = equal_to_bound(element_pointer(values, word * 64), bound)


@inline_kernel
def compare_doubles_with_bound(predicate: int, values: Any, bound: float, words: int, out: Any) -> None:
    """`values <predicate> bound`, all five: with NaN none is the negation of another."""
    if predicate == opcodes.AT_LEAST:
        for word in range(words):
            out[word] = at_least_bound(element_pointer(values, word * 64), bound)
    elif predicate == opcodes.GREATER:
        for word in range(words):
            out[word] = greater_than_bound(element_pointer(values, word * 64), bound)
    elif predicate == opcodes.AT_MOST:
        for word in range(words):
            out[word] = at_most_bound(element_pointer(values, word * 64), bound)
    elif predicate == opcodes.LESS:
        for word in range(words):
            out[word] = less_than_bound(element_pointer(values, word * 64), bound)
    else:
        for word in range(words):
            out[word] = equal_to_bound(element_pointer(values, word * 64), bound)


@inline_kernel
def compare_int_pairs(predicate: int, left: Any, right: Any, words: int, out: Any) -> None:
    """`left <predicate> right` for AT_LEAST and EQUAL."""
    if predicate == opcodes.AT_LEAST:
        for word in range(words):
            out[word] = at_least_each(element_pointer(left, word * 64), element_pointer(right, word * 64))
    else:
        for word in range(words):
            out[word] = equal_each(element_pointer(left, word * 64), element_pointer(right, word * 64))


@inline_kernel
def compare_double_pairs(predicate: int, left: Any, right: Any, words: int, out: Any) -> None:
    """`left <predicate> right` for LESS, AT_MOST and EQUAL."""
    if predicate == opcodes.LESS:
        for word in range(words):
            out[word] = less_than_each(element_pointer(left, word * 64), element_pointer(right, word * 64))
    elif predicate == opcodes.AT_MOST:
        for word in range(words):
            out[word] = at_most_each(element_pointer(left, word * 64), element_pointer(right, word * 64))
    else:
        for word in range(words):
            out[word] = equal_each(element_pointer(left, word * 64), element_pointer(right, word * 64))
