"""Answers are stopped early: when they are too large, and when nobody waits for them."""

from __future__ import annotations

import numpy as np
import pytest

from segmentd.engine import ComputedValues
from segmentd.engine.errors import EvaluationCancelledError
from segmentd.schema import DOUBLE, INT64, DataType
from segmentd.scoring.errors import ResponseTooLargeError
from segmentd.scoring.memberships import Form, encode_memberships
from segmentd.scoring.responses import Budget, check_columns
from segmentd.scoring.verdicts import Verdicts

ONES = np.array([0xFF], dtype=np.uint64)


def verdicts(segments: int) -> Verdicts:
    """Eight rows, all of them in each segment."""
    planes = np.repeat(ONES[None, :], segments, axis=0)
    eights, zeros = np.full(segments, 8), np.zeros(segments, dtype=np.int64)
    return Verdicts(tuple(f"s{at}" for at in range(segments)), 8, eights, zeros, planes, np.zeros_like(planes))


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("last", [1, 2])
def test_encoding_stops_when_the_caller_is_gone(form: Form, last: int) -> None:
    """Whether anybody waits is asked before an answer is measured, and again before it is written."""
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) == last

    with pytest.raises(EvaluationCancelledError):
        encode_memberships(verdicts(9), form, Budget(cancelled).spend)
    assert len(asked) == last


def column(type_: DataType) -> ComputedValues:
    """A computed attribute; its values are not looked at."""
    return ComputedValues("x", type_, np.zeros(0), ONES, ONES)


@pytest.mark.parametrize(("type_", "fits"), [(DOUBLE, 3), (INT64, 31)])
def test_columns_are_counted_before_they_are_encoded(type_: DataType, fits: int) -> None:
    """A double takes eight bytes and any other value one at least: of 2**17 rows, so many columns may fit 4 MiB."""
    check_columns([column(type_)] * fits, 1 << 17)
    with pytest.raises(ResponseTooLargeError):
        check_columns([column(type_)] * (fits + 1), 1 << 17)
