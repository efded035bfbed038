"""Answers questions about balances: one data version, one state of the definitions and one moment a question."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final, Protocol

from segmentd.api.errors import InvalidFieldError
from segmentd.columns.planes import pack
from segmentd.columns.zones import SECOND_US
from segmentd.engine import Engine
from segmentd.engine.facts.groups import Balances, Run
from segmentd.facts.kinds import RecordKind
from segmentd.facts.residents.taking import Taken
from segmentd.ledger.fields import money
from segmentd.ledger.population import Moment
from segmentd.schema import Subject
from segmentd.scoring.balances.attributes import attribute_values, check_attributes
from segmentd.scoring.balances.dimensions import Classes, classes_of, combine, spread_by_owner
from segmentd.scoring.balances.errors import NoFactsError
from segmentd.scoring.balances.layout import Layout, Report
from segmentd.scoring.balances.members import Memberships, Subjects, segments_of
from segmentd.scoring.balances.moments import Observations, Valuation, day_valuation, month_valuations
from segmentd.scoring.balances.question import FIELDS, BalanceQuestion, Dimension, Grouping, Measure
from segmentd.scoring.balances.report import Task, compute
from segmentd.scoring.errors import DataVersionError
from segmentd.scoring.model import Basis
from segmentd.scoring.service import Cancelled, Scoring
from segmentd.segments.catalogue import Catalogue

FIRST_US: Final = -59_011_459_200 * SECOND_US
"""The start of the year 100."""
LAST_US: Final = 253_370_764_800 * SECOND_US - 1
"""The end of the year 9998."""


class CurrentFacts(Protocol):
    """Who knows the facts of ledgers and their residents as they are now, and as they were."""

    def taken(self, ledger_id: str, moment: Moment) -> Taken | None:
        """Facts, customers and accounts of one version and moment; None where customers are not those of a book."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A report with what it was computed from, and how its amounts are to be read."""

    question: BalanceQuestion
    basis: Basis
    currency_code: str
    scale: int
    report: Report


class BalanceReports:
    """The use case. Threads may share it."""

    def __init__(self, scoring: Scoring, engine: Engine, facts: CurrentFacts) -> None:
        self._scoring = scoring
        self._engine = engine
        self._facts = facts

    def answer(self, question: BalanceQuestion, cancelled: Cancelled) -> Answer:
        """The answer to a question. Raises SegmentdError, with the field at fault where one is."""
        catalogue, now_us = self._scoring.current(question.ledger), self._scoring.now_us()
        check_attributes(question, catalogue)
        as_of_us = now_us if question.as_of_us is None else question.as_of_us
        tied = Tied(question, catalogue, segments_of(question, catalogue), as_of_us, as_of_us < now_us)
        check_calendar(tied)
        moment = Moment(as_of_us, is_moving=question.as_of_us is None)
        return _Answering(tied, self._take(question, moment), self._scoring, cancelled).answer(self._engine.run_tasks)

    def _take(self, question: BalanceQuestion, moment: Moment) -> Taken:
        """Facts as they are now and residents as of the moment, which the whole answer is computed from."""
        taken = self._facts.taken(question.ledger, moment)
        if taken is None:
            raise NoFactsError(question.ledger)
        if question.data_version not in (0, taken.view.version):
            raise DataVersionError(question.data_version, taken.view.version)
        return taken


@dataclass(frozen=True, slots=True, eq=False)
class Tied:
    """A question tied to one state of the definitions, its segments and moment. `is_past`: records may say other."""

    question: BalanceQuestion
    catalogue: Catalogue
    segments: tuple[str, ...]
    as_of_us: int
    is_past: bool

    @property
    def zone(self) -> str:
        """The ledger's time zone."""
        return self.catalogue.ledger.time_zone


def check_calendar(tied: Tied) -> None:
    """Raise InvalidFieldError where months or days are asked for that are not in the calendar."""
    question = tied.question
    if (question.months or question.days) and not FIRST_US <= tied.as_of_us <= LAST_US:
        raise InvalidFieldError("as_of", tied.as_of_us // SECOND_US, "from the year 100 to 9998 for months and days")


class _Answering:
    """A question being answered from one version of the facts."""

    def __init__(self, tied: Tied, taken: Taken, scoring: Scoring, cancelled: Cancelled) -> None:
        self._tied, self._question, self._view, self._cancelled = tied, tied.question, taken.view, cancelled
        self._subjects = Subjects(scoring, tied.catalogue, taken, tied.as_of_us, tied.question.roles, cancelled)
        self._absent: dict[str, None] = {}

    def answer(self, run: Run) -> Answer:
        """The answer, by work on threads."""
        observations = Observations(self._view, self._tied.zone, run)
        memberships = Memberships(self._subjects, self._tied.segments, run) if self._question.is_over_segments else None
        task = Task(
            self._question,
            self._layout(),
            memberships,
            observations.accounts.rows,
            pack(observations.there(self._tied.as_of_us)),
            lru_cache(1)(partial(self._balances, observations)),
            observations.daily if Measure.AVERAGE_DAILY_BALANCE in self._question.measures else None,
        )
        report = compute(task, run, self._cancelled)
        absent = dict.fromkeys(() if memberships is None else memberships.absent) | self._absent
        basis = Basis(self._tied.catalogue.version, self._view.version, self._tied.as_of_us, tuple(absent))
        code = self._tied.catalogue.ledger.currency_code
        return Answer(self._question, basis, code, money(code).scale, report)

    def _balances(self, observations: Observations, valuation: Valuation) -> Balances:
        return observations.balances(valuation.moment_us, is_now=not valuation.month and not self._tied.is_past)

    def _layout(self) -> Layout:
        question, as_of_us = self._question, self._tied.as_of_us
        by_month = question.has(Dimension.MONTH)
        valuations = (
            month_valuations(as_of_us, question.months, self._tied.zone)
            if by_month
            else (day_valuation(as_of_us, question.days, self._tied.zone),)
        )
        segments = self._tied.segments if question.has(Dimension.SEGMENT) else ()
        accounts = [each for each in question.by if each.is_of(Subject.ACCOUNT)]
        customers = [each for each in question.by if each.is_of(Subject.CUSTOMER)]
        rows = self._subjects.accounts
        own = combine([self._classes(each) for each in accounts], rows)
        if not customers:
            return Layout(valuations, segments, own, None, accounts)
        population_rows = self._view.entities(RecordKind.CUSTOMER).batch.rows
        theirs = combine([self._classes(each) for each in customers], population_rows)
        spread = spread_by_owner(theirs, self._subjects.owners)
        both = combine([own.take(spread.accounts), spread.classes], len(spread.accounts))
        return Layout(valuations, segments, both, spread.accounts, [*accounts, *customers])

    def _classes(self, grouping: Grouping) -> Classes:
        """The rows of the grouping's subject by its values."""
        batch = self._view.entities(RecordKind(grouping.subject.value)).batch
        if grouping.dimension is not Dimension.ATTRIBUTE:
            return classes_of(batch.columns.get(FIELDS[grouping.dimension]), batch.rows, self._tied.zone)
        values = attribute_values(self._subjects, grouping.subject, grouping.attribute)
        self._absent.update(dict.fromkeys(values.absent))
        return classes_of(values.column, batch.rows, self._tied.zone)
