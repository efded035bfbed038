"""What a reader sees of a ledger's facts: one version, which never changes, as arrays.

Customers and accounts have *slots*: dense numbers that stay theirs as long as a book is open. Facts are found by the
slot of their *owner*: the account of transactions and balances, the customer of engagements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import Batch
from segmentd.facts.kinds import RecordKind

Slots = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """Facts of one kind, by owner and time.

    `offsets[owners + 1]`: those of the owner at place i are the rows `offsets[i]` to before `offsets[i + 1]`.
    `times[rows]`: microseconds since 1970, ascending within an owner, equal ones in the order of arrival. `batch`: the
    fields and attributes as expressions read them, with amounts in the ledger's currency, missing where there is no
    rate.
    """

    kind: RecordKind
    offsets: Rows
    times: Times
    batch: Batch


@dataclass(frozen=True, slots=True, eq=False)
class Entities:
    """The customers or accounts, a row each, in the order of their slots.

    `slots[rows]`: the slot of each row. `row_of[slot_count]`: the row of each slot, -1 where there is nobody any more.
    `batch`: ids, and fields and attributes as expressions read them.
    """

    kind: RecordKind
    batch: Batch
    slots: Slots
    row_of: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """Which accounts are whose: those of the customer in slot i are the slots `accounts[offsets[i]:offsets[i + 1]]`.

    `roles`: for each of them the index of the customer's role in `role_names`.
    """

    offsets: Rows
    accounts: Slots
    roles: npt.NDArray[np.int16]
    role_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Whose facts, records or accounts changed between two versions, ascending: slots of customers and of accounts.

    An account's owners, before and after, are among the customers.
    """

    customers: Slots
    accounts: Slots


class BookView(Protocol):
    """One version of a ledger's facts. Threads may share it; what it gives out never changes."""

    @property
    def ledger_id(self) -> str:
        """The ledger."""

    @property
    def version(self) -> int:
        """The data version: how many batches were written."""

    def entities(self, kind: RecordKind) -> Entities:
        """The customers or the accounts."""

    def holdings(self) -> Holdings:
        """Who owns which accounts."""

    def sorted_items(self, kind: RecordKind) -> Items:
        """The facts of all owners, a place for every slot, but out of date for `touched` ones. Takes no copy."""

    def touched(self, kind: RecordKind) -> Slots:
        """The owners whose facts are not right in `sorted_items`, ascending: ask `items_of` for them."""

    def items_of(self, kind: RecordKind, owners: Slots) -> Items:
        """The facts of some owners, in the order asked for, gathered."""

    def rows_of(self, kind: RecordKind, ids: pa.StringArray) -> Rows:
        """The rows of customers or accounts in `entities`, -1 where the ledger lacks them."""

    def changes_since(self, version: int) -> Changes | None:
        """What changed after a version; None where that is too long ago to be known."""
