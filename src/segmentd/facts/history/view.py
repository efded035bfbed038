"""A version of a book as of a past moment: the same facts, and the records of customers and accounts as they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.engine.facts.rows import Numbers
from segmentd.facts.book.past import REMEMBERED
from segmentd.facts.book.view import View
from segmentd.facts.history.columns import patched, places_of
from segmentd.facts.kinds import RecordKind
from segmentd.facts.past_values import OWNERS, PastValues
from segmentd.facts.views import Changes, Entities, Holdings, Items, Rows, Slots


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """What records were at a moment."""

    entities: Mapping[RecordKind, Entities]
    holdings: Holdings


@dataclass(frozen=True, slots=True, eq=False)
class AsOf:
    """A view whose customers, accounts and owners are those of a moment. Rows, slots and facts are the view's own."""

    view: View
    records: Records

    @property
    def ledger_id(self) -> str:
        """The ledger."""
        return self.view.ledger_id

    @property
    def version(self) -> int:
        """The data version, of which the past is a part."""
        return self.view.version

    def entities(self, kind: RecordKind) -> Entities:
        """The customers or the accounts as they were."""
        return self.records.entities[kind]

    def holdings(self) -> Holdings:
        """Who owned which accounts."""
        return self.records.holdings

    def sorted_items(self, kind: RecordKind) -> Items:
        """The facts of all owners."""
        return self.view.sorted_items(kind)

    def touched(self, kind: RecordKind) -> Slots:
        """The owners whose facts are not right in `sorted_items`."""
        return self.view.touched(kind)

    def items_of(self, kind: RecordKind, owners: Slots) -> Items:
        """The facts of some owners, in the order asked for."""
        return self.view.items_of(kind, owners)

    def rows_of(self, kind: RecordKind, ids: pa.StringArray) -> Rows:
        """The rows of customers or accounts in `entities`."""
        return self.view.rows_of(kind, ids)

    def changes_since(self, version: int) -> Changes | None:
        """What changed after a version; among the customers are those, too, who owned the accounts at the moment.

        None also where an account was deleted: who owned it then is not known any more.
        """
        changes = self.view.changes_since(version)
        if changes is None or not len(changes.accounts):
            return changes
        holdings, row_of = self.records.holdings, self.records.entities[RecordKind.ACCOUNT].row_of
        if (row_of[changes.accounts] < 0).any():
            return None
        changed = np.zeros(self.view.tables[RecordKind.ACCOUNT].ids.count, np.bool_)
        changed[changes.accounts] = True
        places = np.flatnonzero(changed[holdings.accounts])
        owners = np.searchsorted(holdings.offsets, places, side="right") - 1
        return Changes(np.union1d(changes.customers, owners).astype(np.int32), changes.accounts)


def records_of(view: View, past: Sequence[PastValues]) -> Records | None:
    """What the records of a view were, by a value a record and field; None where it is what they are."""
    if not past:
        return None
    return Records({kind: _patched(view, kind, past) for kind in REMEMBERED}, _holdings(view, past))


def _patched(view: View, kind: RecordKind, past: Sequence[PastValues]) -> Entities:
    entities = view.entities(kind)
    columns = dict(entities.batch.columns)
    for each in past:
        column, kept = columns.get(each.name), view.tables[kind].fields.get(each.name)
        if each.kind is kind and column is not None and kept is not None and kept.type == each.type:
            columns[each.name] = patched(column, each, entities, view)
    if all(columns[name] is column for name, column in entities.batch.columns.items()):
        return entities
    return replace(entities, batch=replace(entities.batch, columns=columns))


def _holdings(view: View, past: Sequence[PastValues]) -> Holdings:
    found = next((each for each in past if each.name == OWNERS), None)
    if found is None:
        return view.holdings()
    accounts = view.entities(RecordKind.ACCOUNT)
    places = places_of(found, accounts, view)
    lists, now = found.values.take(pa.array(places.chosen)), view.owner_lists()
    owners = lists.flatten()
    slots = view.tables[RecordKind.CUSTOMER].ids.find(owners.take(pa.array(np.arange(0, len(owners), 2))))
    row_of = view.entities(RecordKind.CUSTOMER).row_of
    known = (slots >= 0) & (row_of[slots] >= 0) if len(row_of) else np.zeros(len(slots), np.bool_)
    codes, roles = _roles(owners.take(pa.array(np.arange(1, len(owners), 2))), now.roles)
    of = np.repeat(np.arange(len(lists)), pc.list_value_length(lists).to_numpy(zero_copy_only=False) // 2)
    sizes = 2 * np.bincount(of[known], minlength=len(lists))
    pairs = np.stack([slots[known], codes[known]], axis=1).ravel().astype(np.int32)
    return now.with_lists(accounts.slots[places.rows], sizes.astype(np.int32), pairs, roles).holdings()


def _roles(texts: pa.StringArray, known: tuple[str, ...]) -> tuple[Numbers, tuple[str, ...]]:
    """Roles by number, those that are not known after the others."""
    new = [text for text in texts.unique().to_pylist() if text not in known]
    roles = (*known, *new)
    return pc.index_in(texts, value_set=pa.array(roles, pa.string())).to_numpy(zero_copy_only=False), roles
