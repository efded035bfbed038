"""Arithmetic kernels and their naive twins agree on all pairs of edges."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

from segmentd.kernels.program import arithmetic
from tests.kernels.rows import pairs, plane, results, singles, words
from tests.oracle import kernels as naive
from tests.oracle.edges import DOUBLES, INT64_MAX, INT64_MIN, INTEGERS

FACTORS = (*INTEGERS, 3_037_000_499, 3_037_000_500, -3_037_000_500, 2**31, -(2**32), 2**32, 3, -3)
pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in.*:RuntimeWarning")  # without the compiler NumPy warns


@pytest.mark.parametrize(
    ("kernel", "twin"),
    [
        (arithmetic.multiply_ints, lambda a, b: naive.within(a * b)),
        (arithmetic.divide_ints, naive.quotient),
        (arithmetic.modulo_ints, naive.remainder),
    ],
    ids=["multiply", "divide", "modulo"],
)
def test_integer_operations(kernel: Any, twin: Callable[[int, int], int | None]) -> None:
    """Products, quotients and remainders are exact or fail."""
    left, right = pairs(FACTORS, FACTORS, np.int64)
    out, failed = np.zeros(len(left), np.int64), plane(left)
    kernel(left, right, words(left), out, failed)
    assert results(out, failed) == [twin(int(a), int(b)) for a, b in zip(left, right, strict=True)]


@pytest.mark.parametrize("factor", [1, 3, 10, 12, 1_000, 99_991, 2**26 + 1, 3_600_000_000, 2**52 - 1])
def test_quotients_next_to_whole_ones(factor: int) -> None:
    """Where a quotient is whole, one less than the dividend gives the one before, as far as doubles hold integers."""
    random = Random(factor)  # noqa: S311 - repeatable, not secret
    wholes = [2**53 // factor, *(random.randrange(2**53 // factor + 1) for _ in range(20))]
    whole = [whole * factor + step for whole in wholes for step in (-1, 0, 1) if whole * factor + step <= 2**53]
    left, right = pairs([*whole, *(-value for value in whole)], [factor, -factor], np.int64)
    out, failed = np.zeros(len(left), np.int64), plane(left)
    for kernel, twin in ((arithmetic.divide_ints, naive.quotient), (arithmetic.modulo_ints, naive.remainder)):
        kernel(left, right, words(left), out, failed)
        assert results(out, failed) == [twin(int(a), int(b)) for a, b in zip(left, right, strict=True)]
    arithmetic.divide_truncated(left, factor, len(left), out)
    assert list(out) == [naive.quotient(int(value), factor) for value in left]
    arithmetic.floor_divide(left, factor, len(left), out)
    assert list(out) == [int(value) // factor for value in left]


def test_words_that_multiply_to_the_limits() -> None:
    """Words of products on one side of the limit alone are as exact as words of both."""
    edge = 3_037_000_499  # the root of 2^63
    for value in (edge - 1, edge, edge + 1, -edge, -edge - 1):
        left = singles([value], np.int64)
        out, failed = np.zeros(64, np.int64), plane(left)
        arithmetic.multiply_ints(left, left, 1, out, failed)
        assert results(out, failed) == [naive.within(value * value)] * 64


@pytest.mark.parametrize(
    ("low", "high"),
    [(INT64_MIN, INT64_MAX), (INT64_MIN, INT64_MAX - 1), (INT64_MIN + 1, INT64_MAX), (-100, 2**53), (0, 0)],
)
@pytest.mark.parametrize("name", ["add", "subtract"])
def test_sums_in_a_range(name: str, low: int, high: int) -> None:
    """Sums and differences fail outside of int64 and outside of the range they are given."""
    kernel = getattr(arithmetic, f"{name}_ints")
    twin = operator.add if name == "add" else operator.sub
    left, right = pairs(FACTORS, FACTORS, np.int64)
    out, failed = np.zeros(len(left), np.int64), plane(left)
    kernel(left, right, low, high, words(left), out, failed)
    expected = [naive.within(twin(int(a), int(b)), low, high) for a, b in zip(left, right, strict=True)]
    assert results(out, failed) == expected


def test_negation() -> None:
    """Only the least integer has no negation."""
    values = singles(INTEGERS, np.int64)
    out, failed = np.zeros(len(values), np.int64), plane(values)
    arithmetic.negate_ints(values, words(values), out, failed)
    assert results(out, failed) == [naive.within(-int(value)) for value in values]


def test_products_within_a_range() -> None:
    """A scaled value fails exactly where the value leaves the range."""
    values = singles(INTEGERS, np.int64)
    out, failed = np.zeros(len(values), np.int64), plane(values)
    arithmetic.multiply_range(values, 1_000_000, -1_000, 50_000, words(values), out, failed)
    expected = [int(value) * 1_000_000 if -1_000 <= value <= 50_000 else None for value in values]
    assert results(out, failed) == expected


@pytest.mark.parametrize(
    ("name", "twin"),
    [("add", operator.add), ("subtract", operator.sub), ("multiply", operator.mul), ("divide", naive.double_quotient)],
)
def test_double_operations(name: str, twin: Callable[[float, float], float]) -> None:
    """Doubles follow IEEE 754, zeros' signs and NaN included."""
    left, right = pairs(DOUBLES, DOUBLES, np.float64)
    out = np.zeros(len(left))
    getattr(arithmetic, f"{name}_doubles")(left, right, len(left), out)
    assert_same(out, [twin(float(a), float(b)) for a, b in zip(left, right, strict=True)])


