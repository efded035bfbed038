"""This engine: one program for all segments, run over resident columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from benchmarks.contenders.contender import Answer, Question, Way
from benchmarks.dialects.cel import cel
from benchmarks.scenario import Scenario, Values
from segmentd.columns.column import Batch, FixedColumn
from segmentd.engine import Engine, Evaluation
from segmentd.language import Environment
from segmentd.plan import Program, compile_program
from segmentd.schema import AttributeSpec, Schema, Subject


def schema_of(scenario: Scenario) -> Schema:
    """The scenario's columns as given attributes, nullable as attributes are unless told otherwise."""
    return Schema(Subject.CUSTOMER, tuple(AttributeSpec(spec.id, spec.type) for spec in scenario.columns))


def program_of(scenario: Scenario) -> Program:
    """One program for all segments of the scenario, compiled from CEL text."""
    schema = schema_of(scenario)
    environment = Environment(schema)
    trees = {segment.id: environment.compile(cel(segment.rule)).tree for segment in scenario.segments}
    return compile_program(list(trees), [], trees, schema)


def batch_of(scenario: Scenario, columns: Mapping[str, Values]) -> Batch:
    """The columns as the engine reads them, without a copy."""
    fixed = {spec.id: FixedColumn(spec.type, columns[spec.id]) for spec in scenario.columns}
    return Batch(len(columns[scenario.columns[0].id]), fixed)


class ResidentEngine:
    """The engine of this package, with the columns of a scenario."""

    name = "segmentd"

    def __init__(self, scenario: Scenario, columns: Mapping[str, Values], threads: int) -> None:
        self._program = program_of(scenario)
        self._batch = batch_of(scenario, columns)
        self._engine = Engine(threads)

    def ways(self, question: Question) -> Sequence[Way]:
        """The one way there is. Unknowns are answered too, as planes where members are."""
        planes = question is Question.MEMBERS
        evaluate = partial(self._engine.evaluate, self._program, self._batch, 0, planes=planes)
        return (Way("one program over blocks", evaluate, _read),)

    def close(self) -> None:
        """End the threads."""
        self._engine.close()


def _read(evaluation: Evaluation) -> Answer:
    if evaluation.unknown_counts.any():
        raise ValueError("a complete population has unknowns")
    return Answer(evaluation.member_counts, evaluation.members)
