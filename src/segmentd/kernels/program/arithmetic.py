"""Arithmetic on a block's values with CEL's rules: integers fail instead of wrapping, doubles follow IEEE 754.

A failing operation writes a bit a failed row into `failed`; the row's value then means nothing. Rows whose operands
are missing compute on whatever stands there: their result is masked by presence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel
from segmentd.kernels.lanes import element_pointer, product_overflows
from segmentd.kernels.program.vector_arithmetic import (
    store_checked_difference,
    store_checked_sum,
    store_ranged_difference,
    store_ranged_sum,
)

INT64_MIN = -9223372036854775808
INT64_MAX = 9223372036854775807
ONE = np.uint64(1)

EXACT_DOUBLES = 1 << 53
"""Every integer up to it is a double."""
CERTAIN_PRODUCT = 4.6e18
"""Half of 2^63, nearly: a product whose nearest double is smaller is an int64."""


@inline_kernel
def add_ints(left: Any, right: Any, low: int, high: int, words: int, out: Any, failed: Any) -> None:
    """Sums; fails where the sum leaves `low..high`."""
    if low == INT64_MIN and high == INT64_MAX:
        for word in range(words):
            first, second = element_pointer(left, word * 64), element_pointer(right, word * 64)
            store_checked_sum(first, second, element_pointer(out, word * 64), element_pointer(failed, word))
    else:
        for word in range(words):
            first, second = element_pointer(left, word * 64), element_pointer(right, word * 64)
            store_ranged_sum(first, second, low, high, element_pointer(out, word * 64), element_pointer(failed, word))


@inline_kernel
def subtract_ints(left: Any, right: Any, low: int, high: int, words: int, out: Any, failed: Any) -> None:
    """Differences; fails where the difference leaves `low..high`."""
    if low == INT64_MIN and high == INT64_MAX:
        for word in range(words):
            first, second = element_pointer(left, word * 64), element_pointer(right, word * 64)
            store_checked_difference(first, second, element_pointer(out, word * 64), element_pointer(failed, word))
    else:
        for word in range(words):
            first, second = element_pointer(left, word * 64), element_pointer(right, word * 64)
            result, bits = element_pointer(out, word * 64), element_pointer(failed, word)
            store_ranged_difference(first, second, low, high, result, bits)


@inline_kernel
def multiply_ints(left: Any, right: Any, words: int, out: Any, failed: Any) -> None:
    """Products; fails on overflow. Only words with a product near the limits are looked at row by row."""
    for word in range(words):
        doubtful = np.uint64(0)
        for lane in range(64):
            row = word * 64 + lane
            a = left[row]
            b = right[row]
            large = not abs(np.float64(a) * np.float64(b)) < CERTAIN_PRODUCT
            doubtful |= np.uint64(large) << np.uint64(lane)
            out[row] = np.int64(np.uint64(a) * np.uint64(b))
        failed[word] = overflowing_products(left, right, word) if doubtful else np.uint64(0)


@inline_kernel
def overflowing_products(left: Any, right: Any, word: int) -> Any:
    """The rows of a word whose product is no int64."""
    bits = np.uint64(0)
    for lane in range(64):
        row = word * 64 + lane
        bits |= np.uint64(product_overflows(left[row], right[row])) << np.uint64(lane)
    return bits


@inline_kernel
def multiply_range(values: Any, factor: int, low: int, high: int, words: int, out: Any, failed: Any) -> None:
    """`values * factor`; fails where a value is outside `low..high`, which keeps the product an int64."""
    for word in range(words):
        bits = np.uint64(0)
        for lane in range(64):
            row = word * 64 + lane
            value = values[row]
            bits |= np.uint64((value < low) | (value > high)) << np.uint64(lane)
            out[row] = np.int64(np.uint64(value) * np.uint64(factor))
        failed[word] = bits


@inline_kernel
def divide_ints(left: Any, right: Any, words: int, out: Any, failed: Any) -> None:
    """Quotients truncated towards zero; fails on division by zero and on `INT64_MIN / -1`."""
    for word in range(words):
        bits = np.uint64(0)
        doubtful = np.uint64(0)
        for lane in range(64):
            row = word * 64 + lane
            a = left[row]
            b = right[row]
            bits |= np.uint64((b == 0) | ((b == -1) & (a == INT64_MIN))) << np.uint64(lane)
            doubtful |= np.uint64(exceeds_doubles(a) | exceeds_doubles(b)) << np.uint64(lane)
            out[row] = quotient_of_doubles(a, b if b != 0 else 1)
        failed[word] = bits
        if doubtful:
            for lane in range(64):
                row = word * 64 + lane
                out[row] = 0 if bits >> np.uint64(lane) & ONE else truncated_quotient(left[row], right[row])


@inline_kernel
def modulo_ints(left: Any, right: Any, words: int, out: Any, failed: Any) -> None:
    """Remainders with the dividend's sign; fails on modulo zero and on `INT64_MIN % -1`."""
    divide_ints(left, right, words, out, failed)
    for row in range(words * 64):
        a = left[row]
        out[row] = np.int64(np.uint64(a) - np.uint64(out[row]) * np.uint64(right[row]))


