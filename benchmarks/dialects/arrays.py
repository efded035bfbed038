"""Rules over NumPy arrays: the plain reading of a rule, by which every engine's answer is judged."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.population import Bools, Column, Dictionary, Population, Values
from benchmarks.rules import (
    AmountCondition,
    Atom,
    CodeCondition,
    Comparison,
    Condition,
    Either,
    Every,
    Has,
    InSegment,
    Not,
    OneOf,
    Rule,
    Segment,
    TextCondition,
    TextTest,
    minor,
    when_missing,
)
from segmentd.columns.planes import pack, word_count

Planes = npt.NDArray[np.uint64]

CHUNK_ROWS: Final = 1 << 16
"""Rows are judged so many at a time: temporary arrays stay small."""

COMPARE: Final[Mapping[Comparison, Callable[[Any, Any], Any]]] = {
    Comparison.LESS: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.GREATER: operator.gt,
    Comparison.AT_LEAST: operator.ge,
    Comparison.EQUAL: operator.eq,
    Comparison.NOT_EQUAL: operator.ne,
}

TESTS: Final[Mapping[TextTest, Callable[[str, str], bool]]] = {
    TextTest.STARTS_WITH: str.startswith,
    TextTest.ENDS_WITH: str.endswith,
    TextTest.CONTAINS: operator.contains,
    TextTest.MATCHES: lambda text, pattern: re.search(pattern, text) is not None,
}


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """Where a rule is true and where it is false; it is unknown in the other rows."""

    true: Bools
    false: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Of segments: `members` and `unknowns` uint64[segments, words], a bit a row."""

    members: Planes
    unknowns: Planes


def judge(rule: Rule, columns: Mapping[str, Column], of: Mapping[str, Verdict]) -> Verdict:
    """What the rule says of each row; `of` are the verdicts of the segments that it may refer to."""
    match rule:
        case InSegment(segment):
            return of[segment]
        case Not(part):
            verdict = judge(part, columns, of)
            return Verdict(verdict.false, verdict.true)
        case Every(parts):
            verdicts = [judge(part, columns, of) for part in parts]
            return Verdict(
                np.logical_and.reduce([each.true for each in verdicts]),
                np.logical_or.reduce([each.false for each in verdicts]),
            )
        case Either(parts):
            verdicts = [judge(part, columns, of) for part in parts]
            return Verdict(
                np.logical_or.reduce([each.true for each in verdicts]),
                np.logical_and.reduce([each.false for each in verdicts]),
            )
        case AmountCondition():
            return _amounts(rule, columns)
        case _:
            return _condition(rule, columns[rule.column])


def _condition(rule: Condition | OneOf | TextCondition | Has | CodeCondition, column: Column) -> Verdict:
    match rule:
        case Condition(_, comparison, bound):
            if column.dictionary is not None:
                return _decide(holds_of_texts(column.dictionary, rule)[column.values], column, rule)
            wanted = minor(bound) if isinstance(bound, Decimal) else bound
            return _decide(COMPARE[comparison](column.values, wanted), column, rule)
        case OneOf(_, values):
            if column.dictionary is not None:
                return _decide(holds_of_texts(column.dictionary, rule)[column.values], column, rule)
            return _decide(np.isin(column.values, values), column, rule)
        case TextCondition() if column.dictionary is not None:
            return _decide(holds_of_texts(column.dictionary, rule)[column.values], column, rule)
        case Has():
            return _decide(np.ones(len(column.values), np.bool_), column, rule)
        case CodeCondition(_, codes, _):
            return _decide(np.isin(column.values, codes), column, rule)
        case _:
            raise ValueError(f"{rule} is asked of numbers")


@lru_cache(maxsize=4_096)
def holds_of_texts(dictionary: Dictionary, condition: Condition | OneOf | TextCondition) -> Bools:
    """Whether the condition holds of each text of a dictionary: it is decided once a text, not once a row."""
    match condition:
        case Condition(_, comparison, bound):
            found = [COMPARE[comparison](text, bound) for text in dictionary.texts]
        case OneOf(_, values):
            found = [text in values for text in dictionary.texts]
        case TextCondition(_, test, wanted):
            found = [TESTS[test](text, wanted) for text in dictionary.texts]
    return np.array(found, np.bool_)


def _decide(holds: Bools, column: Column, atom: Atom) -> Verdict:
    """The verdict where `holds` says what the condition is of rows with a value."""
    if column.missing is None:
        return Verdict(holds, ~holds)
    there = ~column.missing
    true, false = holds & there, ~holds & there
    missing = when_missing(atom)
    if missing is True:
        true |= column.missing
    elif missing is False:
        false |= column.missing
    return Verdict(true, false)


def _amounts(rule: AmountCondition, columns: Mapping[str, Column]) -> Verdict:
    first = columns[rule.plus[0]]
    total, unknown = first.values.astype(np.int64), _missing(first)
    for sign, names in ((1, rule.plus[1:]), (-1, rule.minus)):
        for name in names:
            added = columns[name].values.astype(np.int64) * sign
            before, total = total, total + added
            unknown = unknown | _missing(columns[name]) | (((before ^ total) & (added ^ total)) < 0)
    if isinstance(rule.bound, str):
        unknown = unknown | _missing(columns[rule.bound])
    bound = columns[rule.bound].values if isinstance(rule.bound, str) else minor(rule.bound)
    holds = COMPARE[rule.comparison](total, bound)
    return Verdict(holds & ~unknown, ~holds & ~unknown)


def _missing(column: Column) -> Bools:
    return np.zeros(len(column.values), np.bool_) if column.missing is None else column.missing


def expected_verdicts(segments: Sequence[Segment], population: Population) -> Verdicts:
    """What every segment says of every row; segments stand after those that they refer to."""
    shape = (len(segments), word_count(population.rows))
    members, unknowns = np.zeros(shape, np.uint64), np.zeros(shape, np.uint64)
    for start in range(0, population.rows, CHUNK_ROWS):
        columns = population.slice(start, start + CHUNK_ROWS).columns
        words = slice(start // 64, start // 64 + CHUNK_ROWS // 64)
        verdicts: dict[str, Verdict] = {}
        for number, segment in enumerate(segments):
            verdict = verdicts[segment.id] = judge(segment.rule, columns, verdicts)
            members[number, words] = pack(verdict.true)
            if population.nullable:
                unknowns[number, words] = pack(~(verdict.true | verdict.false))
    return Verdicts(members, unknowns)


def holds(rule: Rule, columns: Mapping[str, Values]) -> Bools:
    """Whether the rule holds, by row of columns of numbers without missing values."""
    return judge(rule, {id_: Column(values) for id_, values in columns.items()}, {}).true


def expected_planes(segments: Sequence[Segment], columns: Mapping[str, Values]) -> Planes:
    """Who is in which segment, of columns of numbers without missing values: uint64[segments, words], a bit a row."""
    rows = len(next(iter(columns.values())))
    population = Population(rows, {id_: Column(values) for id_, values in columns.items()})
    return expected_verdicts(segments, population).members


def count_members(planes: Planes) -> npt.NDArray[np.int64]:
    """The ones of each plane: int64[segments]."""
    counts: npt.NDArray[np.int64] = np.bitwise_count(planes).sum(axis=1, dtype=np.int64)
    return counts
