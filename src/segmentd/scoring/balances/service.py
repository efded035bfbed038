"""Answers questions about balances: one data version, one state of the definitions and one moment a question."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import count
from typing import Final, Protocol

from segmentd.columns.planes import pack
from segmentd.engine import Engine
from segmentd.engine.facts.groups import Balances
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView
from segmentd.ledger.fields import money
from segmentd.schema import Subject
from segmentd.scoring.balances.attributes import attribute_column, check_attributes
from segmentd.scoring.balances.dimensions import Classes, classes_of, combine, spread_by_owner
from segmentd.scoring.balances.errors import NoFactsError, ResidentsMovedError
from segmentd.scoring.balances.layout import Layout, Report
from segmentd.scoring.balances.members import Memberships, Subjects, owners_of, segments_of
from segmentd.scoring.balances.moments import Cut, Observations, day_cut, month_cuts
from segmentd.scoring.balances.question import FIELDS, BalanceQuestion, Dimension, Grouping
from segmentd.scoring.balances.report import Task, compute
from segmentd.scoring.errors import DataVersionError
from segmentd.scoring.model import Basis
from segmentd.scoring.service import Cancelled, Scoring
from segmentd.segments.catalogue import Catalogue

_TRIES: Final = 8
"""How often residents and facts of one data version are looked for, while others are being written."""


class Books(Protocol):
    """Who knows the facts of ledgers as they are now."""

    def view(self, ledger_id: str) -> BookView | None:
        """The current version of a ledger's facts; None where its customers are not those of a book."""


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

    def __init__(self, scoring: Scoring, engine: Engine, books: Books) -> None:
        self._scoring = scoring
        self._engine = engine
        self._books = books

    def answer(self, question: BalanceQuestion, cancelled: Cancelled) -> Answer:
        """The answer to a question. Raises SegmentdError, with the field at fault where one is."""
        catalogue = self._scoring.current(question.ledger)
        now_us = self._scoring.now_us()
        moment = Moment(now_us if question.as_of_us is None else question.as_of_us, now_us)
        for tries in count(1):
            view = self._view(question)
            try:
                return _Asked(self._scoring, catalogue, question, view, moment, cancelled).answer(self._engine)
            except ResidentsMovedError:
                if tries == _TRIES:
                    raise
        raise AssertionError("the loop ends by an answer or an error")

    def _view(self, question: BalanceQuestion) -> BookView:
        view = self._books.view(question.ledger)
        if view is None:
            raise NoFactsError(question.ledger)
        if question.data_version not in (0, view.version):
            raise DataVersionError(question.data_version, view.version)
        return view


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment that is asked about, and the one at which it is asked: microseconds since 1970."""

    as_of_us: int
    now_us: int

    @property
    def is_past(self) -> bool:
        """Whether what records say now may not have been so then."""
        return self.as_of_us < self.now_us


class _Asked:
    """A question tied to the definitions, the facts and the moment that its answer is computed from."""

    def __init__(
        self,
        scoring: Scoring,
        catalogue: Catalogue,
        question: BalanceQuestion,
        view: BookView,
        moment: Moment,
        cancelled: Cancelled,
    ) -> None:
        self._question, self._view, self._moment, self._cancelled = question, view, moment, cancelled
        self._catalogue, self._zone = catalogue, catalogue.ledger.time_zone
        self._segments = segments_of(question, catalogue)
        check_attributes(question, catalogue)
        self._subjects = Subjects(
            scoring, catalogue, view.version, moment.as_of_us, owners_of(view, question.roles), cancelled
        )

    def answer(self, engine: Engine) -> Answer:
        """The answer."""
        observations = Observations(self._view, self._zone)
        memberships = Memberships(self._subjects, self._segments) if self._question.is_over_segments else None
        task = Task(
            self._question,
            self._layout(),
            memberships,
            observations.accounts.rows,
            pack(observations.there(self._moment.as_of_us)),
            lru_cache(1)(partial(self._balances, observations)),
        )
        report = compute(task, engine.run_tasks, self._cancelled)
        absent = () if memberships is None else memberships.absent
        basis = Basis(self._catalogue.version, self._view.version, self._moment.as_of_us, absent)
        code = self._catalogue.ledger.currency_code
        return Answer(self._question, basis, code, money(code).scale, report)

    def _balances(self, observations: Observations, cut: Cut) -> Balances:
        return observations.balances(cut.moment_us, is_now=not cut.month and not self._moment.is_past)

    def _layout(self) -> Layout:
        question, as_of_us = self._question, self._moment.as_of_us
        by_month = question.has(Dimension.MONTH)
        cuts = (
            month_cuts(as_of_us, question.months, self._zone)
            if by_month
            else (day_cut(as_of_us, question.days, self._zone),)
        )
        segments = self._segments if question.has(Dimension.SEGMENT) else ()
        accounts = [each for each in question.by if each.is_of(Subject.ACCOUNT)]
        customers = [each for each in question.by if each.is_of(Subject.CUSTOMER)]
        rows = self._subjects.owners.accounts
        own = combine([self._classes(each) for each in accounts], rows)
        if not customers:
            return Layout(cuts, segments, own, None, accounts)
        population_rows = self._view.entities(RecordKind.CUSTOMER).batch.rows
        theirs = combine([self._classes(each) for each in customers], population_rows)
        spread = spread_by_owner(theirs, self._subjects.owners)
        both = combine([own.take(spread.accounts), spread.classes], len(spread.accounts))
        return Layout(cuts, segments, both, spread.accounts, [*accounts, *customers])

    def _classes(self, grouping: Grouping) -> Classes:
        """The rows of the grouping's subject by its values."""
        batch = self._view.entities(RecordKind(grouping.subject.value)).batch
        if grouping.dimension is not Dimension.ATTRIBUTE:
            return classes_of(batch.columns.get(FIELDS[grouping.dimension]), batch.rows, self._zone)
        column = attribute_column(self._subjects, grouping.subject, grouping.attribute)
        return classes_of(column, batch.rows, self._zone)
