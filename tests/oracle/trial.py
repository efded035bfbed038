"""One trial: segments and computed attributes in one program, the engine's answers beside the oracle's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import has_clear_tail, unpack
from segmentd.engine import ComputedValues, Engine, Evaluation
from segmentd.language.tree import Node, Value
from segmentd.plan import Program, compile_program
from tests.oracle.evaluator import UNKNOWN, Answer, RowAnswers, Verdict
from tests.oracle.populations import Population

Order = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of which engine and oracle say different things."""

    asked: str
    row: int
    place: int
    engine: Answer
    oracle: Answer


@dataclass(frozen=True, slots=True)
class Trial:
    """What is evaluated together: trees of the segments (None: inactive) and of the computed attributes.

    `asked`: the segments that are answered; None for all.
    """

    population: Population
    segments: Mapping[str, Node | None]
    computed: Mapping[str, Node]
    asked: tuple[str, ...] | None = None

    def program(self) -> Program:
        """The program of everything."""
        asked = tuple(self.segments) if self.asked is None else self.asked
        return compile_program(asked, tuple(self.computed.items()), self.segments, self.population.schema)

    def differences(self, engine: Engine, answers: Sequence[RowAnswers], order: Order) -> list[Difference]:
        """Where the engine, on the rows in this order, departs from the oracle's answers on the distinct rows."""
        batch = self.population.batch(order)
        program = self.program()
        evaluation = engine.evaluate(program, batch, self.population.now_us, planes=True)
        assert evaluation.rows == len(order)
        return [
            *_segment_differences(program.segments, evaluation, answers, order),
            *_computed_differences(evaluation, answers, order),
        ]


def _segment_differences(
    names: Sequence[str], evaluation: Evaluation, answers: Sequence[RowAnswers], order: Order
) -> Iterator[Difference]:
    assert evaluation.members is not None
    assert evaluation.unknowns is not None
    for number, name in enumerate(names):
        distinct = [answer.segments[name] for answer in answers]
        expected_true = np.array([verdict is True for verdict in distinct], bool)[order]
        expected_unknown = np.array([verdict is UNKNOWN for verdict in distinct], bool)[order]
        members = _bits(evaluation.members[number], len(order))
        unknowns = _bits(evaluation.unknowns[number], len(order))
        for place in np.flatnonzero((members != expected_true) | (unknowns != expected_unknown)):
            said: Verdict = UNKNOWN if unknowns[place] else bool(members[place])
            row = int(order[place])
            yield Difference(name, row, int(place), said, distinct[row])
        if evaluation.member_counts[number] != members.sum() or evaluation.unknown_counts[number] != unknowns.sum():
            counts = (evaluation.member_counts[number], evaluation.unknown_counts[number])
            raise AssertionError(f"{name}: counts {counts} of planes with {members.sum()}, {unknowns.sum()} ones")
        assert not (members & unknowns).any(), f"{name}: a row is a member and unknown"


def _computed_differences(evaluation: Evaluation, answers: Sequence[RowAnswers], order: Order) -> Iterator[Difference]:
    for computed in evaluation.computed:
        distinct = [answer.computed[computed.id] for answer in answers]
        for place, said in enumerate(_values(computed, len(order))):
            row = int(order[place])
            if not is_same(said, _attribute_value(distinct[row])):
                yield Difference(computed.id, row, place, said, distinct[row])


def _attribute_value(answer: Answer) -> Answer:
    """A LIST attribute has no missing elements: a list that CEL built with one is no value of it."""
    return UNKNOWN if isinstance(answer, tuple) and None in answer else answer


def _bits(plane: npt.NDArray[np.uint64], rows: int) -> npt.NDArray[np.bool_]:
    assert has_clear_tail(plane, rows), "bits past the last row"
    return unpack(np.ascontiguousarray(plane), rows)


def _values(computed: ComputedValues, rows: int) -> Iterator[Answer]:
    present, unknown = _bits(computed.present, rows), _bits(computed.unknown, rows)
    assert not (present & unknown).any(), f"{computed.id}: a row has a value and is unknown"
    for place in range(rows):
        if unknown[place]:
            yield UNKNOWN
        else:
            yield _value(computed, place) if present[place] else None


def _value(computed: ComputedValues, place: int) -> Value:
    value = computed.values[place]
    plain = value.as_py() if hasattr(value, "as_py") else value.item()
    return tuple(plain) if isinstance(plain, list) else plain


def is_same(left: Answer, right: Answer) -> bool:
    """Whether two answers are one: of the same type, NaN like NaN, -0.0 unlike 0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and isinstance(right, float):
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return left == right and math.copysign(1.0, left) == math.copysign(1.0, right)
    return left == right