@inline_kernel
def exceeds_doubles(value: int) -> bool:
    """Whether an integer is not within 2^53 of zero, where every integer is a double."""
    return (value ^ (value >> 63)) >= EXACT_DOUBLES


@inline_kernel
def quotient_of_doubles(a: int, b: int) -> Any:
    """`a / b` towards zero, of integers within 2^53 of zero, by one division of doubles, of which a vector has eight.

    The double nearest to a quotient between n and n + 1 is not n + 1: n + 1 - a / b is at least 1 / b, and half the
    distance of doubles there is less, since (n + 1) * b is at most 2^53.
    """
    return np.int64(np.float64(a) / np.float64(b))


@inline_kernel
def truncated_quotient(a: int, b: int) -> int:
    """`a / b` towards zero, of int64 that are neither zero divisors nor the overflowing pair."""
    quotient = a // b
    if quotient < 0 and quotient * b != a:
        return quotient + 1
    return quotient


@inline_kernel
def negate_ints(values: Any, words: int, out: Any, failed: Any) -> None:
    """Negations; fails on `-INT64_MIN`."""
    for word in range(words):
        bits = np.uint64(0)
        for lane in range(64):
            row = word * 64 + lane
            bits |= np.uint64(values[row] == INT64_MIN) << np.uint64(lane)
            out[row] = -values[row]
        failed[word] = bits


@inline_kernel
def add_doubles(left: Any, right: Any, rows: int, out: Any) -> None:
    """Sums."""
    for row in range(rows):
        out[row] = left[row] + right[row]


@inline_kernel
def subtract_doubles(left: Any, right: Any, rows: int, out: Any) -> None:
    """Differences."""
    for row in range(rows):
        out[row] = left[row] - right[row]


@inline_kernel
def multiply_doubles(left: Any, right: Any, rows: int, out: Any) -> None:
    """Products."""
    for row in range(rows):
        out[row] = left[row] * right[row]


@inline_kernel
def divide_doubles(left: Any, right: Any, rows: int, out: Any) -> None:
    """Quotients; by zero they are infinite or NaN."""
    for row in range(rows):
        out[row] = left[row] / right[row]


@inline_kernel
def negate_doubles(values: Any, rows: int, out: Any) -> None:
    """Negations."""
    for row in range(rows):
        out[row] = -values[row]


@inline_kernel
def ints_to_doubles(values: Any, rows: int, out: Any) -> None:
    """The nearest doubles."""
    for row in range(rows):
        out[row] = np.float64(values[row])


@inline_kernel
def minor_to_major(values: Any, divisor: float, rows: int, out: Any) -> None:
    """Minor units as doubles of major units: the nearest double of the count, divided by a power of ten."""
    for row in range(rows):
        out[row] = np.float64(values[row]) / divisor


@inline_kernel
def doubles_to_ints(values: Any, words: int, out: Any, failed: Any) -> None:
    """Integer parts; fails for NaN and from 2^63 on either side, ends excluded as in cel-cpp."""
    for word in range(words):
        bits = np.uint64(0)
        for lane in range(64):
            row = word * 64 + lane
            value = values[row]
            inside = value > -9223372036854775808.0 and value < 9223372036854775808.0
            bits |= np.uint64(not inside) << np.uint64(lane)
            out[row] = np.int64(value) if inside else 0
        failed[word] = bits


@inline_kernel
def divide_truncated(values: Any, divisor: int, rows: int, out: Any) -> None:
    """Quotients by a positive constant, towards zero."""
    always = exceeds_doubles(divisor)
    for word in range(rows >> 6):
        doubtful = np.uint64(always)
        for lane in range(64):
            row = word * 64 + lane
            value = values[row]
            doubtful |= np.uint64(exceeds_doubles(value)) << np.uint64(lane)
            out[row] = quotient_of_doubles(value, divisor)
        if doubtful:
            for lane in range(64):
                row = word * 64 + lane
                out[row] = truncated_quotient(values[row], divisor)


@inline_kernel
def remainder_truncated(values: Any, divisor: int, rows: int, out: Any) -> None:
    """Remainders by a positive constant, with the dividend's sign."""
    divide_truncated(values, divisor, rows, out)
    for row in range(rows):
        out[row] = values[row] - out[row] * divisor


@inline_kernel
def floor_divide(values: Any, divisor: int, rows: int, out: Any) -> None:
    """Quotients by a positive constant, rounded down."""
    divide_truncated(values, divisor, rows, out)
    for row in range(rows):
        out[row] -= out[row] * divisor > values[row]


@inline_kernel
def select_values(plane: Any, left: Any, right: Any, words: int, out: Any) -> None:
    """The first's value where the plane is set, else the second's."""
    for word in range(words):
        bits = plane[word]
        for lane in range(64):
            row = word * 64 + lane
            first = left[row]  # both are read, so that LLVM needs no branch
            second = right[row]
            out[row] = first if bits & (ONE << np.uint64(lane)) else second


@inline_kernel
def copy_values(values: Any, rows: int, out: Any) -> None:
    """The values, widened to the type of `out`."""
    for row in range(rows):
        out[row] = values[row]


@inline_kernel
def fill_values(value: Any, rows: int, out: Any) -> None:
    """The same value everywhere."""
    for row in range(rows):
        out[row] = value
