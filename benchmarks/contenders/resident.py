"""This engine: one program for all segments, run over resident columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from benchmarks.contenders.contender import PAGE_ROWS, Answer, Question, Way
from benchmarks.dialects.cel import cel
from benchmarks.population import Column, Population, Values
from benchmarks.scenario import Scenario
from segmentd.columns.column import Batch, FixedColumn, TextColumn
from segmentd.columns.column import Column as TypedColumn
from segmentd.columns.planes import pack
from segmentd.engine import Engine, Evaluation, PlaneBuffers
from segmentd.language import Environment
from segmentd.plan import Program, compile_program
from segmentd.schema import AttributeSpec, DataType, Schema, Subject


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
    """The columns of numbers as the engine reads them, without a copy."""
    rows = len(columns[scenario.columns[0].id])
    return batch_of_population(scenario, Population(rows, {id_: Column(values) for id_, values in columns.items()}))


def batch_of_population(scenario: Scenario, population: Population) -> Batch:
    """The columns as the engine reads them; numbers without a copy."""
    typed = {spec.id: _typed(spec.type, population.columns[spec.id]) for spec in scenario.columns}
    return Batch(population.rows, typed)


def _typed(type_: DataType, column: Column) -> TypedColumn:
    if column.dictionary is None:
        return FixedColumn(type_, column.values, None if column.missing is None else pack(~column.missing))
    codes = column.values
    if column.missing is not None:
        codes = codes.copy()
        codes[column.missing] = len(column.dictionary.texts)
    return TextColumn(codes, pa.array(column.dictionary.texts, pa.string()))


class ResidentEngine:
    """The engine of this package, with the columns of a scenario as it keeps them: raw, and codes beside them."""

    name = "segmentd"

    def __init__(self, scenario: Scenario, population: Population, threads: int) -> None:
        self.program = program_of(scenario)
        self.engine = Engine(threads)
        self.batch = self._keep(batch_of_population(scenario, population))
        self._buffers: PlaneBuffers | None = None

    @property
    def kept_bytes(self) -> tuple[int, int]:
        """Bytes of the columns as they came, and of the codes beside them."""
        raw = sum(_bytes_of(column) for column in self.batch.columns.values())
        return raw, sum(coding.planes.nbytes for coding in self.batch.codings.values())

    @staticmethod
    def declines(_scenario: Scenario, _question: Question, _rows: int) -> str | None:
        """It never does."""
        return None

    def ways(self, question: Question) -> Sequence[Way]:
        """The one way there is to each. Unknowns are answered always; planes are written where others were."""
        match question:
            case Question.COUNTS:
                return (Way("one program over blocks", self._count, _read),)
            case Question.PLANES:
                self._buffers = PlaneBuffers(len(self.program.segments), self.batch.rows)
                return (Way("one program over blocks", self._fill, _read),)
            case Question.PAGES:
                self._buffers = None
                return (Way("one program over blocks", self._pages, _read),)

    def close(self) -> None:
        """End the threads."""
        self._buffers = None
        self.engine.close()

    def _keep(self, batch: Batch) -> Batch:
        return self.engine.coded(batch, self.program.distinctions)

    def _count(self) -> Evaluation:
        return self.engine.evaluate(self.program, self.batch, 0, planes=False)

    def _fill(self) -> Evaluation:
        bound = self.engine.bind(self.program, self.batch, 0)
        return self.engine.run(bound, 0, bound.rows, planes=True, into=self._buffers)

    def _pages(self) -> Iterator[Evaluation]:
        bound = self.engine.bind(self.program, self.batch, 0)
        segments, size = len(self.program.segments), min(PAGE_ROWS, bound.rows)
        buffers = PlaneBuffers(segments, size)
        for start in range(0, bound.rows, size):
            stop = min(start + size, bound.rows)
            into = buffers if stop - start == size else PlaneBuffers(segments, stop - start)
            yield self.engine.run(bound, start, stop, planes=True, into=into)


class ArrivingEngine(ResidentEngine):
    """The same engine on columns as they arrive with a request: raw, with nothing beside them, and bound each time."""

    name = "segmentd, raw"

    def _keep(self, batch: Batch) -> Batch:
        return batch


def _bytes_of(column: TypedColumn) -> int:
    if isinstance(column, FixedColumn):
        return column.values.nbytes + (0 if column.validity is None else column.validity.nbytes)
    return column.codes.nbytes if isinstance(column, TextColumn) else 0


def _read(evaluation: Evaluation) -> Answer:
    return Answer(evaluation.member_counts, evaluation.unknown_counts, evaluation.members, evaluation.unknowns)
