"""What conditions make of a column before they are asked: codes of the ranges, or of the texts, that they tell apart.

Engines that are given codes compare one byte where others compare eight, and answer the same questions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.dialects.arrays import holds_of_texts
from benchmarks.population import Column, Population
from benchmarks.rules import (
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
    TextCondition,
    columns_of,
    conditions,
    minor,
    when_missing,
)
from benchmarks.scenario import Scenario

Asked = Condition | OneOf | TextCondition

CHUNK_ROWS: Final = 1 << 20
CODED: Final = "Code"
"""What the name of a column of codes ends with."""


def prepare(scenario: Scenario, population: Population) -> tuple[Scenario, Population]:
    """The scenario and population in codes. Columns that are added up stay as they are.

    Missing values stay missing: each engine has a form of its own for them.
    """
    atoms = dict.fromkeys(atom for segment in scenario.segments for atom in conditions(segment.rule))
    asked: dict[str, list[Asked]] = {}
    for atom in atoms:
        if isinstance(atom, Condition | OneOf | TextCondition):
            asked.setdefault(atom.column, []).append(atom)
    words: dict[Atom, Atom] = {}
    columns: dict[str, Column] = {}
    for name, found in asked.items():
        columns[name + CODED] = _encode(name + CODED, population.columns[name], found, words)
    for atom in atoms:
        if isinstance(atom, Has) and atom.column in asked:
            words[atom] = Has(atom.column + CODED)
        elif atom not in words:
            columns |= {name: population.columns[name] for name in columns_of(atom)}
    segments = tuple(replace(each, rule=_reword(each.rule, words)) for each in scenario.segments)
    return replace(scenario, segments=segments), Population(population.rows, columns)


def _encode(name: str, column: Column, asked: Sequence[Asked], words: dict[Atom, Atom]) -> Column:
    """The column's codes; `words` gets what each condition asks of them."""
    if column.dictionary is None:
        return _encode_numbers(name, column, asked, words)
    held = np.array([holds_of_texts(column.dictionary, atom) for atom in asked])
    classes, class_of = np.unique(held, axis=1, return_inverse=True)
    for atom, truth in zip(asked, classes, strict=True):
        words[atom] = CodeCondition(name, tuple(np.flatnonzero(truth).tolist()), when_missing(atom))
    return Column(class_of.astype(_width(classes.shape[1]))[column.values], column.missing)


def _encode_numbers(name: str, column: Column, asked: Sequence[Asked], words: dict[Atom, Atom]) -> Column:
    """The column's codes: the place among the bounds, even between two of them, odd on one.

    These are numbered anew then, since conditions do not tell all of them apart.
    """
    bounds = sorted({bound for atom in asked for bound in _bounds(atom)})
    used = sorted({cut for atom in asked for cut in _cuts(atom, bounds)})
    code_of = np.searchsorted(np.array(used), np.arange(2 * len(bounds) + 1), side="right")
    for atom in asked:
        words[atom] = _reword_condition(name, atom, bounds, used)
    codes = np.empty(len(column.values), _width(len(used) + 1))
    limits = np.array(bounds, column.values.dtype if column.values.dtype.kind == "i" else np.float64)
    for start in range(0, len(codes), CHUNK_ROWS):
        values = column.values[start : start + CHUNK_ROWS]
        place = np.searchsorted(limits, values, side="left") + np.searchsorted(limits, values, side="right")
        codes[start : start + CHUNK_ROWS] = code_of[place]
    return Column(codes, column.missing)


def _reword_condition(name: str, atom: Asked, bounds: Sequence[float], used: Sequence[int]) -> Atom:
    match atom:
        case Condition(_, comparison, _):
            code = 1 + bisect_left(used, _cuts(atom, bounds)[0])
            return Condition(name, _OF_CODES[comparison], code)
        case _:
            places = [1 + bisect_left(used, 2 * bisect_left(bounds, bound) + 1) for bound in _bounds(atom)]
            return CodeCondition(name, tuple(places), when_missing(atom))


_OF_CODES: Final[Mapping[Comparison, Comparison]] = {
    Comparison.AT_LEAST: Comparison.AT_LEAST,
    Comparison.GREATER: Comparison.AT_LEAST,
    Comparison.LESS: Comparison.LESS,
    Comparison.AT_MOST: Comparison.LESS,
    Comparison.EQUAL: Comparison.EQUAL,
    Comparison.NOT_EQUAL: Comparison.NOT_EQUAL,
}
"""What a condition asks of the code of its cut."""


def _cuts(atom: Asked, bounds: Sequence[float]) -> list[int]:
    """Between which places a condition tells values apart, each named by the place above it.

    2i + 1 is the first of those at least bound i, 2i + 2 the first of those above it.
    """
    found = []
    for bound in _bounds(atom):
        place = 2 * bisect_left(bounds, bound)
        match atom:
            case Condition(_, Comparison.AT_LEAST | Comparison.LESS, _):
                found.append(place + 1)
            case Condition(_, Comparison.GREATER | Comparison.AT_MOST, _):
                found.append(place + 2)
            case _:
                found += [place + 1, place + 2]
    return found


def _bounds(atom: Asked) -> list[float]:
    match atom:
        case Condition(_, _, bound):
            return [minor(bound) if isinstance(bound, Decimal) else bound] if not isinstance(bound, str) else []
        case OneOf(_, values):
            return [value for value in values if not isinstance(value, str)]
        case TextCondition():
            return []


def _reword(rule: Rule, words: Mapping[Atom, Atom]) -> Rule:
    match rule:
        case Not(part):
            return Not(_reword(part, words))
        case Every(parts):
            return Every(tuple(_reword(part, words) for part in parts))
        case Either(parts):
            return Either(tuple(_reword(part, words) for part in parts))
        case InSegment():
            return rule
        case _:
            return words.get(rule, rule)


def _width(codes: int) -> npt.DTypeLike:
    return np.uint8 if codes <= 1 << 8 else np.uint16
