"""The resident customers of a ledger: a batch, who is in which row, and how it agrees with the ledger's attributes."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import pyarrow as pa

from segmentd.columns.column import Batch
from segmentd.columns.constant import constant_column, fill_missing
from segmentd.columns.gather import gather
from segmentd.errors import ErrorReason, SegmentdError, Status
from segmentd.ledger.index import IdIndex, Rows
from segmentd.ledger.model import Attribute
from segmentd.ledger.usage import Residency
from segmentd.schema import ITEMS, AttributeSpec, DataType, Kind, Schema, Subject

_KEPT_COMPLETIONS = 4
"""Sets of default values whose columns are kept: definitions change seldom, and calls in flight hold the one before."""


class PopulationMismatchError(SegmentdError):
    """The population's file disagrees with the ledger's attributes."""

    reason = ErrorReason.POPULATION_MISMATCH
    status = Status.FAILED_PRECONDITION

    def __init__(self, column: str, *, given: str, expected: str) -> None:
        super().__init__(
            f"column {column!r} of the population is {given}, and the ledger's attribute is {expected}",
            column=column,
            given=given,
            expected=expected,
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """What `now` means, in microseconds since 1970. `is_moving`: it is the moment of asking, whatever that is."""

    now_us: int
    is_moving: bool = False


class Index(Protocol):
    """Who is in which row."""

    def rows_of(self, ids: pa.StringArray | Sequence[str]) -> Rows:
        """The row of each id, -1 where nobody has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """One state of a ledger's customers or accounts. Rows are numbered within it. Threads may share it.

    `unread` are the columns that were left in the file, by id: the only type of attribute that could be read from each,
    or a type that no attribute has. `is_past`: of a moment before something was replaced, and not as things are now.
    """

    batch: Batch
    ids: pa.StringArray
    data_version: int
    schema: Schema
    index: Index
    unread: Mapping[str, str] = field(default_factory=dict)
    is_past: bool = False
    _completed: dict[tuple[object, ...], Batch] = field(default_factory=dict, repr=False)
    _completing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        if len(self.ids) != self.batch.rows:
            raise ValueError(f"{len(self.ids)} ids do not name {self.batch.rows} rows")

    def rows_of(self, ids: pa.StringArray | Sequence[str]) -> Rows:
        """The row of each id, -1 where the ledger lacks it."""
        return self.index.rows_of(ids)

    def select(self, rows: Rows, attributes: Collection[str] | None = None) -> Batch:
        """The batch of some rows in any order; a row of -1 has no values. `attributes`: the columns wanted."""
        return gather(self.batch, rows, attributes)

    def with_defaults(self, attributes: Iterable[Attribute]) -> Population:
        """The population with the default values of attributes where there is no value, of its items too.

        An attribute that was added after the population was read, or that its file lacks, gets a column of its
        default. The columns are built once for each set of defaults; other threads wait for them.
        """
        there = {self.schema.subject, *(self._items()[name] for name in self.batch.items)}
        defaults = [each for each in attributes if each.default is not None and each.subject in there]
        if not defaults:
            return self
        key = tuple((attribute.subject, attribute.spec, attribute.default) for attribute in defaults)
        with self._completing:
            batch = self._completed.get(key)
            if batch is None:
                batch = self._complete(defaults)
                if len(self._completed) >= _KEPT_COMPLETIONS:
                    del self._completed[next(iter(self._completed))]
                self._completed[key] = batch
        return replace(self, batch=batch)

    def _complete(self, attributes: Sequence[Attribute]) -> Batch:
        batch = self._completed_batch(self.batch, self.schema.subject, attributes)
        items = {
            name: replace(of, batch=self._completed_batch(of.batch, self._items()[name], attributes))
            for name, of in batch.items.items()
        }
        return replace(batch, items=items)

    def _items(self) -> Mapping[str, Subject]:
        return ITEMS.get(self.schema.subject, {})

    def _completed_batch(self, batch: Batch, subject: Subject, attributes: Sequence[Attribute]) -> Batch:
        """The batch with the defaults of a subject's attributes; the same one where it has none."""
        own = [attribute for attribute in attributes if attribute.subject is subject]
        if not own:
            return batch
        columns, rows, zone = dict(batch.columns), batch.rows, self.schema.time_zone
        for attribute in own:
            spec, value = attribute.spec, attribute.default
            if value is None:
                continue
            column = columns.get(spec.id)
            if column is None:
                columns[spec.id] = constant_column(spec, value, rows, time_zone=zone)
            else:
                columns[spec.id] = fill_missing(spec, column, value, rows, time_zone=zone)
        return Batch(rows, columns, batch.ids, items=batch.items)


