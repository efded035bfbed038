"""One batch on its way into the tables: checked, then written, with what it changed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Column
from segmentd.engine.facts.rows import Numbers, Rows
from segmentd.facts.book.changes import Change, joined
from segmentd.facts.book.checked import Checked
from segmentd.facts.book.checking import check
from segmentd.facts.book.currencies import CODES, CURRENCY
from segmentd.facts.book.deleting import delete
from segmentd.facts.book.field import Cells
from segmentd.facts.book.incoming import cells_of
from segmentd.facts.book.ownership import accounts_in, owners_of
from segmentd.facts.book.past import Past
from segmentd.facts.book.pool import ListPool, TextPool
from segmentd.facts.book.table import Table
from segmentd.facts.book.table_view import OWNER, OWNERS
from segmentd.facts.book.tables import Tables, last_of_each
from segmentd.facts.book.written import Written
from segmentd.facts.kinds import OWNER as OWNER_FIELD
from segmentd.facts.kinds import RecordKind
from segmentd.facts.records import RecordBatch, WriteOutcome
from segmentd.schema import STRING, Schema

TAKEN_APART = frozenset({"owners", "owner_roles", CURRENCY})
"""Fields of accounts that are not written as they come."""

_STORED = {"owners": OWNERS}
"""Where fields are kept that go by another name."""


@dataclass(slots=True)
class Staging:
    """What a batch writes into the tables as one version, and what is remembered of before."""

    tables: Tables
    past: Past
    version: int
    customers: list[Numbers] = field(default_factory=list)
    accounts: list[Numbers] = field(default_factory=list)

    def change(self) -> Change:
        """Whose facts were changed."""
        return Change(self.version, joined(self.customers), joined(self.accounts))

    def write(self, batch: RecordBatch, schema: Schema, *, all_or_nothing: bool) -> WriteOutcome:
        """Write a batch; the outcome's version is this one, or the one before where nothing is changed."""
        checked = check(batch, _columns_in(batch, schema), self.tables)
        rejected = checked.rejected.with_others(batch.rejected)
        if all_or_nothing and rejected:
            return WriteOutcome(self.version - 1, rejected=rejected)
        inserted, updated = self._write_records(batch, checked, schema)
        deleted = delete(batch, self.tables, self.version, self.customers, self.accounts)
        if deleted.count:
            self._forget_gone()
        unchanged = len(checked.rejected.right) - inserted - updated
        version = self.version if inserted + updated + deleted.count else self.version - 1
        return WriteOutcome(version, inserted, updated, unchanged, deleted.count, rejected, erased=deleted.erased)

    def _write_records(self, batch: RecordBatch, checked: Checked, schema: Schema) -> tuple[int, int]:
        places = checked.rejected.right
        if not len(places):
            return 0, 0
        table = self.tables[batch.kind]
        table.keep_fields(schema)
        numbers = _numbers(batch, checked, places, table)
        last = last_of_each(numbers)
        places, numbers = places[last], numbers[last]
        given = _cells(batch, checked, places, table)
        written = table.write(numbers, given, self.version)
        self.past.note(table, given, numbers[written.changed], written)
        self._note(batch.kind, table, numbers[written.changed], written)
        return written.inserted, written.updated

    def _forget_gone(self) -> None:
        """What deleted customers and accounts were is forgotten with them."""
        for kind, slots in ((RecordKind.CUSTOMER, self.customers), (RecordKind.ACCOUNT, self.accounts)):
            numbers = joined(slots)
            self.past.forget(kind, numbers[self.tables[kind].find(numbers) < 0])

    def _note(self, kind: RecordKind, table: Table, numbers: Numbers, written: Written) -> None:
        rows = np.concatenate([written.rows, written.old[written.old >= 0]])
        match kind:
            case RecordKind.CUSTOMER:
                self.customers.append(numbers)
            case RecordKind.ACCOUNT:
                self.accounts.append(numbers)
                self.customers.append(owners_of(table, rows))
            case RecordKind.RATE:
                self.accounts.append(accounts_in(self.tables.accounts, table, rows))
            case RecordKind.ENGAGEMENT:
                self.customers.append(table.owners(rows))
            case _:
                self.accounts.append(table.owners(rows))


def _columns_in(batch: RecordBatch, schema: Schema) -> dict[str, Column]:
    """The columns that are fields of the kind, and of their type; an attribute may be another by now."""
    found = {}
    for name, column in batch.records.columns.items():
        spec = schema.get(name)
        if spec is not None and (spec.type == column.type or name in batch.scales):
            found[name] = column
    return found


def _numbers(batch: RecordBatch, checked: Checked, places: Rows, table: Table) -> Numbers:
    """The numbers of the ids of some rows; new ids get theirs."""
    numbers = checked.numbers[places]
    new = np.flatnonzero(numbers < 0)
    ids: pa.StringArray = batch.records.ids
    if len(new):
        numbers[new] = table.ids.add_texts(ids if len(new) == len(ids) else ids.take(pa.array(places[new])))
    return numbers


def _cells(batch: RecordBatch, checked: Checked, places: Rows, table: Table) -> dict[str, Cells]:
    """What is given, by field."""
    given, kind = {}, batch.kind
    for name, column in checked.columns.items():
        if name != OWNER_FIELD.get(kind) and not (kind is RecordKind.ACCOUNT and name in TAKEN_APART):
            kept = table.field(name, column.type)
            given[name] = cells_of(column, places, kept.pool)
    if kind is RecordKind.ACCOUNT:
        given[CURRENCY] = _currency_cells(checked, places, table)
        pool = table.fields[OWNERS].pool
        if checked.owners is not None and isinstance(pool, ListPool):
            given[OWNERS] = checked.owners.cells(places, pool)
    for name, said in batch.said.items():
        if (stored := _STORED.get(name, name)) in given:
            given[stored] = table.filled(stored, given[stored], said[places], checked.old[places])
    if kind in OWNER_FIELD:
        given[OWNER] = Cells(checked.slots[places])
    return given


def _currency_cells(checked: Checked, places: Rows, table: Table) -> Cells:
    pool = table.field(CURRENCY, STRING).pool
    if not isinstance(pool, TextPool):
        raise TypeError("currencies are texts")
    used, place = np.unique(checked.currencies[places], return_inverse=True)
    return Cells(pool.add_texts(pa.array([CODES[number] for number in used], pa.string()))[place])
