"""Comparing kernels and Python agree, on every element type, at both ends and on NaN."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segmentd.kernels import compare, opcodes
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
