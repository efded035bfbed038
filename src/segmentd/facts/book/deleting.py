"""Deleting records, and what cannot be without them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from segmentd.engine.facts.rows import Numbers
from segmentd.facts.book.field import Cells
from segmentd.facts.book.ownership import accounts_in, owners_of, without_owners
from segmentd.facts.book.table import Table
from segmentd.facts.book.table_view import OWNERS
from segmentd.facts.book.tables import Tables, distinct
from segmentd.facts.kinds import RecordKind
from segmentd.facts.records import Erased, RecordBatch


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many of a batch's deletions named a record; what went with customers."""

    count: int = 0
    erased: Erased | None = None


def delete(
    batch: RecordBatch, tables: Tables, version: int, customers: list[Numbers], accounts: list[Numbers]
) -> Deleted:
    """Delete what a batch says, from a version on, and note whose facts that changes.

    With an account goes what happened on it. With a customer go the customer's engagements, and the accounts that
    nobody else owns.
    """
    if not len(batch.deletions):
        return Deleted()
    erased = None
    table = tables[batch.kind]
    numbers = distinct(table.ids.find(batch.deletions))
    numbers = numbers[table.find(numbers) >= 0]
    rows = table.find(numbers)
    match batch.kind:
        case RecordKind.CUSTOMER:
            customers.append(numbers)
            erased = _delete_customers(tables, numbers, version, customers, accounts)
        case RecordKind.ACCOUNT:
            accounts.append(numbers)
            _delete_accounts(tables, numbers, version, customers)
        case RecordKind.RATE:
            accounts.append(accounts_in(tables.accounts, table, rows))
            table.kill(rows, version)
        case _:
            (customers if batch.kind is RecordKind.ENGAGEMENT else accounts).append(distinct(table.owners(rows)))
            table.kill(rows, version)
    return Deleted(len(numbers), erased)


def _delete_accounts(
    tables: Tables, slots: Numbers, version: int, customers: list[Numbers]
) -> Mapping[RecordKind, int]:
    rows = tables.accounts.find(slots)
    customers.append(owners_of(tables.accounts, rows))
    killed = tables.kill_facts(RecordKind.ACCOUNT, slots, version)
    tables.accounts.kill(rows, version)
    return killed


def _delete_customers(
    tables: Tables, slots: Numbers, version: int, customers: list[Numbers], accounts: list[Numbers]
) -> Erased:
    killed = dict(tables.kill_facts(RecordKind.CUSTOMER, slots, version))
    held, lists = without_owners(tables.accounts, slots)
    accounts.append(held)
    customers.append(owners_of(tables.accounts, tables.accounts.find(held)))
    shared = lists != 0  # the empty list has the number 0
    tables.accounts.write(held[shared], {OWNERS: Cells(lists[shared])}, version)
    killed |= _delete_accounts(tables, held[~shared], version, customers)
    tables.customers.kill(tables.customers.find(slots), version)
    return Erased(
        customers=_ids(tables.customers, slots),
        accounts=_ids(tables.accounts, held[~shared]),
        shared_accounts=int(shared.sum()),
        transactions=killed[RecordKind.TRANSACTION],
        balances=killed[RecordKind.BALANCE],
        engagements=killed[RecordKind.ENGAGEMENT],
    )


def _ids(table: Table, slots: Numbers) -> tuple[str, ...]:
    return tuple(table.ids.view().texts().take(pa.array(slots)).to_pylist())
