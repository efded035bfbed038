"""A book of a few arrays: facts as readers see them, some owners of which are only right when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Batch, Column, FixedColumn, TextColumn
from segmentd.columns.planes import pack
from segmentd.columns.zones import start_of_days
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import Changes, Entities, Holdings, Items, Rows, Slots
from segmentd.ledger.fields import money
from segmentd.schema import DATE, DataType

CURRENCY: Final = "CZK"

Made = TypeVar("Made")


@dataclass(frozen=True)
class Account:
    """An account as a test tells it. `owners` are indexes of customers with their roles; days count from 1970."""

    owners: tuple[tuple[int, str], ...] = ()
    kind: str | None = None
    currency: str | None = None
    institution: str | None = None
    opened: int | None = None
    closed: int | None = None
    balance: int | None = None
    tier: str | None = None


@dataclass(frozen=True)
class Seen:
    """A transaction or a snapshot: whose, when, and the balance, None where there is none. `rated`: there is a rate."""

    account: int
    time_us: int
    balance: int | None
    rated: bool = True


@dataclass
class ArrayBook:
    """A BookView over lists. Slot i is account or customer i; `stale` accounts are wrong in `sorted_items`."""

    customers: int
    accounts: Sequence[Account]
    transactions: Sequence[Seen] = ()
    snapshots: Sequence[Seen] = ()
    regions: Sequence[str | None] = ()
    stale: frozenset[int] = frozenset()
    time_zone: str = "Europe/Prague"
    ledger_id: str = "main"
    version: int = 7
    _kept: dict[Any, Any] = field(default_factory=dict)

    def entities(self, kind: RecordKind) -> Entities:
        """The customers with their regions, or the accounts with their fields."""
        return kept(self._kept, ("entities", kind), lambda: self._entities(kind))

    def _entities(self, kind: RecordKind) -> Entities:
        rows = self.customers if kind is RecordKind.CUSTOMER else len(self.accounts)
        ids = pa.array([f"{kind.value[0]}{row}" for row in range(rows)], pa.string())
        columns = self._customers() if kind is RecordKind.CUSTOMER else self._accounts()
        slots = np.arange(rows, dtype=np.int32)
        return Entities(kind, Batch(rows, columns, ids), slots, slots)

    def _customers(self) -> dict[str, Column]:
        return {"region": texts(list(self.regions or [None] * self.customers))}

    def _accounts(self) -> dict[str, Column]:
        columns: dict[str, Column] = {
            name: texts([getattr(each, name) for each in self.accounts])
            for name in ("kind", "currency", "institution", "tier")
        }
        for name in ("opened", "closed"):
            columns[name] = numbers(DATE, [getattr(each, name) for each in self.accounts], self.time_zone)
        columns["balance"] = numbers(money(CURRENCY), [each.balance for each in self.accounts])
        return columns

    def holdings(self) -> Holdings:
        """Who owns which accounts."""
        return kept(self._kept, "holdings", self._holdings)

    def _holdings(self) -> Holdings:
        names = sorted({role for each in self.accounts for _, role in each.owners})
        links = sorted(
            (customer, account, names.index(role))
            for account, each in enumerate(self.accounts)
            for customer, role in each.owners
        )
        owners = np.array([customer for customer, _, _ in links], np.int64)
        return Holdings(
            np.searchsorted(owners, np.arange(self.customers + 1)).astype(np.int64),
            np.array([account for _, account, _ in links], np.int32),
            np.array([role for _, _, role in links], np.int16),
            tuple(names),
        )

    def sorted_items(self, kind: RecordKind) -> Items:
        """The facts of all accounts; those of stale ones have wrong balances."""
        return kept(self._kept, ("items", kind), lambda: self._items(kind, range(len(self.accounts)), self.stale))

    def touched(self, kind: RecordKind) -> Slots:  # noqa: ARG002 - both kinds alike
        """The stale accounts."""
        return np.array(sorted(self.stale), np.int32)

    def items_of(self, kind: RecordKind, owners: Slots) -> Items:
        """The facts of some accounts."""
        return self._items(kind, owners.tolist(), frozenset())

    def _items(self, kind: RecordKind, owners: Sequence[int], wrong: frozenset[int]) -> Items:
        seen = self.transactions if kind is RecordKind.TRANSACTION else self.snapshots
        by_owner: dict[int, list[Seen]] = {owner: [] for owner in owners}
        for each in sorted(seen, key=lambda each: each.time_us):
            if each.account in by_owner:
                by_owner[each.account].append(each)
        items = [each for owner in owners for each in by_owner[owner]]
        balances = [
            (999 if each.account in wrong else each.balance) if each.balance is not None and each.rated else None
            for each in items
        ]
        amounts = [1 if each.rated else None for each in items]
        values = numbers(money(CURRENCY), balances)
        named = {"balance_after": values, "amount": numbers(money(CURRENCY), amounts)}
        columns = named if kind is RecordKind.TRANSACTION else {"amount": values}
        offsets = np.cumsum([0, *(len(by_owner[owner]) for owner in owners)], dtype=np.int64)
        return Items(kind, offsets, np.array([each.time_us for each in items], np.int64), Batch(len(items), columns))

    def rows_of(self, kind: RecordKind, ids: pa.StringArray) -> Rows:  # noqa: ARG002 - ids are numbered
        """The number in the id."""
        return np.array([int(each[1:]) for each in ids.to_pylist()], np.int64)

    def changes_since(self, version: int) -> Changes | None:  # noqa: ARG002 - as the contract has it
        """Nobody remembers."""
        return None


def kept(found: dict[Any, Any], key: Any, make: Callable[[], Made]) -> Made:
    """What was made for the key, or is made now: a version's parts stay the same objects."""
    if key not in found:
        found[key] = make()
    made: Made = found[key]
    return made


def numbers(type_: DataType, values: Sequence[int | None], time_zone: str = "UTC") -> FixedColumn:
    """A column of whole numbers; days, of a DATE, become the moments that they start in the zone."""
    found = np.array([0 if value is None else value for value in values], np.int64)
    there = np.array([value is not None for value in values], np.bool_)
    return FixedColumn(type_, start_of_days(found, time_zone) if type_ == DATE else found, pack(there))


def texts(values: Sequence[str | None]) -> TextColumn:
    """A column of text, whose dictionary is not sorted, and has a text that no row has."""
    distinct = ["nowhere", *dict.fromkeys(value for value in values if value is not None)]
    places = {value: place for place, value in enumerate(distinct)}
    codes = [len(distinct) if value is None else places[value] for value in values]
    return TextColumn(np.array(codes, np.int32), pa.array(distinct, pa.string()))
