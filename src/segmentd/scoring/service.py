"""Answers: one state of the definitions, one of the population and one moment a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.api.errors import InvalidFieldError, nearest
from segmentd.columns.column import Batch
from segmentd.columns.planes import WORD
from segmentd.engine import Bound, Engine, Evaluation
from segmentd.ledger.editions import now_us
from segmentd.ledger.population import Moment, Population
from segmentd.ledger.vocabulary import Vocabulary
from segmentd.plan import Program
from segmentd.schema import ITEMS, Subject
from segmentd.scoring.batches import ROW_LIMIT
from segmentd.scoring.errors import (
    LackingAttributeError,
    NoIdsError,
    NoResidentPopulationError,
    OtherSubjectError,
    TooManyIdsError,
)
from segmentd.scoring.fitting import Fittings
from segmentd.scoring.model import MAX_COMPUTED, MAX_SEGMENTS, Answer, Basis, Plan, Question
from segmentd.scoring.pages import Range
from segmentd.scoring.programs import ProgramKey, Programs
from segmentd.scoring.recoding import Recoder
from segmentd.scoring.scatter import spread_computed
from segmentd.scoring.verdicts import Verdicts, spread_planes
from segmentd.segments.catalogue import Catalogue

Cancelled = Callable[[], bool]


class CurrentCatalogues(Protocol):
    """Who knows the definitions as they are now."""

    def current(self, ledger_id: str) -> Catalogue:
        """One immutable state. Raises LedgerNotFoundError."""


class CurrentPopulations(Protocol):
    """Who knows the resident customers and accounts as they are now, and as they were."""

    def find(self, ledger_id: str, subject: Subject, moment: Moment) -> Population | None:
        """One immutable state, that of the moment, or None where the ledger has no resident population."""

    def data_version(self, ledger_id: str) -> int:
        """The version of what `find` gives, 0 where there is none."""

    def complete(
        self,
        population: Population,
        program: Program,
        vocabulary: Vocabulary,
        moment: Moment,
        cancelled: Cancelled | None,
    ) -> Population:
        """The population with the aggregated attributes that a program reads, as of a moment."""


@dataclass(frozen=True, slots=True, eq=False)
class Resident:
    """A plan tied to one state of the population too, to be answered range by range."""

    plan: Plan
    population: Population
    bound: Bound

    @property
    def basis(self) -> Basis:
        """What every answer is computed from."""
        plan = self.plan
        return Basis(plan.catalogue.version, self.population.data_version, plan.now_us, self.bound.absent)

    @property
    def nobody(self) -> Verdicts:
        """The counts over no rows."""
        zeros = np.zeros(len(self.plan.segments), dtype=np.int64)
        return Verdicts(self.plan.segments, 0, zeros, zeros)


class Scoring:
    """The use cases of scoring, from raw columns where there is no recoder. Threads may share it."""

    def __init__(
        self,
        engine: Engine,
        catalogues: CurrentCatalogues,
        populations: CurrentPopulations,
        clock: Callable[[], int] = now_us,
        recoder: Recoder | None = None,
    ) -> None:
        self._engine = engine
        self._catalogues = catalogues
        self._populations = populations
        self._clock = clock
        self._recoder = recoder
        self._programs = Programs()
        self._fittings = Fittings()

    def current(self, ledger: str) -> Catalogue:
        """The definitions of a ledger as they are now. Raises LedgerNotFoundError."""
        return self._catalogues.current(ledger)

    def data_version(self, ledger: str) -> int:
        """The data version of a ledger's residents, 0 where there are none."""
        return self._populations.data_version(ledger)

    def now_us(self) -> int:
        """The server's time, in microseconds since 1970-01-01T00:00:00Z."""
        return self._clock()

    def plan(self, question: Question) -> Plan:
        """The question tied to the current definitions and moment. Raises SegmentdError with the field at fault."""
        return self.plan_within(self._catalogues.current(question.ledger), question)

    def plan_within(self, catalogue: Catalogue, question: Question) -> Plan:
        """The question tied to a state of its ledger's definitions that the caller has. Raises as `plan` does."""
        key = _key(question, catalogue)
        _check_computed(question, catalogue)
        moment = self._clock() if question.now_us is None else question.now_us
        return Plan(question, catalogue, key.segments, self._programs.get(key, catalogue), moment)

    def plan_values(self, catalogue: Catalogue, subject: Subject, attributes: tuple[str, ...], now_us: int) -> Plan:
        """What has no segments and computes attributes of any kind, which the schema has, at a moment."""
        question = Question(catalogue.ledger.id, subject, computed=attributes, now_us=now_us)
        key = ProgramKey(question.ledger, catalogue.version, subject, (), attributes)
        return Plan(question, catalogue, (), self._programs.get(key, catalogue), now_us)

    def kept_program(self, question: Question) -> Program | None:
        """The program of the question, if it would not have to be compiled. Raises as `plan` does."""
        return self._programs.find(_key(question, self._catalogues.current(question.ledger)))

    def population(self, plan: Plan, cancelled: Cancelled | None = None) -> Population:
        """The residents as of the plan's moment, with the definitions' defaults and the aggregates that are read.

        Raises NoResidentPopulationError, HistoryNotKeptError.
        """
        ledger, subject = plan.question.ledger, plan.question.subject
        population = self._populations.find(ledger, subject, _moment_of(plan))
        if population is None:
            raise NoResidentPopulationError(ledger, subject)
        return self.complete(plan, population, cancelled)

    def complete(self, plan: Plan, population: Population, cancelled: Cancelled | None = None) -> Population:
        """Residents of a plan's subject that the caller has, with defaults and aggregated attributes as `population`.

        Raises EvaluationCancelledError, DistinctLimitError.
        """
        ledger, subject, catalogue = plan.question.ledger, plan.question.subject, plan.catalogue
        read = (subject, *ITEMS.get(subject, {}).values())
        attributes = tuple(attribute for each in read for attribute in catalogue.attributes[each].values())
        fitted = self._fittings.fit(ledger, population, catalogue.schemas[subject], attributes)
        return self._populations.complete(fitted, plan.program, catalogue.vocabulary, _moment_of(plan), cancelled)

    def score_features(self, plan: Plan, batch: Batch, cancelled: Cancelled | None) -> Answer:
        """The answer for subjects whose features were sent."""
        data_version = self.data_version(plan.question.ledger)
        evaluation = self._evaluate(plan, batch, cancelled)
        basis = _basis(plan, data_version, evaluation)
        return Answer(basis, _verdicts(plan, evaluation, ids=batch.ids), evaluation.computed)

    def score_residents(self, plan: Plan, ids: Sequence[str], field: str, cancelled: Cancelled | None) -> Answer:
        """The answer for customers or accounts by id; one that the ledger lacks is in no segment and counted nowhere.

        `field`: where the ids come from, for errors.
        """
        _check_ids(len(ids), field)
        population = self.population(plan, cancelled)
        names = pa.array(ids, pa.string())
        rows = population.rows_of(names)
        there = np.flatnonzero(rows >= 0)
        columns = (population.batch.columns.keys() | population.batch.items.keys()) & plan.program.wanted
        evaluation = self._evaluate(plan, population.select(rows[there], columns), cancelled)
        basis = _basis(plan, population.data_version, evaluation)
        verdicts = _verdicts(plan, evaluation, ids=names)
        if len(there) == len(rows):
            return Answer(basis, verdicts, evaluation.computed)
        return Answer(
            basis,
            _spread(verdicts, there, len(rows)),
            tuple(spread_computed(each, there, len(rows)) for each in evaluation.computed),
            np.flatnonzero(rows < 0),
        )

    def bind(self, plan: Plan, population: Population, cancelled: Cancelled) -> Resident:
        """The plan tied to a population, with the codes that its columns have now; those of the past have none.

        What depends on the population's distinct values is computed here, once.
        """
        batch = population.batch
        if self._recoder is not None and not population.is_past:
            batch = self._recoder.coded(plan, batch)
        bound = self._engine.bind(plan.program, batch, plan.now_us, cancelled=cancelled)
        return Resident(plan, population, bound)

    def evaluate_range(self, resident: Resident, rows: Range, cancelled: Cancelled) -> Verdicts:
        """The verdicts on the rows `rows[0]` to before `rows[1]`. To begin within a word costs planes."""
        first, last = rows
        lead = first % WORD
        planes = resident.plan.question.form.needs_planes or lead > 0
        evaluation = self._engine.run(resident.bound, first - lead, last, planes=planes, cancelled=cancelled)
        verdicts = _verdicts(resident.plan, evaluation, resident.population.ids.slice(first - lead, evaluation.rows))
        return replace(verdicts, row_start=first - lead).cut(lead, evaluation.rows)

    def _evaluate(self, plan: Plan, batch: Batch, cancelled: Cancelled | None) -> Evaluation:
        planes = plan.question.form.needs_planes
        return self._engine.evaluate(plan.program, batch, plan.now_us, planes=planes, cancelled=cancelled)


