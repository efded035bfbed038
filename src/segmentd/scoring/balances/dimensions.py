"""The values by which groups are made, as numbers a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.columns.column import BoolColumn, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import unpack
from segmentd.columns.zones import DAY_US, utc_offsets
from segmentd.engine.facts.groups_members import Owners
from segmentd.schema import Kind

Codes = npt.NDArray[np.int64]
Value = str | int | bool | None
"""None: rows without a value. A DATE is its day since 1970-01-01."""

_COUNTED: Final = 1 << 24
"""Up to so many possible groups are found by marking those that occur, more by sorting."""


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Rows by one or several things at once: the group `codes[rows]` of each row, by the values that stand for them.

    `ranks` int64[groups, things] are indexes into `values`, of which each thing has its own, ascending, None the last.
    Groups are in the order of their ranks.
    """

    codes: Codes
    ranks: npt.NDArray[np.int64]
    values: tuple[tuple[Value, ...], ...]

    @property
    def number(self) -> int:
        """How many groups there are."""
        return len(self.ranks)

    def take(self, rows: Codes) -> Classes:
        """The classes of some rows; those that none of them is in are still there."""
        return Classes(self.codes[rows], self.ranks, self.values)


def one_class(rows: int) -> Classes:
    """All rows in one group, by nothing."""
    return Classes(np.zeros(rows, np.int64), np.zeros((1, 0), np.int64), ())


def classes_of(column: Column | None, rows: int, zone: str) -> Classes:
    """Rows by the values of a column; without a value where there is no column. ValueError for lists and doubles."""
    match column:
        case None:
            return _ranked(np.zeros(rows, np.int64), (None,))
        case TextColumn():
            return _texts(column)
        case BoolColumn():
            there = np.ones(rows, np.bool_) if column.validity is None else unpack(column.validity, rows)
            return _present(np.where(there, unpack(column.values, rows), 2).astype(np.int64), (False, True, None))
        case FixedColumn() if column.type.kind is not Kind.DOUBLE:
            return _numbers(column, rows, zone)
        case FixedColumn() | ListColumn():
            raise ValueError(f"no groups are made by {column.type}")


def combine(parts: Sequence[Classes], rows: int) -> Classes:
    """Rows by all the things together, of which only combinations that occur are groups."""
    total = one_class(rows)
    for part in parts:
        codes = total.codes * part.number + part.codes
        found, dense = _occurring(codes, total.number * part.number)
        first, second = np.divmod(found, max(part.number, 1))
        ranks = np.concatenate([total.ranks[first], part.ranks[second]], axis=1)
        total = Classes(dense, ranks, (*total.values, *part.values))
    return total


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """Accounts once for every group of customers that their owners are in: `accounts[rows]` is the account of a row."""

    accounts: npt.NDArray[np.int64]
    classes: Classes


def spread_by_owner(customers: Classes, owners: Owners) -> Expansion:
    """The accounts by what their owners are grouped by; one without owners is in the group without any value."""
    values = tuple(each if each and each[-1] is None else (*each, None) for each in customers.values)
    missing = np.array([[len(each) - 1 for each in values]], np.int64).reshape(1, len(values))
    same = np.flatnonzero((customers.ranks == missing).all(axis=1))
    nobody = int(same[0]) if len(same) else customers.number
    ranks = customers.ranks if len(same) else np.concatenate([customers.ranks, missing])
    accounts, groups = _pairs(customers.codes, owners, nobody, len(ranks))
    return Expansion(accounts, Classes(groups, ranks, values))


def _pairs(codes: Codes, owners: Owners, nobody: int, number: int) -> tuple[Codes, Codes]:
    """Accounts with the groups of their owners, each once. Only accounts of several owners have to be sorted."""
    linked = np.repeat(np.arange(owners.accounts), np.diff(owners.ends))
    found = owners.rows >= 0
    linked, owner = linked[found], owners.rows[found]
    each = np.bincount(linked, minlength=owners.accounts)
    several = each[linked] > 1
    pairs = np.unique(linked[several] * number + codes[owner[several]])
    alone = np.flatnonzero(each == 0)
    accounts = np.concatenate([pairs // max(number, 1), linked[~several], alone])
    groups = np.concatenate([pairs % max(number, 1), codes[owner[~several]], np.full(len(alone), nobody)])
    return accounts, groups


def _texts(column: TextColumn) -> Classes:
    """By text, in the order of its bytes; a dictionary may have texts that no row has, and have one twice."""
    missing = len(column.dictionary)
    used, dense = _occurring(column.codes.astype(np.int64), missing + 1)
    texts = column.dictionary.take(pa.array(used[used < missing]))
    encoded = texts.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    place = np.empty(len(order) + 1, np.int64)
    place[order], place[-1] = np.arange(len(order)), len(order)
    entries = (
        np.append(encoded.indices.to_numpy(), len(order)) if len(texts) < len(used) else encoded.indices.to_numpy()
    )
    values: tuple[Value, ...] = tuple(encoded.dictionary.take(pa.array(order)).to_pylist())
    return _ranked(place[entries][dense], (*values, None) if len(texts) < len(used) else values)


def _numbers(column: FixedColumn, rows: int, zone: str) -> Classes:
    there = np.ones(rows, np.bool_) if column.validity is None else unpack(column.validity, rows)
    found, places = np.unique(column.values[there], return_inverse=True)
    codes = np.full(rows, len(found), np.int64)
    codes[there] = places
    if column.type.kind is Kind.DATE:
        found = (found + utc_offsets(found, zone)) // DAY_US
    values: tuple[Value, ...] = tuple(found.tolist())
    return _ranked(codes, values if there.all() else (*values, None))


def _present(codes: Codes, values: tuple[Value, ...]) -> Classes:
    found, dense = _occurring(codes, len(values))
    return _ranked(dense, tuple(values[index] for index in found.tolist()))


def _ranked(codes: Codes, values: tuple[Value, ...]) -> Classes:
    return Classes(codes, np.arange(len(values)).reshape(-1, 1), (values,))


def _occurring(codes: Codes, limit: int) -> tuple[Codes, Codes]:
    """The codes that occur, ascending, and for each row the place of its code among them. Codes are below `limit`."""
    if limit > _COUNTED:
        found, dense = np.unique(codes, return_inverse=True)
        return found, dense.astype(np.int64, copy=False)
    marks = np.zeros(limit, np.bool_)
    marks[codes] = True
    found = np.flatnonzero(marks)
    places = np.zeros(limit, np.int64)
    places[found] = np.arange(len(found))
    return found, places[codes]
