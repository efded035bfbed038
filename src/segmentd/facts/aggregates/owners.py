"""Whose facts count: the accounts of customers by role and filter, or the subjects themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.column import Batch, Column, FixedColumn
from segmentd.columns.gather import gather
from segmentd.columns.planes import unpack
from segmentd.engine.facts.aggregates_daily import NO_DATES, Dates, Lifetimes
from segmentd.engine.facts.aggregates_ranges import (
    ACCOUNT,
    ALL_ROWS,
    LEAST,
    NO_ACCOUNT,
    UNKNOWN_ACCOUNT,
    Flags,
    Held,
    Integers,
    Owners,
    Tasks,
    select_accounts,
)
from segmentd.facts.aggregates.filters import Filtering, Verdict
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView, Entities, Slots
from segmentd.language import CompiledExpression
from segmentd.schema import Subject

OPENED: Final = "opened"
CLOSED: Final = "closed"


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """The accounts of a view, as far as aggregates ask of them. `wanted`: the slots of those asked of, None: all."""

    view: BookView
    filtering: Filtering
    wanted: Slots | None

    def of_customers(self, slots: Slots, roles: tuple[str, ...], account_filter: CompiledExpression | None) -> Owners:
        """The accounts that count of customers, in one of the roles, where there are any."""
        holdings = self.view.holdings()
        wanted = np.array([not roles or name in roles for name in holdings.role_names] or [False], np.bool_)
        held = Held(holdings.offsets, holdings.accounts, holdings.roles)
        engine, cancelled = self.filtering.engine, self.filtering.cancelled
        tasks = Tasks(engine.run_tasks, engine.threads, cancelled)
        return select_accounts(tasks, slots, held, wanted, self._verdicts(account_filter))

    def themselves(self, slots: Slots, account_filter: CompiledExpression | None) -> Owners:
        """Accounts as owners of their own facts, of none where the filter is not true."""
        if account_filter is None:
            return Owners.themselves(slots)
        verdicts = self._verdicts(account_filter)[slots]
        count = (verdicts == ACCOUNT).astype(np.int64)
        offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(count)))
        return Owners(offsets, slots[count == 1], (verdicts == UNKNOWN_ACCOUNT).astype(np.uint8))

    def days(self, accounts: Slots, field: str) -> Integers:
        """The starts of the days at which accounts were opened or closed, LEAST where that is not known."""
        entities = self.view.entities(RecordKind.ACCOUNT)
        return fixed_values(entities.batch, field, entities.row_of[accounts])

    def lifetimes(self, accounts: Slots) -> Lifetimes:
        """The same of both, as they lie: of the pairs with these accounts."""
        entities = self.view.entities(RecordKind.ACCOUNT)
        columns = (entities.batch.columns.get(field) for field in (OPENED, CLOSED))
        return Lifetimes(accounts, entities.row_of, *(_dates(column) for column in columns))

    def _verdicts(self, account_filter: CompiledExpression | None) -> Flags:
        """Whether accounts count, by slot; those not asked of do not."""
        entities = self.view.entities(RecordKind.ACCOUNT)
        if account_filter is None and self.wanted is None:
            return np.where(entities.row_of >= 0, np.uint8(ACCOUNT), np.uint8(NO_ACCOUNT))
        found = np.zeros(len(entities.row_of), np.uint8)
        slots = entities.slots if self.wanted is None else self.wanted[entities.row_of[self.wanted] >= 0]
        if account_filter is None:
            found[slots] = ACCOUNT
            return found
        batch = _rows_of(entities, None if self.wanted is None else slots, account_filter)
        verdict = self.filtering.verdicts((account_filter.tree,), batch)[0]
        found[slots] = _flags(verdict, len(slots))
        return found


def fixed_values(batch: Batch, field: str, rows: npt.NDArray[np.integer]) -> Integers:
    """The values of a field of numbers or moments in some rows, LEAST where there is none."""
    column = batch.columns.get(field)
    if not isinstance(column, FixedColumn) or not len(column.values):
        return np.full(len(rows), LEAST, np.int64)
    places = np.maximum(rows, 0)
    known = rows >= 0
    if column.validity is not None:
        words = column.validity[places >> 6] >> (places & 63).astype(np.uint64)
        known = known & (words & np.uint64(1) == 1)
    return np.where(known, column.values[places].astype(np.int64), LEAST)


def _dates(column: Column | None) -> Dates:
    if not isinstance(column, FixedColumn):
        return NO_DATES
    return Dates(column.values, ALL_ROWS if column.validity is None else column.validity)


def account_filtering(filtering: Filtering) -> Filtering:
    """The same for filters of accounts."""
    return Filtering(filtering.engine, Subject.ACCOUNT, filtering.now_us, filtering.zone, filtering.cancelled)


def _rows_of(entities: Entities, slots: Slots | None, account_filter: CompiledExpression) -> Batch:
    if slots is None:
        return entities.batch
    read = account_filter.given & entities.batch.columns.keys()
    return gather(entities.batch, entities.row_of[slots].astype(np.int64), read)


def _flags(verdict: Verdict, rows: int) -> Flags:
    true, unknown = unpack(verdict.true, rows), unpack(verdict.unknown, rows)
    return (true * ACCOUNT + unknown * UNKNOWN_ACCOUNT).astype(np.uint8)
