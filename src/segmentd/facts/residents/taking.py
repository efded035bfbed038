"""The customers and accounts of a ledger's book as populations, now and as of past moments."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from segmentd.columns.column import Batch, Column
from segmentd.facts.history.pasts import KEPT
from segmentd.facts.history.view import AsOf
from segmentd.facts.kinds import RecordKind
from segmentd.facts.residents.items import ACCOUNTS, OWNERS, accounts_of, owners_of
from segmentd.facts.views import BookView, Entities, Holdings, Rows
from segmentd.ledger.population import Population
from segmentd.schema import SELECTABLE, AttributeSpec, Schema, Subject


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


@dataclass(frozen=True, slots=True, eq=False)
class _Batches:
    """What is kept of populations that are not of the last version: nothing of the facts that go with them."""

    origin: Origin
    by_subject: Mapping[Subject, Batch]


class Taking:
    """The populations of one ledger, that of now and those of the past moments that were taken last.

    Threads may share it: one makes them, others who ask of this ledger wait.
    """

    def __init__(self) -> None:
        self._taken: dict[int | None, Taken] = {}
        self._batches: OrderedDict[int | None, _Batches] = OrderedDict()
        self._making = threading.Lock()

    def take(self, view: BookView, moment_us: int | None, schemas: tuple[Schema, ...]) -> Taken:
        """Those of a version, as of a moment, None: now; the same object while it is.

        Batches of the version before stay where a write was about something else.
        """
        with self._making:
            last = self._taken.get(moment_us)
            if last is not None and last.view is view and last.origin.schemas == schemas:
                return last
            return self._make(view, moment_us, schemas)

    def _make(self, view: BookView, moment_us: int | None, schemas: tuple[Schema, ...]) -> Taken:
        customers, accounts = (view.entities(RecordKind(subject.value)) for subject in SELECTABLE)
        origin = Origin(customers, accounts, view.holdings(), schemas)
        before = self._batches.get(moment_us)
        is_same = before is not None and before.origin.is_same(origin)
        batches = before.by_subject if before is not None and is_same else batches_of(origin)
        populations = {
            subject: population_of(batches[subject], view, schema)
            for subject, schema in zip(SELECTABLE, schemas, strict=True)
        }
        taken = Taken(view, origin, populations)
        self._keep(moment_us, taken, batches)
        return taken

    def _keep(self, moment_us: int | None, taken: Taken, batches: Mapping[Subject, Batch]) -> None:
        """Keep none of earlier versions, whose facts take memory, and of past moments no more than there may be."""
        version = taken.view.version
        if any(each.view.version > version for each in self._taken.values()):
            return  # a call that began before a write
        self._taken = {moment: each for moment, each in self._taken.items() if each.view.version == version}
        self._taken[moment_us] = taken
        self._batches[moment_us] = _Batches(taken.origin, batches)
        self._batches.move_to_end(moment_us)
        past = [moment for moment in self._batches if moment is not None]
        for moment in past[:-KEPT]:
            del self._batches[moment]
            self._taken.pop(moment, None)


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
