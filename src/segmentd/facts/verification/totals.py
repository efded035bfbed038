"""Control totals of a version, and balances against the transactions between them, account by account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.facts.book.field import Cells
from segmentd.facts.book.table_view import TableView
from segmentd.facts.book.view import View
from segmentd.facts.kinds import RecordKind
from segmentd.facts.verification.model import SHOWN_ACCOUNTS, BalanceReport, ControlTotal
from segmentd.schema import Kind

BLOCK: Final = 65_536
"""Accounts at a time."""

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_LOW: Final = np.int64(0xFFFF_FFFF)


@dataclass(slots=True)
class Totals:
    """What was added up so far."""

    rows: dict[RecordKind, int] = field(default_factory=dict)
    sums: dict[RecordKind, dict[str, int]] = field(default_factory=dict)
    given: BalanceReport = field(default_factory=BalanceReport)
    snapshots: BalanceReport = field(default_factory=BalanceReport)

    def control(self) -> tuple[ControlTotal, ...]:
        """The totals by kind."""
        return tuple(ControlTotal(kind, rows, dict(self.sums.get(kind, {}))) for kind, rows in self.rows.items())


@dataclass(frozen=True, slots=True, eq=False)
class _Facts:
    """Facts of some accounts in the order of account and time: `places` says which account, from 0."""

    places: Integers
    times: Integers
    amounts: Cells


def add_up(view: View, totals: Totals) -> Iterator[tuple[int, int]]:
    """Add up a version; after each block of accounts, how many were done, of how many."""
    for kind, table in view.tables.items():
        totals.rows[kind] = len(table.rows) if table.chains is None else 0
    engagements = view.tables[RecordKind.ENGAGEMENT]
    count = view.tables[RecordKind.ACCOUNT].ids.count
    currencies, names = _currencies(view)
    _sum_up(totals, RecordKind.ACCOUNT, _account_balances(view), currencies, names)
    for start in range(0, count, BLOCK):
        slots = np.arange(start, min(start + BLOCK, count), dtype=np.int32)
        _add_accounts(view, slots, totals, currencies[slots], names)
        yield int(slots[-1]) + 1, count
    for start in range(0, view.tables[RecordKind.CUSTOMER].ids.count, BLOCK):
        owners = np.arange(start, min(start + BLOCK, view.tables[RecordKind.CUSTOMER].ids.count), dtype=np.int32)
        totals.rows[RecordKind.ENGAGEMENT] += len(engagements.order(owners).rows)
        yield count, count


def _add_accounts(
    view: View, slots: npt.NDArray[np.int32], totals: Totals, currencies: Integers, names: Mapping[int, str]
) -> None:
    moved, after = _facts_of(view.tables[RecordKind.TRANSACTION], slots, "balance_after")
    stood, _ = _facts_of(view.tables[RecordKind.BALANCE], slots, "")
    for kind, facts in ((RecordKind.TRANSACTION, moved), (RecordKind.BALANCE, stood)):
        totals.rows[kind] += len(facts.places)
        _sum_up(totals, kind, facts.amounts, currencies[facts.places], names)
    totals.given = totals.given.plus(_report(view, slots, *_compare_given(moved, after)))
    totals.snapshots = totals.snapshots.plus(_report(view, slots, *_compare_snapshots(moved, stood)))


def _facts_of(table: TableView, slots: npt.NDArray[np.int32], second: str) -> tuple[_Facts, Cells]:
    found = table.order(slots)
    places = np.repeat(np.arange(len(slots), dtype=np.int64), np.diff(found.starts))
    facts = _Facts(places, found.times, _cells(table, "amount", found.rows))
    return facts, _cells(table, second, found.rows)


def _cells(table: TableView, name: str, rows: Integers) -> Cells:
    kept = table.fields.get(name)
    if kept is None:
        return Cells(np.zeros(len(rows), np.int64), np.zeros(len(rows), np.uint8))
    return kept.cells(rows)


def _present(cells: Cells) -> Flags:
    return np.ones(len(cells.values), np.bool_) if cells.present is None else cells.present.astype(np.bool_)


def _compare_given(moved: _Facts, after: Cells) -> tuple[Integers, Flags]:
    """The accounts of transactions whose balance, and that of the one before, is given; whether they do not fit."""
    known = _present(after)
    pair = known[1:] & known[:-1] & (moved.places[1:] == moved.places[:-1])
    differs = np.diff(after.values) != moved.amounts.values[1:]
    return moved.places[1:][pair], differs[pair]


def _compare_snapshots(moved: _Facts, stood: _Facts) -> tuple[Integers, Flags]:
    """The accounts of balances that follow one another; whether what was booked between them does not add up.

    What was booked at the time of a balance is in it. Accounts without transactions are not compared.
    """
    places = np.concatenate([moved.places, stood.places])
    is_balance = np.repeat([False, True], [len(moved.places), len(stood.places)])
    order = np.lexsort((is_balance, np.concatenate([moved.times, stood.times]), places))
    booked = np.concatenate([moved.amounts.values, np.zeros(len(stood.places), np.int64)])[order].cumsum()
    at = np.flatnonzero(is_balance[order])
    of = places[order][at]
    balances = stood.amounts.values
    pair = (of[1:] == of[:-1]) & np.isin(of[1:], moved.places)
    differs = np.diff(balances) != np.diff(booked[at])
    return of[1:][pair], differs[pair]


def _report(view: View, slots: npt.NDArray[np.int32], places: Integers, differs: Flags) -> BalanceReport:
    wrong = np.unique(places[differs])[:SHOWN_ACCOUNTS]
    ids = view.tables[RecordKind.ACCOUNT].ids_of(slots[wrong]).to_pylist()
    return BalanceReport(len(places), int(differs.sum()), tuple(ids))


def _currencies(view: View) -> tuple[Integers, Mapping[int, str]]:
    """The number of each account's currency, by slot, and the codes of the numbers."""
    table = view.tables[RecordKind.ACCOUNT]
    numbers = np.full(table.ids.count, -1, np.int64)
    kept = table.fields.get("currency")
    if kept is None or kept.type.kind is not Kind.STRING or kept.pool is None:
        return numbers, {-1: ""}
    codes: list[Any] = kept.pool.texts().to_pylist()
    rows = table.by_number
    numbers[rows >= 0] = kept.cells(rows[rows >= 0]).values
    return numbers, {-1: "", **dict(enumerate(codes))}


def _account_balances(view: View) -> Cells:
    """The balances that accounts give, by slot."""
    table = view.tables[RecordKind.ACCOUNT]
    rows = table.by_number
    found = _cells(table, "balance", rows[rows >= 0])
    values, present = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.uint8)
    values[rows >= 0], present[rows >= 0] = found.values, _present(found)
    return Cells(values, present)


def _sum_up(totals: Totals, kind: RecordKind, amounts: Cells, currencies: Integers, names: Mapping[int, str]) -> None:
    sums, present = totals.sums.setdefault(kind, {}), _present(amounts)
    for number in np.unique(currencies[present]).tolist():
        values = amounts.values[present & (currencies == number)]
        sums[names[number]] = sums.get(names[number], 0) + exact_sum(values)


def exact_sum(values: npt.NDArray[np.int64]) -> int:
    """The sum, whatever its size: high and low halves of up to 2^31 numbers each fit."""
    return (int((values >> 32).sum()) << 32) + int((values & _LOW).sum())
