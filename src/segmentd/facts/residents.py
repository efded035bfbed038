"""The customers and accounts that are resident: out of a ledger's book, or customers out of a file."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa

from segmentd.columns.column import Batch, Column
from segmentd.engine import Engine
from segmentd.facts.aggregated import Aggregations, Asked, Cancelled, wanted_aggregates
from segmentd.facts.aggregates import AggregateState, Standpoint
from segmentd.facts.held import held_type
from segmentd.facts.history.pasts import KEPT
from segmentd.facts.history.view import AsOf
from segmentd.facts.items import ACCOUNTS, OWNERS, accounts_of, owners_of
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView, Entities, Holdings, Rows
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.ledger.population import Moment, Population, Populations
from segmentd.ledger.usage import Residency
from segmentd.ledger.vocabulary import Vocabularies, Vocabulary
from segmentd.plan import Program
from segmentd.schema import SELECTABLE, AttributeSpec, DataType, Schema, Subject


class Views(Protocol):
    """Who knows the books as they are now."""

    def view(self, ledger_id: str) -> BookView | None:
        """The current version of a ledger's facts; None where nothing was ever written."""

    def view_at(self, ledger_id: str, moment_us: int) -> BookView | None:
        """The current version, with customers, accounts and owners as they were at a moment."""

    def has_facts(self, ledger_id: str) -> bool:
        """Whether records of a ledger of this id are kept, whether there is such a ledger or not."""


@dataclass(frozen=True, slots=True)
class BookIndex:
    """From ids to rows of one version of a book."""

    view: BookView
    kind: RecordKind

    def rows_of(self, ids: pa.StringArray | Sequence[str]) -> Rows:
        """The row of each id, -1 where nobody has it."""
        return self.view.rows_of(self.kind, ids if isinstance(ids, pa.Array) else pa.array(ids, pa.string()))


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """What populations are made of; while all of it is the same, so are their batches."""

    customers: Entities
    accounts: Entities
    holdings: Holdings
    schemas: tuple[Schema, ...]

    def is_same(self, other: Origin) -> bool:
        """Whether both are the very same objects."""
        mine = (self.customers, self.accounts, self.holdings, *self.schemas)
        theirs = (other.customers, other.accounts, other.holdings, *other.schemas)
        return all(one is another for one, another in zip(mine, theirs, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """The populations of a version of a book, and what they were made of."""

    view: BookView
    origin: Origin
    populations: dict[Subject, Population]


class ResidentSubjects:
    """The resident customers and accounts of every ledger, as scoring asks for them. Threads may share it.

    A ledger whose customers were read from a file has those; any other has what its book holds.
    """

    def __init__(self, files: Populations, views: Views, vocabularies: Vocabularies, engine: Engine) -> None:
        self._files = files
        self._aggregations = Aggregations(engine)
        self._views = views
        self._vocabularies = vocabularies
        self._taken: dict[tuple[str, int | None], Taken] = {}
        """By ledger and past moment, None: now."""
        self._taking = threading.Lock()

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

    def followed(self, ledger_id: str) -> tuple[tuple[AggregateState, Mapping[str, CompiledAggregate]], ...]:
        """The states of aggregates that are held of a ledger, each with its aggregates by id."""
        return self._aggregations.followed(ledger_id)

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
        key = ledger_id, moment_us
        with self._taking:
            last = self._taken.get(key)
            if last is not None and last.view is view and last.origin.schemas == schemas:
                return last
            customers, accounts = (view.entities(RecordKind(subject.value)) for subject in SELECTABLE)
            origin = Origin(customers, accounts, view.holdings(), schemas)
            batches = {subject: last.populations[subject].batch for subject in SELECTABLE} if last else {}
            if last is None or not last.origin.is_same(origin):
                batches = batches_of(origin)
            populations = {
                subject: population_of(batch, view, schema)
                for (subject, batch), schema in zip(batches.items(), schemas, strict=True)
            }
            taken = self._taken[key] = Taken(view, origin, populations)
            self._forget_moments(key)
            return taken

    def _forget_moments(self, taken: tuple[str, int | None]) -> None:
        """Keep no more past moments than there may be, those that were taken last."""
        self._taken[taken] = self._taken.pop(taken)
        past = [key for key in self._taken if key[1] is not None]
        for key in past[:-KEPT]:
            del self._taken[key]


def batches_of(origin: Origin) -> dict[Subject, Batch]:
    """The customers with their accounts, and the accounts with their owners."""
    customers, accounts = (
        _typed(entities.batch, schema)
        for entities, schema in zip((origin.customers, origin.accounts), origin.schemas, strict=True)
    )
    held = accounts_of(origin.customers, origin.accounts, origin.holdings, accounts)
    owned = owners_of(origin.customers, origin.accounts, origin.holdings, customers)
    return {
        Subject.CUSTOMER: replace(customers, items={ACCOUNTS: held}),
        Subject.ACCOUNT: replace(accounts, items={OWNERS: owned}),
    }


def population_of(batch: Batch, view: BookView, schema: Schema) -> Population:
    """The customers or accounts of a version."""
    if batch.ids is None:
        raise ValueError("the entities of a book have ids")
    index = BookIndex(view, RecordKind(schema.subject.value))
    return Population(batch, batch.ids, view.version, schema, index, is_past=isinstance(view, AsOf))


def _typed(batch: Batch, schema: Schema) -> Batch:
    """The batch without columns whose type is no longer the attribute's."""
    columns = {name: column for name, column in batch.columns.items() if _is_given(schema.get(name), column)}
    return replace(batch, columns=columns)


def _is_given(spec: AttributeSpec | None, column: Column) -> bool:
    if spec is None or spec.expression is not None or spec.aggregated:
        return False
    return spec.type == column.type
