"""One version of a book, as readers get it: see `facts/views.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Batch, Column
from segmentd.facts.book.changes import ChangeLog, joined
from segmentd.facts.book.exchange import Exchange, exchange_of
from segmentd.facts.book.field import Cells, FieldView, column_of
from segmentd.facts.book.owner_lists import OwnerLists
from segmentd.facts.book.ownership import owners_in_lists
from segmentd.facts.book.past import PastView
from segmentd.facts.book.pool import ListPoolView, numbers_of
from segmentd.facts.book.table_view import OWNER, OWNERS, TableView
from segmentd.facts.kinds import AMOUNT, FIELDS, RecordKind
from segmentd.facts.kinds import OWNER as OWNER_FIELD
from segmentd.facts.views import Changes, Entities, Holdings, Items, Rows, Slots
from segmentd.ledger.fields import money
from segmentd.ledger.model import Ledger

HIDDEN: Final = frozenset({"consent_times"})
"""Fields that expressions do not read."""


@dataclass(frozen=True, eq=False)
class View:
    """One version of a ledger's facts, and `past`: what of their past no file has. Threads may share it."""

    ledger: Ledger
    version: int
    tables: Mapping[RecordKind, TableView]
    log: ChangeLog
    past: PastView = field(default_factory=PastView)

    @property
    def ledger_id(self) -> str:
        """The ledger."""
        return self.ledger.id

    def entities(self, kind: RecordKind) -> Entities:
        """The customers or the accounts."""
        table = self.tables[kind]
        return table.kept("entities", self._exchange, lambda: self._gather_entities(table))

    def holdings(self) -> Holdings:
        """Who owns which accounts."""
        found = self.tables[RecordKind.ACCOUNT].kept("holdings", None, lambda: self.owner_lists().holdings())
        customers = self.tables[RecordKind.CUSTOMER].ids.count
        if len(found.offsets) == customers + 1:
            return found
        return replace(found, offsets=_padded(found.offsets, customers))

    def sorted_items(self, kind: RecordKind) -> Items:
        """The facts of all owners, a place for every slot, but out of date for `touched` ones."""
        table = self.tables[kind]
        if table.chains is None:
            raise ValueError(f"a {kind} has no owner")
        columns = {name: self._prefix_column(table, name, field) for name, field in _read(table)}
        offsets = _padded(table.chains.offsets, self._owners(kind).ids.count)
        times = table.fields[_time(table)].prefix.values
        return Items(kind, offsets, times, Batch(table.prefix_rows, columns))

    def touched(self, kind: RecordKind) -> Slots:
        """The owners whose facts are not right in `sorted_items`, ascending."""
        return self.tables[kind].touched

    def items_of(self, kind: RecordKind, owners: Slots) -> Items:
        """The facts of some owners, in the order asked for."""
        table = self.tables[kind]
        found = table.order(owners)
        columns = {name: self._gathered(table, name, field, found.rows) for name, field in _read(table)}
        return Items(kind, found.starts, found.times, Batch(len(found.rows), columns))

    def rows_of(self, kind: RecordKind, ids: pa.StringArray) -> Rows:
        """The rows of customers or accounts in `entities`, -1 where the ledger lacks them."""
        numbers = self.tables[kind].ids.find(ids)
        row_of = self.entities(kind).row_of
        return np.where(numbers >= 0, row_of[numbers], -1).astype(np.int64) if len(row_of) else numbers.astype(np.int64)

    def changes_since(self, version: int) -> Changes | None:
        """What changed after a version; None where that is too long ago to be known."""
        changes = self.log.after(version)
        if changes is None:
            return None
        accounts = joined([change.accounts for change in changes])
        customers = [change.customers for change in changes]
        return Changes(joined([*customers, self.owners_of(accounts)]), accounts)

    def owners_of(self, accounts: Slots) -> Slots:
        """The customers who own some accounts, ascending."""
        table = self.tables[RecordKind.ACCOUNT]
        field, rows = table.fields[OWNERS], table.by_number[accounts]
        if not isinstance(field.pool, ListPoolView):
            raise TypeError("owners are lists")
        return owners_in_lists(field.cells(rows[rows >= 0]).values, field.pool.lists)

    def owner_lists(self) -> OwnerLists:
        """Each account's owners, as they are kept."""
        table = self.tables[RecordKind.ACCOUNT]
        kept = table.fields[OWNERS]
        if not isinstance(kept.pool, ListPoolView):
            raise TypeError("owners are lists")
        lists = np.full(table.ids.count, -1, np.int32)
        lists[table.by_number >= 0] = kept.cells(table.rows).values
        offsets, pairs = numbers_of(kept.pool.lists)
        roles = tuple(kept.pool.elements.texts().to_pylist())
        return OwnerLists(lists, offsets, pairs, roles, self.tables[RecordKind.CUSTOMER].ids.count)

    def latest_amounts(self, cells: Cells, accounts: Slots) -> Column:
        """Amounts in the currencies of accounts as ones in the ledger's, by the last rates that there are."""
        return self._money(cells if self._exchange is None else self._exchange.latest(cells, accounts))

    @cached_property
    def _exchange(self) -> Exchange | None:
        accounts, rates = self.tables[RecordKind.ACCOUNT], self.tables[RecordKind.RATE]
        return accounts.kept("exchange", rates, lambda: exchange_of(accounts, rates, self.ledger))

    def _gather_entities(self, table: TableView) -> Entities:
        rows = table.rows
        slots = np.flatnonzero(table.by_number >= 0).astype(np.int32)
        row_of = np.full(table.ids.count, -1, np.int32)
        row_of[slots] = np.arange(len(slots), dtype=np.int32)
        columns = {name: self._entity_column(table, name, field, slots) for name, field in _read(table)}
        return Entities(table.kind, Batch(len(rows), columns, table.ids_of(slots)), slots, row_of)

    def _entity_column(self, table: TableView, name: str, field: FieldView, slots: Slots) -> Column:
        if not is_amount(table.kind, name):
            return field.column() if table.is_prefix else field.gather(table.rows)
        return self.latest_amounts(field.cells(table.rows), slots)

    def _prefix_column(self, table: TableView, name: str, field: FieldView) -> Column:
        if not is_amount(table.kind, name):
            return field.column()
        by = None if self._exchange is None else self.tables[RecordKind.RATE]
        column = field.prefix.converted(by)
        if column is None:
            cells = Cells(field.prefix.values, field.prefix.present)
            if self._exchange is not None:
                times = table.fields[_time(table)].prefix.values
                cells = self._exchange.at(cells, table.fields[OWNER].prefix.values, times)
            column = self._money(cells)
            field.prefix.keep_converted(by, column)
        return column

    def _gathered(self, table: TableView, name: str, field: FieldView, rows: Rows) -> Column:
        if not is_amount(table.kind, name):
            return field.gather(rows)
        cells = field.cells(rows)
        if self._exchange is not None:
            owners, times = table.fields[OWNER].cells(rows).values, table.fields[_time(table)].cells(rows).values
            cells = self._exchange.at(cells, owners, times)
        return self._money(cells)

    def _money(self, cells: Cells) -> Column:
        return column_of(money(self.ledger.currency_code), cells, None)

    def _owners(self, kind: RecordKind) -> TableView:
        return self.tables[RecordKind(OWNER_FIELD[kind])]


def _read(table: TableView) -> list[tuple[str, FieldView]]:
    return [(name, field) for name, field in table.named() if name not in HIDDEN]


def is_amount(kind: RecordKind, name: str) -> bool:
    """Whether a field is an amount in the currency of its account."""
    return FIELDS[kind].get(name) == AMOUNT


def _time(table: TableView) -> str:
    return "booking_time" if table.kind is RecordKind.TRANSACTION else "time"


def _padded(offsets: Rows, owners: int) -> Rows:
    """The offsets of so many owners; those whom the prefix does not know have nothing there."""
    lacking = owners + 1 - len(offsets)
    return offsets[: owners + 1] if lacking <= 0 else np.concatenate([offsets, np.full(lacking, offsets[-1])])
