"""The customers and accounts that are resident: out of a ledger's book, or customers out of a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from segmentd.engine import Engine
from segmentd.facts.aggregates import AggregateState, Standpoint
from segmentd.facts.history.errors import HistoryNotKeptError
from segmentd.facts.history.view import AsOf
from segmentd.facts.kinds import RecordKind
from segmentd.facts.residents.aggregated import Aggregations, Asked, Cancelled, wanted_aggregates
from segmentd.facts.residents.held import held_type
from segmentd.facts.residents.taking import BookIndex, Taken, Taking
from segmentd.facts.views import BookView
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.ledger.population import Moment, Population, Populations
from segmentd.ledger.usage import Residency
from segmentd.ledger.vocabulary import Vocabularies, Vocabulary
from segmentd.plan import Program
from segmentd.schema import SELECTABLE, DataType, Subject


class Views(Protocol):
    """Who knows the books as they are now."""

    def view(self, ledger_id: str) -> BookView | None:
        """The current version of a ledger's facts; None where nothing was ever written."""

    def view_at(self, ledger_id: str, moment_us: int) -> BookView | None:
        """The current version, with customers, accounts and owners as they were at a moment."""

    def has_facts(self, ledger_id: str) -> bool:
        """Whether records of a ledger of this id are kept, whether there is such a ledger or not."""


class ResidentSubjects:
    """The resident customers and accounts of every ledger, as scoring asks for them. Threads may share it.

    A ledger whose customers were read from a file has those; any other has what its book holds.
    """

    def __init__(self, files: Populations, views: Views, vocabularies: Vocabularies, engine: Engine) -> None:
        self._files = files
        self._aggregations = Aggregations(engine)
        self._views = views
        self._vocabularies = vocabularies
        self._takings: dict[str, Taking] = {}
        self._beginning = threading.Lock()

    def find(
        self, ledger_id: str, subject: Subject = Subject.CUSTOMER, moment: Moment | None = None
    ) -> Population | None:
        """The current state, or that of a moment, the same object while it is; None where there is none.

        Those of a file are the same at all moments. Raises HistoryNotKeptError, StoreFailedError, FactsDamagedError.
        """
        if (read := self._files.find(ledger_id, subject)) is not None:
            return read
        taken = self.taken(ledger_id, moment)
        return None if taken is None else taken.populations[subject]

    def taken(self, ledger_id: str, moment: Moment | None = None) -> Taken | None:
        """Facts, customers and accounts of one version, for whoever needs them together; None where there is no book.

        Customers, accounts and owners are those of the moment, facts all that there are. None, too, of a ledger whose
        customers were read from a file. Raises as `find`.
        """
        view = self.view(ledger_id)
        if view is None:
            return None
        if moment is None or moment.is_moving:
            return self._take(ledger_id, view, None)
        then = self._views.view_at(ledger_id, moment.now_us)
        if then is None or not isinstance(then, AsOf):
            return self._take(ledger_id, then or view, None)
        return self._take(ledger_id, then, moment.now_us)

    def view(self, ledger_id: str) -> BookView | None:
        """The facts of a ledger whose customers come from its book; None of any other."""
        return None if self._files.find(ledger_id) is not None else self._views.view(ledger_id)

    def complete(
        self,
        population: Population,
        program: Program,
        vocabulary: Vocabulary,
        moment: Moment,
        cancelled: Cancelled | None,
    ) -> Population:
        """The population with the aggregated attributes that a program reads, as of a moment.

        Those of a file have none: they are missing. Raises EvaluationCancelledError and DistinctLimitError.
        """
        index, subject = population.index, population.schema.subject
        if not isinstance(index, BookIndex):
            return population
        wanted = wanted_aggregates(program, subject, vocabulary)
        if not any(wanted.values()):
            return population
        ledger = vocabulary.ledger
        asked = Asked(ledger.id, Standpoint(index.view, subject, moment.now_us, ledger.time_zone), moment.is_moving)
        batch = self._aggregations.complete(population.batch, asked, wanted, cancelled)
        return replace(population, batch=batch)

    def followed(self, ledger_id: str) -> Iterator[tuple[BookView, AggregateState, Mapping[str, CompiledAggregate]]]:
        """The states of aggregates that are held of a ledger, each with its aggregates by id.

        Before them, what they are brought to when they are asked for next: the facts as they are now, or as of the past
        moment that a state is of; not of one that is so long ago that it can no longer be asked for.
        """
        for state, named, is_moving in self._aggregations.followed(ledger_id):
            with suppress(HistoryNotKeptError):
                moment_us = state.standpoint.now_us
                view = self.view(ledger_id) if is_moving else self._views.view_at(ledger_id, moment_us)
                if view is not None:
                    yield view, state, named

    def data_version(self, ledger_id: str) -> int:
        """The version of a ledger's facts, or of its customers' file; 0 where there is neither."""
        view = self.view(ledger_id)
        return self._files.data_version(ledger_id) if view is None else view.version

    def has_facts(self, ledger_id: str) -> bool:
        """Whether records of a ledger of this id are kept, whether there is such a ledger or not."""
        return self._views.has_facts(ledger_id)

    def residency(self, ledger_id: str) -> Residency:
        """Data version and number of customers, both 0 where there are none."""
        view = self.view(ledger_id)
        if view is None:
            return self._files.residency(ledger_id)
        return Residency(view.version, view.entities(RecordKind.CUSTOMER).batch.rows)

    def column_type(self, ledger_id: str, subject: Subject, attribute_id: str) -> DataType | None:
        """The type of the values that a file's customers or a book's records have for an attribute, or None."""
        view = self.view(ledger_id)
        if view is None:
            return self._files.column_type(ledger_id, subject, attribute_id)
        return held_type(view, subject, attribute_id)

    def unread_column(self, ledger_id: str, subject: Subject, attribute_id: str) -> str | None:
        """The type of a column of this id that was left in the file, or None where there is none."""
        return self._files.unread_column(ledger_id, subject, attribute_id)

    def _take(self, ledger_id: str, view: BookView, moment_us: int | None) -> Taken:
        """The populations of a version; batches of the version before stay where a write was about something else."""
        terms = self._vocabularies.vocabulary(ledger_id).terms
        schemas = tuple(terms[subject].schema for subject in SELECTABLE)
        with self._beginning:
            taking = self._takings.setdefault(ledger_id, Taking())
        return taking.take(view, moment_us, schemas)
