"""This engine: one program for all segments, run over resident columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.contenders.contender import PAGE_ROWS, Answer, Question, Way
from benchmarks.inputs import batch_of_population, program_of
from benchmarks.population import Population
from benchmarks.scenario import Scenario
from segmentd.columns.column import Batch, Column, FixedColumn, TextColumn
from segmentd.engine import Engine, Evaluation, PlaneBuffers


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


def _bytes_of(column: Column) -> int:
    if isinstance(column, FixedColumn):
        return column.values.nbytes + (0 if column.validity is None else column.validity.nbytes)
    return column.codes.nbytes if isinstance(column, TextColumn) else 0


def _read(evaluation: Evaluation) -> Answer:
    return Answer(evaluation.member_counts, evaluation.unknown_counts, evaluation.members, evaluation.unknowns)