def build_population(
    batch: Batch, *, id_column: str, data_version: int, schema: Schema, unread: Mapping[str, str] | None = None
) -> Population:
    """The population of a batch with ids. InvalidValueError, naming `id_column`, for an id that occurs twice."""
    if batch.ids is None:
        raise ValueError("a population has ids")
    return Population(batch, batch.ids, data_version, schema, IdIndex(batch.ids, column=id_column), unread or {})


def check_against(schema: Schema, inferred: Iterable[AttributeSpec]) -> None:
    """PopulationMismatchError for the first attribute of a file that the ledger's one of the same id cannot hold.

    What the values decide, such as whether doubles are decimals, is found when the batch is built.
    """
    for spec in inferred:
        stored = schema.get(spec.id)
        if stored is None:
            continue
        if stored.expression is not None:
            raise PopulationMismatchError(spec.id, given=str(spec.type), expected="computed")
        if not can_hold(stored.type, spec.type):
            raise PopulationMismatchError(spec.id, given=str(spec.type), expected=str(stored.type))


def names_currency(before: DataType, after: DataType) -> bool:
    """Whether a type only says in which currency amounts are that had none: the values stay what they are."""
    amounts = before.kind is Kind.DECIMAL and after.kind is Kind.DECIMAL
    return amounts and before.scale == after.scale and not before.currency


def can_hold(stored: DataType, given: DataType) -> bool:
    """Whether an attribute of a type can hold a file's column that suggests another, values permitting."""
    match stored.kind, given.kind:
        case Kind.DECIMAL, Kind.DECIMAL:
            return given.scale <= stored.scale and given.currency in ("", stored.currency)
        case (Kind.DECIMAL, Kind.INT64 | Kind.DOUBLE) | (Kind.DOUBLE, Kind.INT64):
            return True
        case (Kind.DATE, Kind.TIMESTAMP) | (Kind.TIMESTAMP, Kind.DATE):
            return True
        case one, other:
            return one is other


class Populations:
    """The customers of each ledger that were read from a file; a reader keeps the state that it found."""

    def __init__(self) -> None:
        self._current: Mapping[str, Population] = {}

    def find(
        self,
        ledger_id: str,
        subject: Subject = Subject.CUSTOMER,
        moment: Moment | None = None,  # noqa: ARG002 - what a file says has no time
    ) -> Population | None:
        """The current state, or None where the ledger has no resident population; a file holds no accounts."""
        return self._current.get(ledger_id) if subject is Subject.CUSTOMER else None

    def has_facts(self, _ledger_id: str) -> bool:
        """Never: a file holds no records."""
        return False

    def data_version(self, ledger_id: str) -> int:
        """The version of the file, 0 where there is none."""
        population = self.find(ledger_id)
        return 0 if population is None else population.data_version

    def view(self, ledger_id: str) -> None:
        """The facts that customers come from: those of a file come from none."""

    def put(self, ledger_id: str, population: Population) -> None:
        """Make a population the current one of its ledger, for every reader at once."""
        self._current = {**self._current, ledger_id: population}

    def complete(self, population: Population, *_: object) -> Population:
        """The population: of aggregated attributes a file has nothing to compute them from."""
        return population

    def column_type(self, ledger_id: str, subject: Subject, attribute_id: str) -> DataType | None:
        """The type of the column of an attribute, or None where there is none. Residents are customers."""
        population = self.find(ledger_id, subject)
        column = None if population is None else population.batch.columns.get(attribute_id)
        return None if column is None else column.type

    def unread_column(self, ledger_id: str, subject: Subject, attribute_id: str) -> str | None:
        """The type of a column of this id that was left in the file, or None where there is none."""
        population = self.find(ledger_id, subject)
        return None if population is None else population.unread.get(attribute_id)

    def residency(self, ledger_id: str) -> Residency:
        """Data version and number of customers, both 0 without a population."""
        population = self.find(ledger_id)
        return Residency() if population is None else Residency(population.data_version, population.batch.rows)
