"""What is wrong with records in view of what the ledger has: references, what is lacking, amounts that do not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import Column, FixedColumn, ListColumn, TextColumn
from segmentd.facts.book.account_checks import check_currency, check_owners, check_rates
from segmentd.facts.book.checked import Checked
from segmentd.facts.book.currencies import (
    CODES,
    DIGITS,
    UNKNOWN,
    Currencies,
    currencies_of_accounts,
    minor_units,
    shown,
)
from segmentd.facts.book.field import Pool
from segmentd.facts.book.incoming import missing_rows
from segmentd.facts.book.pool import MAX_TEXT_BYTES, ListPool, TextPool, bytes_of
from segmentd.facts.book.rejecting import Rejected
from segmentd.facts.book.table import Table
from segmentd.facts.book.tables import Tables
from segmentd.facts.kinds import AMOUNT, FIELDS, ID_LENGTH, MAX_ID_BYTES, OWNER, REQUIRED, RecordKind
from segmentd.facts.records import RecordBatch


def check(batch: RecordBatch, columns: Mapping[str, Column], tables: Tables) -> Checked:
    """The batch, with the reasons against its rows. `columns`: those of the batch that are fields of its kind."""
    table, ids = tables[batch.kind], batch.records.ids
    numbers = table.ids.find(ids)
    checked = Checked(dict(columns), numbers, table.find(numbers), Rejected(batch.rows))
    _check_ids(checked, ids)
    _check_required(checked, batch)
    match batch.kind:
        case RecordKind.ACCOUNT:
            check_owners(checked, tables)
            check_currency(checked, ids, tables)
        case RecordKind.RATE:
            check_rates(checked, tables)
        case RecordKind.CUSTOMER:
            pass
        case _:
            _check_owner(checked, batch, tables)
    _check_amounts(checked, batch, tables)
    _check_room(checked, table)
    return checked


def _check_ids(checked: Checked, ids: pa.StringArray) -> None:
    sizes = np.diff(bytes_of(ids).offsets)
    checked.rejected.add(np.asarray((sizes < 1) | (sizes > MAX_ID_BYTES)), "id", ID_LENGTH)


def _check_required(checked: Checked, batch: RecordBatch) -> None:
    for name in REQUIRED[batch.kind]:
        column, said = checked.columns.get(name), batch.said.get(name)
        if column is None or said is not None:
            unsaid = checked.old < 0 if said is None else ~said & (checked.old < 0)
            checked.rejected.add(unsaid, name, f"is not given; a new {batch.kind} must have it")
        if column is not None:
            lacking = missing_rows(column, batch.records.rows)
            lacking = lacking if said is None else lacking & said
            checked.rejected.add(lacking, name, f"is not given; every {batch.kind} must have it")


def _check_owner(checked: Checked, batch: RecordBatch, tables: Tables) -> None:
    name = OWNER[batch.kind]
    column, said = checked.columns.get(name), batch.said.get(name)
    if not isinstance(column, TextColumn):
        checked.slots = np.full(len(checked.old), -1, np.int32)
        _keep_owners(checked, checked.old >= 0, tables[batch.kind])
        return
    owners = tables.owners_of(batch.kind)
    found = owners.ids.find(column.dictionary)
    found = np.append(np.where(owners.find(found) >= 0, found, np.int32(-1)), np.int32(-1))
    checked.slots = found[column.codes]
    if said is not None:
        _keep_owners(checked, ~said & (checked.old >= 0), tables[batch.kind])

    def told(row: int) -> str:
        given = column.dictionary[int(column.codes[row])].as_py()
        return f"{given!r} is the id of no {name} that the ledger has"

    checked.rejected.add(checked.slots < 0, name, told)


def _keep_owners(checked: Checked, unsaid: npt.NDArray[np.bool_], table: Table) -> None:
    """Facts that do not say whose they are stay their owner's."""
    kept = np.flatnonzero(unsaid)
    checked.slots[kept] = table.owners(checked.old[kept])


def _check_amounts(checked: Checked, batch: RecordBatch, tables: Tables) -> None:
    """Bring amounts that came in major units into minor ones; those of minor units are as they are kept."""
    for name, scale in batch.scales.items():
        column = checked.columns.get(name)
        if FIELDS[batch.kind].get(name) != AMOUNT or not isinstance(column, FixedColumn):
            continue
        currencies = checked.currencies if batch.kind is RecordKind.ACCOUNT else _currencies_of_owners(checked, tables)
        values = column.values.astype(np.int64)
        values[missing_rows(column, len(values))] = 0
        minor, wrong = minor_units(values, scale, currencies)
        checked.columns[name] = FixedColumn(AMOUNT, minor, column.validity)
        checked.rejected.add(wrong & (currencies >= 0), name, _amount_told(values, scale, currencies))


def _amount_told(values: npt.NDArray[np.int64], scale: int, currencies: Currencies) -> Callable[[int], str]:
    def told(row: int) -> str:
        code, digits = CODES[currencies[row]], DIGITS[currencies[row]]
        amount = shown(int(values[row]), scale)
        return f"{amount} is no amount in {code}, which has {digits} digits after the point, and 64 bits in all"

    return told


def _currencies_of_owners(checked: Checked, tables: Tables) -> Currencies:
    currencies = np.full(len(checked.slots), UNKNOWN, np.int64)
    known = np.flatnonzero(checked.slots >= 0)
    currencies[known] = currencies_of_accounts(tables.accounts, tables.accounts.find(checked.slots[known]))
    return currencies


def _check_room(checked: Checked, table: Table) -> None:
    for name, column in checked.columns.items():
        kept = table.fields.get(name)
        if kept is not None and not _has_room(kept.pool, column):
            told = f"does not fit: the distinct texts of a field take {MAX_TEXT_BYTES} bytes at most"
            checked.rejected.add(~missing_rows(column, len(checked.old)), name, told)


def _has_room(pool: Pool | None, column: Column) -> bool:
    match pool, column:
        case TextPool(), TextColumn():
            return pool.has_room(column.dictionary)
        case ListPool(), ListColumn():
            return pool.has_room(column.dictionary)
        case _:
            return True
