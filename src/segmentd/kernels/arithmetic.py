"""Arithmetic on a block's values with CEL's rules: integers fail instead of wrapping, doubles follow IEEE 754.

A failing operation writes a bit a failed row into `failed`; the row's value then means nothing. Rows whose operands
are missing compute on whatever stands there: their result is masked by presence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel
from segmentd.kernels.lanes import product_overflows

INT64_MIN = -9223372036854775808
INT64_MAX = 9223372036854775807


@inline_kernel
def add_ints(left: Any, right: Any, low: int, high: int, words: int, out: Any, failed: Any) -> None:
    """Sums; fails where the sum leaves `low..high`."""
    for word in range(words):
        bits = np.uint64(0)
        for lane in range(64):
            row = word * 64 + lane
            a = left[row]
            b = right[row]
            total = np.int64(np.uint64(a) + np.uint64(b))  # wraps; signed sums that overflow are undefined to LLVM
            overflow = ((a ^ total) & (b ^ total)) < 0
            bits |= np.uint64(overflow | (total < low) | (total > high)) << np.uint64(lane)
            out[row] = total
        failed[word] = bits


@inline_kernel
def subtract_ints(left: Any, right: Any, low: int, high: int, words: int, out: Any, failed: Any) -> None:
    """Differences; fails where the difference leaves `low..high`."""
    for word in range(words):
        bits = np.uint64(0)
        for lane in range(64):
            row = word * 64 + lane
            a = left[row]
            b = right[row]
            difference = np.int64(np.uint64(a) - np.uint64(b))  # wraps
            overflow = ((a ^ b) & (a ^ difference)) < 0
            bits |= np.uint64(overflow | (difference < low) | (difference > high)) << np.uint64(lane)
            out[row] = difference
        failed[word] = bits


@inline_kernel
def multiply_ints(left: Any, right: Any, words: int, out: Any, failed: Any) -> None:
    """Products; fails on overflow."""
    for word in range(words):
        bits = np.uint64(0)
        for lane in range(64):
            row = word * 64 + lane
            bits |= np.uint64(product_overflows(left[row], right[row])) << np.uint64(lane)
            out[row] = np.int64(np.uint64(left[row]) * np.uint64(right[row]))
        failed[word] = bits


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
        for lane in range(64):
            row = word * 64 + lane
            a = left[row]
            b = right[row]
            wrong = b == 0 or (b == -1 and a == INT64_MIN)
            bits |= np.uint64(wrong) << np.uint64(lane)
            out[row] = 0 if wrong else truncated_quotient(a, b)
        failed[word] = bits


@inline_kernel
def modulo_ints(left: Any, right: Any, words: int, out: Any, failed: Any) -> None:
    """Remainders with the dividend's sign; fails on modulo zero and on `INT64_MIN % -1`."""
    for word in range(words):
        bits = np.uint64(0)
        for lane in range(64):
            row = word * 64 + lane
            a = left[row]
            b = right[row]
            wrong = b == 0 or (b == -1 and a == INT64_MIN)
            bits |= np.uint64(wrong) << np.uint64(lane)
            out[row] = 0 if wrong else a - truncated_quotient(a, b) * b
        failed[word] = bits


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
    for row in range(rows):
        out[row] = truncated_quotient(values[row], divisor)


@inline_kernel
def remainder_truncated(values: Any, divisor: int, rows: int, out: Any) -> None:
    """Remainders by a positive constant, with the dividend's sign."""
    for row in range(rows):
        out[row] = values[row] - truncated_quotient(values[row], divisor) * divisor


@inline_kernel
def floor_divide(values: Any, divisor: int, rows: int, out: Any) -> None:
    """Quotients by a positive constant, rounded down."""
    for row in range(rows):
        out[row] = values[row] // divisor


@inline_kernel
def select_values(plane: Any, left: Any, right: Any, words: int, out: Any) -> None:
    """The first's value where the plane is set, else the second's."""
    for word in range(words):
        bits = plane[word]
        for lane in range(64):
            row = word * 64 + lane
            chosen = (bits >> np.uint64(lane)) & np.uint64(1)
            out[row] = left[row] if chosen else right[row]


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