def _moment_of(plan: Plan) -> Moment:
    return Moment(plan.now_us, is_moving=plan.question.now_us is None)


def _key(question: Question, catalogue: Catalogue) -> ProgramKey:
    _check_length("segments", question.segments, MAX_SEGMENTS)
    _check_subjects(question, catalogue)
    segments = catalogue.asked(question.subject, question.segments)
    return ProgramKey(question.ledger, catalogue.version, question.subject, segments, question.computed)


def _check_ids(count: int, field: str) -> None:
    if count == 0:
        raise NoIdsError(field)
    if count > ROW_LIMIT.most:
        raise TooManyIdsError(field, count, ROW_LIMIT.most)


def _check_subjects(question: Question, catalogue: Catalogue) -> None:
    """Refuse segments that exist and select others; those that do not exist are refused by the catalogue."""
    for index, segment in enumerate(question.segments):
        found = catalogue.segments.get(segment)
        if found is not None and found.segment.subject is not question.subject:
            raise OtherSubjectError(f"segments[{index}]", segment, found.segment.subject, question.subject)


def _check_computed(question: Question, catalogue: Catalogue) -> None:
    """Refuse attributes that are unknown, or named twice."""
    _check_length("computed_attributes", question.computed, MAX_COMPUTED)
    schema = catalogue.schemas[question.subject]
    seen: set[str] = set()
    for index, attribute in enumerate(question.computed):
        field = f"computed_attributes[{index}]"
        if schema.get(attribute) is None:
            raise LackingAttributeError(field, attribute, nearest(attribute, [spec.id for spec in schema]))
        if attribute in seen:
            raise InvalidFieldError(field, attribute, "each attribute may be named once")
        seen.add(attribute)


def _check_length(field: str, given: tuple[str, ...], limit: int) -> None:
    if len(given) > limit:
        raise InvalidFieldError(field, f"{len(given)} entries", f"at most {limit} are allowed")


def _basis(plan: Plan, data_version: int, evaluation: Evaluation) -> Basis:
    return Basis(plan.catalogue.version, data_version, plan.now_us, evaluation.absent)


def _verdicts(plan: Plan, evaluation: Evaluation, ids: pa.StringArray | None) -> Verdicts:
    return Verdicts(
        plan.segments,
        evaluation.rows,
        evaluation.member_counts,
        evaluation.unknown_counts,
        evaluation.members,
        evaluation.unknowns,
        ids=ids,
    )


def _spread(verdicts: Verdicts, there: npt.NDArray[np.int64], rows: int) -> Verdicts:
    """The verdicts on the rows that are there, as verdicts on all rows."""
    if verdicts.members is None or verdicts.unknowns is None:
        return replace(verdicts, rows=rows)
    members, unknowns = (spread_planes(planes, there, rows) for planes in verdicts.known_planes())
    return replace(verdicts, rows=rows, members=members, unknowns=unknowns)
