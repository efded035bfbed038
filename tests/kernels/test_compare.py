"""Comparing kernels and Python agree, on every element type, at both ends and on NaN."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.kernels.program import compare, opcodes
from tests.kernels.rows import bits, pairs, plane, singles, words
from tests.oracle.edges import DOUBLES, INTEGERS
from tests.oracle.kernels import COMPARISONS

WIDTHS = (np.int8, np.int16, np.int32, np.int64)


@pytest.mark.parametrize("predicate", ["GREATER", "AT_LEAST", "EQUAL"])
@pytest.mark.parametrize("width", WIDTHS)
def test_integers_with_a_bound(width: type[np.signedinteger], predicate: str) -> None:
    """A column of any width is compared with any int64 as the numbers they are."""
    limits = np.iinfo(width)
    values = singles([value for value in INTEGERS if limits.min <= value <= limits.max], width)
    for bound in INTEGERS:
        out = plane(values)
        compare.compare_ints_with_bound(getattr(opcodes, predicate), values, bound, words(values), out)
        assert bits(out) == [COMPARISONS[predicate](int(value), bound) for value in values]


@pytest.mark.parametrize("predicate", COMPARISONS)
@pytest.mark.parametrize("width", [np.float32, np.float64])
def test_doubles_with_a_bound(width: type[np.floating], predicate: str) -> None:
    """NaN fulfils no comparison, on either side; a single is compared as the double that it is."""
    values = singles([value for value in DOUBLES if math.isnan(value) or abs(value) < 3e38], width)
    for bound in (*DOUBLES, 0.1):
        out = plane(values)
        compare.compare_doubles_with_bound(getattr(opcodes, predicate), values, bound, words(values), out)
        assert bits(out) == [COMPARISONS[predicate](float(value), bound) for value in values]


SINGLES = np.array(
    [
        *(0x00000000, 0x00000001, 0x00000002, 0x007FFFFF, 0x00800000, 0x3DCCCCCC, 0x3DCCCCCD),
        *(0x3F800000, 0x4B800000, 0x7F7FFFFE, 0x7F7FFFFF, 0x7F800000, 0x7FC00000),
    ],
    np.uint32,
).view(np.float32)
"""Zero, the least and the greatest of the subnormal and the normal ones, both neighbours of 0.1, infinity, NaN."""


@pytest.mark.parametrize("predicate", COMPARISONS)
def test_singles_with_bounds_between_them(predicate: str) -> None:
    """A bound that no single equals divides them where it lies, also beyond the greatest and around zero."""
    values = singles([*SINGLES, *-SINGLES], np.float32)
    near = [np.nextafter(float(value), to) for value in values for to in (-math.inf, math.inf)]
    for bound in (*near, *map(float, values), 1e39, -1e39, 5e-324, -5e-324):
        out = plane(values)
        compare.compare_doubles_with_bound(getattr(opcodes, predicate), values, bound, words(values), out)
        assert bits(out) == [COMPARISONS[predicate](float(value), float(bound)) for value in values]


@given(st.sampled_from(tuple(COMPARISONS)), st.floats(), st.lists(st.floats(width=32), min_size=1, max_size=64))
def test_any_single_with_any_bound(predicate: str, bound: float, numbers: list[float]) -> None:
    """A column of singles and a double compare as doubles do."""
    values = singles(numbers, np.float32)
    out = plane(values)
    compare.compare_doubles_with_bound(getattr(opcodes, predicate), values, bound, words(values), out)
    assert bits(out) == [COMPARISONS[predicate](float(value), bound) for value in values]


@pytest.mark.parametrize("predicate", ["GREATER", "AT_LEAST", "EQUAL"])
@pytest.mark.parametrize("width", WIDTHS)
def test_bounds_at_the_ends_of_a_width(width: type[np.signedinteger], predicate: str) -> None:
    """A bound at or just past what the column's type can hold, or that looks like another one cut to its width."""
    limits = np.iinfo(width)
    ends = [end + step for end in (int(limits.min), int(limits.max)) for step in (-1, 0, 1)]
    values = singles([end for end in ends if limits.min <= end <= limits.max], width)
    wrapped = [int(values[0]) + (1 << limits.bits), int(values[0]) - (1 << limits.bits)]
    for bound in (*ends, *wrapped):
        if not -(2**63) <= bound < 2**63:
            continue
        out = plane(values)
        compare.compare_ints_with_bound(getattr(opcodes, predicate), values, bound, words(values), out)
        assert bits(out) == [COMPARISONS[predicate](int(value), bound) for value in values]


@pytest.mark.parametrize("predicate", ["AT_LEAST", "EQUAL"])
def test_integer_pairs(predicate: str) -> None:
    """Two columns of integers, row by row."""
    left, right = pairs(INTEGERS, INTEGERS, np.int64)
    out = plane(left)
    compare.compare_int_pairs(getattr(opcodes, predicate), left, right, words(left), out)
    assert bits(out) == [COMPARISONS[predicate](int(a), int(b)) for a, b in zip(left, right, strict=True)]


@pytest.mark.parametrize("predicate", ["LESS", "AT_MOST", "EQUAL"])
def test_double_pairs(predicate: str) -> None:
    """Two columns of doubles, row by row."""
    left, right = pairs(DOUBLES, DOUBLES, np.float64)
    out = plane(left)
    compare.compare_double_pairs(getattr(opcodes, predicate), left, right, words(left), out)
    assert bits(out) == [COMPARISONS[predicate](float(a), float(b)) for a, b in zip(left, right, strict=True)]
