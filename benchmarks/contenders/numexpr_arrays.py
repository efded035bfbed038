"""numexpr: compiled expressions over NumPy arrays, on numexpr's own threads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numexpr
import numpy as np

from benchmarks.contenders.contender import PAGE_ROWS, Answer, Question, Way, count_verdicts
from benchmarks.dialects.numexprs import Numexprs, join
from benchmarks.population import Bools, Population, Values
from benchmarks.rules import Atom, Rule, TextCondition, conditions
from benchmarks.scenario import Scenario
from segmentd.columns.planes import pack, word_count

CHUNK_ROWS: Final = 1 << 17
"""Rows of which the distinct conditions are computed before the segments: they stay in the third cache."""

_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_TYPES: Final[Mapping[str, Any]] = {
    "bool": bool,
    "uint8": np.int32,
    "uint16": np.int32,
    "int16": np.int32,
    "int32": np.int32,
    "int64": np.int64,
    "float32": float,
    "float64": np.float64,
}
"""numexpr's types: it has no narrower integers and widens them as it reads; its `float` has 32 bits."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression, compiled once: numexpr's own cache of expressions is smaller than a platform."""

    inputs: tuple[str, ...]
    run: Any

    @classmethod
    def of(cls, text: str, types: Mapping[str, Any]) -> Compiled:
        """The expression; names without a type are booleans."""
        inputs = tuple(dict.fromkeys(found for found in _NAME.findall(text) if found not in ("True", "False")))
        return cls(inputs, numexpr.NumExpr(text, [(each, types.get(each, bool)) for each in inputs]))

    def __call__(self, values: Mapping[str, Values]) -> Bools:
        """The expression's value in each row."""
        found: Bools = self.run(*(values[each] for each in self.inputs))
        return found


class NumexprArrays:
    """NumPy arrays of a scenario's columns, and a boolean array of each column that lacks values."""

    name = "numexpr"

    def __init__(self, scenario: Scenario, population: Population, threads: int) -> None:
        numexpr.set_num_threads(threads)
        self._rows = population.rows
        self._complete = not population.nullable
        self._columns: dict[str, Values] = {}
        for id_, column in population.columns.items():
            self._columns[id_] = column.values
            if column.missing is not None:
                self._columns[f"there_{id_}"] = ~column.missing
        types = {id_: _TYPES[values.dtype.name] for id_, values in self._columns.items()}
        distinct = dict.fromkeys(found for segment in scenario.segments for found in conditions(segment.rule))
        words = Numexprs(population.nullable)
        named: dict[Atom, tuple[str, str]] = {}
        self._conditions: list[tuple[str, Compiled]] = []
        for index, atom in enumerate(distinct):
            named[atom] = self._add(index, words.word(atom), types)
        self._segments = [(segment.id, *self._join(segment.rule, named)) for segment in scenario.segments]

    @staticmethod
    def declines(scenario: Scenario, _question: Question, _rows: int) -> str | None:
        """Text."""
        found = (atom for segment in scenario.segments for atom in conditions(segment.rule))
        return "it has no text" if any(isinstance(atom, TextCondition) for atom in found) else None

    def ways(self, question: Question) -> Sequence[Way]:
        """Distinct conditions first, then the segments, chunk by chunk."""
        match question:
            case Question.COUNTS:
                return [Way("distinct conditions, by chunks", self._count, lambda counted: Answer(*counted))]
            case Question.PLANES:
                return [Way("distinct conditions, by chunks", partial(self._planes, 0, self._rows), _read)]
            case Question.PAGES:
                return [Way("distinct conditions, by chunks", self._pages, _read)]

    def close(self) -> None:
        """Let go of the columns."""
        self._columns.clear()

    def _add(self, index: int, worded: tuple[str, str], types: Mapping[str, Any]) -> tuple[str, str]:
        """Have a condition computed; the names that it has in the segments' expressions."""
        true, false = f"c{index}", f"n{index}"
        self._conditions.append((true, Compiled.of(worded[0], types)))
        if self._complete:
            return true, f"~{true}"
        self._conditions.append((false, Compiled.of(worded[1], types)))
        return true, false

    def _join(self, rule: Rule, named: Mapping[Atom, tuple[str, str]]) -> tuple[Compiled, Compiled | None]:
        true, false = join(rule, named)
        return Compiled.of(true, {}), None if self._complete else Compiled.of(false, {})

    def _verdicts(self, start: int, stop: int) -> Iterator[tuple[Bools, Bools | None]]:
        """Of each segment, who is in it and who is unknown among the rows."""
        values = {id_: column[start:stop] for id_, column in self._columns.items()}
        for name, compiled in self._conditions:
            values[name] = compiled(values)
        for name, true, false in self._segments:
            values[f"true_{name}"] = members = true(values)
            values[f"false_{name}"] = others = ~members if false is None else false(values)
            yield members, None if false is None else ~(members | others)

    def _count(self) -> tuple[Any, Any]:
        counts = np.zeros((2, len(self._segments)), np.int64)
        for start in range(0, self._rows, CHUNK_ROWS):
            verdicts = self._verdicts(start, min(start + CHUNK_ROWS, self._rows))
            for number, (members, unknowns) in enumerate(verdicts):
                counts[0, number] += np.count_nonzero(members)
                counts[1, number] += 0 if unknowns is None else np.count_nonzero(unknowns)
        return counts[0], counts[1]

    def _planes(self, first: int, end: int) -> Answer:
        shape = (len(self._segments), word_count(end - first))
        members, unknowns = np.empty(shape, np.uint64), None if self._complete else np.empty(shape, np.uint64)
        for start in range(first, end, CHUNK_ROWS):
            stop = min(start + CHUNK_ROWS, end)
            words = slice((start - first) // 64, word_count(stop - first))
            for number, (true, unknown) in enumerate(self._verdicts(start, stop)):
                members[number, words] = pack(true)
                if unknowns is not None and unknown is not None:
                    unknowns[number, words] = pack(unknown)
        return Answer(*count_verdicts(members, unknowns), members, unknowns)

    def _pages(self) -> Iterator[Answer]:
        for start in range(0, self._rows, PAGE_ROWS):
            yield self._planes(start, min(start + PAGE_ROWS, self._rows))


def _read(answer: Answer) -> Answer:
    return answer
