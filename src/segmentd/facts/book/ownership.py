"""Accounts' owners in a batch: lists of customers and of their roles, as lists of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.columns.column import ListColumn
from segmentd.engine.facts.rows import Numbers, Rows
from segmentd.facts.book.currencies import currencies_of_accounts
from segmentd.facts.book.field import Cells
from segmentd.facts.book.pool import ListPool, PoolView, bytes_of_numbers, numbers_of
from segmentd.facts.book.table import Table
from segmentd.facts.book.table_view import OWNERS

DEFAULT_ROLE: Final = "OWNER"
"""The role of an owner of whom nothing else is said."""

Offsets = npt.NDArray[np.int64]
Wrong = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Owners:
    """The owners that a batch gives to accounts: by distinct list, the customers' slots, -1 for unknown ones."""

    column: ListColumn
    roles: ListColumn | None
    slots: Numbers
    offsets: Offsets

    @property
    def unknown(self) -> Wrong:
        """Which rows name a customer that the ledger lacks."""
        return self._any(self.slots < 0)

    @property
    def repeated(self) -> Wrong:
        """Which rows name a customer twice."""
        lists = np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))
        order = np.lexsort((self.slots, lists))
        same = np.zeros(len(order), np.bool_)
        same[order[1:]] = (np.diff(lists[order]) == 0) & (np.diff(self.slots[order]) == 0)
        return self._any(same & (self.slots >= 0))

    @property
    def uneven(self) -> Wrong:
        """Which rows have another number of roles than of owners."""
        if self.roles is None:
            return np.zeros(len(self.column.codes), np.bool_)
        return np.asarray(np.diff(self.offsets)[self.column.codes] != self.role_counts)

    @property
    def role_counts(self) -> Offsets:
        """The number of roles by row."""
        if self.roles is None:
            return np.zeros(0, np.int64)
        return np.asarray(np.diff(_offsets(self.roles.dictionary))[self.roles.codes])

    def first_unknown(self, row: int) -> str:
        """The first customer of a row that the ledger lacks."""
        code = int(self.column.codes[row])
        slots = self.slots[self.offsets[code] : self.offsets[code + 1]]
        return str(self.column.dictionary[code].as_py()[int((slots < 0).argmax())])

    def cells(self, places: npt.NDArray[np.int64], pool: ListPool) -> Cells:
        """The lists of pairs of some rows, which are right."""
        elements, offsets = _ranges(self.offsets, self.column.codes[places])
        pairs = np.empty(2 * len(elements), np.int32)
        pairs[::2] = self.slots[elements]
        pairs[1::2] = self._roles(places, len(elements), pool)
        return Cells(pool.lists.add(bytes_of_numbers(pairs, (2 * offsets).astype(np.int32))))

    def _roles(self, places: npt.NDArray[np.int64], count: int, pool: ListPool) -> Numbers:
        if self.roles is None:
            return np.repeat(pool.elements.add_texts(pa.array([DEFAULT_ROLE], pa.string())), count)
        given = self.roles.dictionary.flatten()
        texts = pc.if_else(pc.equal(given, ""), DEFAULT_ROLE, given)
        elements, _ = _ranges(_offsets(self.roles.dictionary), self.roles.codes[places])
        return pool.elements.add_texts(texts)[elements]

    def _any(self, of_elements: Wrong) -> Wrong:
        """Which rows have an element for which it is true."""
        counts = np.concatenate([[0], np.cumsum(of_elements)])
        return np.asarray((counts[self.offsets[1:]] > counts[self.offsets[:-1]])[self.column.codes])


def owners_in(column: ListColumn, roles: ListColumn | None, customers: Table) -> Owners:
    """The owners of a batch, looked up."""
    numbers = customers.ids.find(column.dictionary.flatten())
    slots = np.where(customers.find(numbers) >= 0, numbers, np.int32(-1))
    return Owners(column, roles, slots, _offsets(column.dictionary))


def _offsets(lists: pa.ListArray) -> Offsets:
    offsets = np.asarray(lists.offsets.to_numpy(), np.int64)
    return np.asarray(offsets - offsets[0])


def _ranges(offsets: Offsets, lists: Numbers) -> tuple[Offsets, Offsets]:
    """The elements of some lists, one after the other, and where each list's start among them."""
    sizes = np.diff(offsets)[lists]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return np.repeat(offsets[lists] - starts[:-1], sizes) + np.arange(starts[-1]), starts


def owners_of(accounts: Table, rows: Rows) -> Numbers:
    """The customers who own some rows of accounts, each once, ascending."""
    pool = accounts.fields[OWNERS].pool
    if not isinstance(pool, ListPool):
        raise TypeError("owners are lists")
    return owners_in_lists(accounts.fields[OWNERS].view().cells(rows).values, pool.lists.view())


def owners_in_lists(lists: Numbers, pool: PoolView) -> Numbers:
    """The customers in some lists of pairs, each once, ascending."""
    offsets, pairs = numbers_of(pool)
    elements, _ = _ranges(offsets.astype(np.int64) // 2, lists)
    return np.unique(pairs[::2][elements])


def without_owners(accounts: Table, customers: Numbers) -> tuple[Numbers, Numbers]:
    """The accounts that some customers own, and the lists of who else does: 0 where nobody."""
    pool = accounts.fields[OWNERS].pool
    if not isinstance(pool, ListPool):
        raise TypeError("owners are lists")
    offsets, pairs = numbers_of(pool.lists.view())
    starts = offsets.astype(np.int64) // 2
    counts = np.concatenate([[0], np.cumsum(np.isin(pairs[::2], customers))])
    living = accounts.living()
    slots = np.flatnonzero(living >= 0).astype(np.int32)
    lists = accounts.fields[OWNERS].view().cells(living[slots]).values
    is_held = counts[starts[lists + 1]] > counts[starts[lists]]
    elements, ends = _ranges(starts, lists[is_held])
    stays = ~np.isin(pairs[::2][elements], customers)
    left = np.stack([pairs[::2][elements[stays]], pairs[1::2][elements[stays]]], axis=1).ravel()
    offsets_left = 2 * np.concatenate([[0], np.cumsum(stays)])[ends]
    return slots[is_held], pool.lists.add(bytes_of_numbers(left, offsets_left.astype(np.int32)))


def accounts_in(accounts: Table, rates: Table, rows: Rows) -> Numbers:
    """The accounts in the currencies of some rows of rates."""
    wanted = np.unique(currencies_of_accounts(rates, rows))
    living = accounts.living()
    slots = np.flatnonzero(living >= 0).astype(np.int32)
    return slots[np.isin(currencies_of_accounts(accounts, living[slots]), wanted)]