def test_double_negation() -> None:
    """Negation turns the sign, of zeros too."""
    values = singles(DOUBLES, np.float64)
    out = np.zeros(len(values))
    arithmetic.negate_doubles(values, len(values), out)
    assert_same(out, [-float(value) for value in values])


def test_conversions() -> None:
    """Integers become the nearest doubles, minor units major ones; doubles lose their fraction or fail."""
    whole = singles(FACTORS, np.int64)
    out = np.zeros(len(whole))
    arithmetic.ints_to_doubles(whole, len(whole), out)
    assert_same(out, [naive.nearest_double(int(value)) for value in whole])
    arithmetic.minor_to_major(whole, 100.0, len(whole), out)
    assert_same(out, [naive.nearest_double(int(value)) / 100.0 for value in whole])
    real = singles((*DOUBLES, 2.9, -2.9, 1e18), np.float64)
    parts, failed = np.zeros(len(real), np.int64), plane(real)
    arithmetic.doubles_to_ints(real, words(real), parts, failed)
    assert results(parts, failed) == [naive.integer_part(float(value)) for value in real]


@pytest.mark.parametrize("divisor", [1, 7, 1_000, 3_600_000_000])
def test_constant_divisors(divisor: int) -> None:
    """Division by a constant goes towards zero or down, as asked."""
    values = singles(FACTORS, np.int64)
    out = np.zeros(len(values), np.int64)
    arithmetic.divide_truncated(values, divisor, len(values), out)
    assert list(out) == [naive.quotient(int(value), divisor) for value in values]
    arithmetic.remainder_truncated(values, divisor, len(values), out)
    assert list(out) == [naive.remainder(int(value), divisor) for value in values]
    arithmetic.floor_divide(values, divisor, len(values), out)
    assert list(out) == [int(value) // divisor for value in values]


def test_selection() -> None:
    """Each row takes the first value where its bit is set, else the second."""
    left, right = pairs(INTEGERS, INTEGERS, np.int64)
    chosen = np.array([0xF0F0_0000_FFFF_A5A5] * words(left), np.uint64)
    out = np.zeros(len(left), np.int64)
    arithmetic.select_values(chosen, left, right, words(left), out)
    pick = [0xF0F0_0000_FFFF_A5A5 >> (row % 64) & 1 for row in range(len(left))]
    assert list(out) == [a if bit else b for bit, a, b in zip(pick, left, right, strict=True)]


def assert_same(found: Any, expected: list[float]) -> None:
    """Equal doubles: NaN like NaN, -0.0 unlike 0.0."""
    for one, other in zip(found, expected, strict=True):
        assert (math.isnan(one) and math.isnan(other)) or (
            one == other and math.copysign(1, one) == math.copysign(1, other)
        ), (one, other)
