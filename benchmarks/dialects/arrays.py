"""Rules over NumPy arrays: the plain reading of a rule, by which every engine's answer is judged."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.rules import Comparison, Condition, Either, Every, Not, Rule, Segment
from benchmarks.scenario import Values
from segmentd.columns.planes import pack, word_count

Bools = npt.NDArray[np.bool_]

COMPARE: Final[Mapping[Comparison, Callable[[Any, Any], Any]]] = {
    Comparison.LESS: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.GREATER: operator.gt,
    Comparison.AT_LEAST: operator.ge,
    Comparison.EQUAL: operator.eq,
}


def holds(rule: Rule, columns: Mapping[str, Values]) -> Bools:
    """Whether the rule holds, by row."""
    match rule:
        case Condition(column, comparison, bound):
            decided: Bools = COMPARE[comparison](columns[column], bound)
            return decided
        case Not(part):
            return ~holds(part, columns)
        case Every(parts):
            return reduce(operator.and_, (holds(part, columns) for part in parts))
        case Either(parts):
            return reduce(operator.or_, (holds(part, columns) for part in parts))


def expected_planes(segments: Sequence[Segment], columns: Mapping[str, Values]) -> npt.NDArray[np.uint64]:
    """Who is in which segment: uint64[segments, words], a bit a row."""
    rows = len(next(iter(columns.values())))
    planes = np.empty((len(segments), word_count(rows)), np.uint64)
    for plane, segment in zip(planes, segments, strict=True):
        plane[:] = pack(holds(segment.rule, columns))
    return planes


def count_members(planes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The ones of each plane: int64[segments]."""
    counts: npt.NDArray[np.int64] = np.bitwise_count(planes).sum(axis=1, dtype=np.int64)
    return counts
