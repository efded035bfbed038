"""NumPy: distinct conditions and then segments, in chunks that stay in cache, on threads that share the chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from typing import Any, Final

import numpy as np

from benchmarks.contenders.contender import PAGE_ROWS, Answer, Counts, Question, Way
from benchmarks.dialects.numpy_steps import Truth, truth
from benchmarks.population import Population
from benchmarks.rules import Atom, Either, Every, InSegment, Not, Rule, TextCondition, conditions
from benchmarks.scenario import Scenario
from segmentd.columns.planes import pack, word_count

CHUNK_ROWS: Final = 1 << 15
"""Booleans of all conditions of so many rows stay in the second cache, or in the third of a platform."""

Step = Callable[[dict[Any, Truth]], Truth]
"""Looks conditions and segments up, and joins them."""


class NumpyArrays:
    """NumPy arrays of a scenario's columns. NumPy lets other threads run while it computes."""

    name = "NumPy"

    def __init__(self, scenario: Scenario, population: Population, threads: int) -> None:
        self._population = population
        self._complete = not population.nullable
        self._pool = ThreadPoolExecutor(threads)
        self._atoms = list(dict.fromkeys(found for each in scenario.segments for found in conditions(each.rule)))
        places = {atom: index for index, atom in enumerate(self._atoms)}
        self._steps = [(segment.id, _step(segment.rule, places)) for segment in scenario.segments]

    @staticmethod
    def declines(scenario: Scenario, _question: Question, _rows: int) -> str | None:
        """Text: it would be asked of each Python string, or of a dictionary, which is the prepared form."""
        found = (atom for segment in scenario.segments for atom in conditions(segment.rule))
        return "it has no regular expressions" if any(isinstance(atom, TextCondition) for atom in found) else None

    def ways(self, question: Question) -> Sequence[Way]:
        """By chunks; whole columns at a time take several times longer, since each step goes through memory."""
        name = f"chunks of {CHUNK_ROWS:,} rows"
        match question:
            case Question.COUNTS:
                return [Way(name, self._count, lambda counted: Answer(counted[0], counted[1]))]
            case Question.PLANES:
                return [Way(name, partial(self._planes, 0, self._population.rows), _read)]
            case Question.PAGES:
                return [Way(name, self._pages, _read)]

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _count(self) -> Counts:
        starts = range(0, self._population.rows, CHUNK_ROWS)
        counted: Counts = sum(self._pool.map(self._counts_of, starts), np.zeros((2, len(self._steps)), np.int64))
        return counted

    def _counts_of(self, start: int) -> Counts:
        counts = np.zeros((2, len(self._steps)), np.int64)
        for number, (true, false) in enumerate(self._verdicts(start)):
            counts[0, number] = np.count_nonzero(true)
            if false is not None:
                counts[1, number] = len(true) - counts[0, number] - np.count_nonzero(false)
        return counts

    def _planes(self, first: int, end: int) -> Answer:
        shape = (len(self._steps), word_count(end - first))
        members, unknowns = np.empty(shape, np.uint64), None if self._complete else np.empty(shape, np.uint64)

        def fill(start: int) -> Counts:
            at = (start - first) // 64
            counts = np.zeros((2, len(self._steps)), np.int64)
            for number, (true, false) in enumerate(self._verdicts(start)):
                plane = pack(true)
                members[number, at : at + len(plane)] = plane
                counts[0, number] = np.bitwise_count(plane).sum()
                if unknowns is not None and false is not None:
                    unknowns[number, at : at + len(plane)] = plane = pack(~(true | false))
                    counts[1, number] = np.bitwise_count(plane).sum()
            return counts

        counts = sum(self._pool.map(fill, range(first, end, CHUNK_ROWS)), np.zeros((2, shape[0]), np.int64))
        return Answer(counts[0], counts[1], members, unknowns)

    def _pages(self) -> Iterator[Answer]:
        rows = self._population.rows
        for start in range(0, rows, PAGE_ROWS):
            yield self._planes(start, min(start + PAGE_ROWS, rows))

    def _verdicts(self, start: int) -> Iterator[Truth]:
        columns = self._population.slice(start, start + CHUNK_ROWS).columns
        known: dict[Any, Truth] = {}
        for place, atom in enumerate(self._atoms):
            known[place] = truth(atom, columns, complete=self._complete)
        for id_, step in self._steps:
            known[id_] = found = step(known)
            yield found


def _step(rule: Rule, places: Mapping[Atom, int]) -> Step:
    match rule:
        case InSegment(segment):
            return lambda known: known[segment]
        case Not(part):
            inner = _step(part, places)
            return lambda known: _negate(inner(known))
        case Every(parts):
            steps = [_step(part, places) for part in parts]
            return lambda known: reduce(_both, (step(known) for step in steps))
        case Either(parts):
            steps = [_step(part, places) for part in parts]
            return lambda known: reduce(_one, (step(known) for step in steps))
        case _:
            place = places[rule]
            return lambda known: known[place]


def _negate(truth: Truth) -> Truth:
    true, false = truth
    return (~true, None) if false is None else (false, true)


def _both(left: Truth, right: Truth) -> Truth:
    false = None if left[1] is None or right[1] is None else left[1] | right[1]
    return left[0] & right[0], false


def _one(left: Truth, right: Truth) -> Truth:
    false = None if left[1] is None or right[1] is None else left[1] & right[1]
    return left[0] | right[0], false


def _read(answer: Answer) -> Answer:
    return answer
