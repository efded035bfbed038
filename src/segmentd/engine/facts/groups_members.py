"""Planes of accounts from planes of their owners, and balances side by side by group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import Plane, word_count
from segmentd.engine.facts.groups import PART_WORDS, Balances, Codes, Integers, Planes, Run, ranges
from segmentd.engine.members.extraction import address
from segmentd.kernels.facts import groups_members

Slots = npt.NDArray[np.int32]

AT_ONCE: Final = 64
"""Planes that are carried over to accounts at a time: a word a row."""


@dataclass(frozen=True, slots=True, eq=False)
class OwnerLinks:
    """Who owns which accounts, by customers' slots: the accounts of slot i are `offsets[i]` to before `offsets[i + 1]`.

    `accounts` int32 slots, `roles` int16 by link; `allowed`: bool by role.
    """

    offsets: Integers
    accounts: Slots
    roles: npt.NDArray[np.int16]
    allowed: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Owners:
    """The owners of accounts, by rows: those of account row i are `rows[ends[i]]` to before `rows[ends[i + 1]]`.

    `rows` int32 of customers, -1 where a customer has no row.
    """

    ends: Integers
    rows: Slots

    @property
    def accounts(self) -> int:
        """How many accounts there are."""
        return len(self.ends) - 1


def find_owners(links: OwnerLinks, account_rows: Slots, accounts: int, customer_rows: Slots) -> Owners:
    """The owners in an allowed role of each account. `account_rows`, `customer_rows` int32: rows by slot, or -1."""
    ends = np.zeros(accounts + 1, np.int64)
    customers = len(links.offsets) - 1
    given = [np.ascontiguousarray(each) for each in (links.offsets, links.accounts, links.roles, account_rows)]
    offsets, slots, roles, rows = (address(each) for each in given)
    groups_members.count_owners(offsets, customers, slots, roles, links.allowed, rows, ends)
    np.cumsum(ends, out=ends)
    places, owners = ends[:-1].copy(), np.empty(int(ends[-1]), np.int32)
    of_customers = np.ascontiguousarray(customer_rows)
    groups_members.list_owners(
        offsets, customers, slots, roles, links.allowed, rows, address(of_customers), places, owners
    )
    return Owners(ends, owners)


def carry_over(planes: Planes, owners: Owners, run: Run) -> Planes:
    """Planes of accounts, of which a bit is one where that of an owner is: at most `AT_ONCE` at a time."""
    if not planes.any():
        return np.zeros((len(planes), word_count(owners.accounts)), np.uint64)
    given = np.ascontiguousarray(planes)
    words = given.shape[1]
    by_row = np.empty(words * 64, np.uint64)
    run([partial(_turn, given, each, by_row) for each in ranges(words, PART_WORDS)])
    out = np.empty((len(given), word_count(owners.accounts)), np.uint64)
    run([partial(_join_owners, by_row, owners, each, out) for each in ranges(out.shape[1], PART_WORDS)])
    return out


def _turn(planes: Planes, words: tuple[int, int], by_row: Plane) -> None:
    groups_members.planes_by_row(address(planes), planes.shape[1], len(planes), *words, by_row)


def _join_owners(by_row: Plane, owners: Owners, words: tuple[int, int], out: Planes) -> None:
    sources = address(by_row), address(owners.ends), address(owners.rows), owners.accounts
    groups_members.planes_of_owners(*sources, *words, np.empty(64, np.uint64), out)


def gather_groups(plane: Plane, codes: Codes, ends: Integers, balances: Balances) -> Integers:
    """The known balances of a plane's rows, those of group g from `ends[g]` to before `ends[g + 1]`, in row order.

    `ends` int64[groups + 1] says how many each group has of them.
    """
    out = np.empty(int(ends[-1]), np.int64)
    groups_members.gather_by_code(
        address(plane),
        address(balances.known),
        address(balances.values),
        address(codes),
        balances.rows,
        ends[:-1].copy(),
        out,
    )
    return out


def count_by_size(plane: Plane, codes: Codes, number: int, balances: Balances, bounds: Integers) -> Integers:
    """How many known balances of each group lie between which bounds: int64[number, bounds + 1]. `bounds` ascend."""
    counts = np.zeros((number, len(bounds) + 1), np.int64)
    groups_members.count_by_size(
        address(plane),
        address(balances.known),
        address(balances.values),
        address(codes),
        balances.rows,
        np.array(bounds, np.int64),
        counts,
    )
    return counts
