"""The customers and accounts that are resident: out of a ledger's book, or customers out of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa

from segmentd.columns.column import Column
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView, Rows
from segmentd.ledger.population import Population, Populations
from segmentd.ledger.usage import Residency
from segmentd.schema import AttributeSpec, DataType, Schema, Subject


class Views(Protocol):
    """Who knows the books as they are now."""

    def view(self, ledger_id: str) -> BookView | None:
        """The current version of a ledger's facts; None where nothing was ever written."""


class Schemas(Protocol):
    """Who knows the definitions as they are now."""

    def schema(self, ledger_id: str, subject: Subject) -> Schema:
        """The attributes of a subject. Raises LedgerNotFoundError."""


@dataclass(frozen=True, slots=True)
class BookIndex:
    """From ids to rows of one version of a book."""

    view: BookView
    kind: RecordKind

    def rows_of(self, ids: pa.StringArray | Sequence[str]) -> Rows:
        """The row of each id, -1 where nobody has it."""
        return self.view.rows_of(self.kind, ids if isinstance(ids, pa.Array) else pa.array(ids, pa.string()))


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A population and the version that it was taken from."""

    view: BookView
    schema: Schema
    population: Population


class ResidentSubjects:
    """The resident customers and accounts of every ledger, as scoring asks for them. Threads may share it.

    A ledger whose customers were read from a file has those; any other has what its book holds.
    """

    def __init__(self, files: Populations, views: Views, schemas: Schemas) -> None:
        self._files = files
        self._views = views
        self._schemas = schemas
        self._taken: dict[tuple[str, Subject], Taken] = {}

    def find(self, ledger_id: str, subject: Subject = Subject.CUSTOMER) -> Population | None:
        """The current state, the same object while it is; None where there is none."""
        if subject is Subject.CUSTOMER and (read := self._files.find(ledger_id)) is not None:
            return read
        view = self._views.view(ledger_id)
        if view is None:
            return None
        schema = self._schemas.schema(ledger_id, subject)
        taken = self._taken.get((ledger_id, subject))
        if taken is None or taken.view is not view or taken.schema is not schema:
            taken = self._taken[ledger_id, subject] = Taken(view, schema, population_of(view, subject, schema))
        return taken.population

    def view(self, ledger_id: str) -> BookView | None:
        """The facts of a ledger whose customers come from its book; None of any other."""
        return None if self._files.find(ledger_id) is not None else self._views.view(ledger_id)

    def data_version(self, ledger_id: str) -> int:
        """The version of a ledger's facts, or of its customers' file; 0 where there is neither."""
        view = self.view(ledger_id)
        return self._files.data_version(ledger_id) if view is None else view.version

    def residency(self, ledger_id: str) -> Residency:
        """Data version and number of customers, both 0 where there are none."""
        view = self.view(ledger_id)
        if view is None:
            return self._files.residency(ledger_id)
        return Residency(view.version, view.entities(RecordKind.CUSTOMER).batch.rows)

    def column_type(self, ledger_id: str, subject: Subject, attribute_id: str) -> DataType | None:
        """The type of the column of an attribute that a file's customers have; a book's records follow definitions."""
        return self._files.column_type(ledger_id, subject, attribute_id)

    def unread_column(self, ledger_id: str, subject: Subject, attribute_id: str) -> str | None:
        """The type of a column of this id that was left in the file, or None where there is none."""
        return self._files.unread_column(ledger_id, subject, attribute_id)


def population_of(view: BookView, subject: Subject, schema: Schema) -> Population:
    """The customers or accounts of a version. Columns whose type is no longer the attribute's are left out."""
    kind = RecordKind(subject.value)
    entities = view.entities(kind).batch
    if entities.ids is None:
        raise ValueError("the entities of a book have ids")
    columns = {name: column for name, column in entities.columns.items() if _is_given(schema.get(name), column)}
    return Population(replace(entities, columns=columns), entities.ids, view.version, schema, BookIndex(view, kind))


def _is_given(spec: AttributeSpec | None, column: Column) -> bool:
    return spec is not None and spec.expression is None and spec.type == column.type
