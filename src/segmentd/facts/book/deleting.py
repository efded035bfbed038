"""Deleting records, and what cannot be without them."""

from __future__ import annotations

from segmentd.engine.facts.rows import Numbers
from segmentd.facts.book.field import Cells
from segmentd.facts.book.ownership import accounts_in, owners_of, without_owners
from segmentd.facts.book.table_view import OWNERS
from segmentd.facts.book.tables import Tables, distinct
from segmentd.facts.kinds import RecordKind
from segmentd.facts.records import RecordBatch


def delete(batch: RecordBatch, tables: Tables, version: int, customers: list[Numbers], accounts: list[Numbers]) -> int:
    """Delete what a batch says, from a version on, and note whose facts that changes; how many records it named.

    With an account goes what happened on it. With a customer go the customer's engagements, and the accounts that
    nobody else owns.
    """
    if not len(batch.deletions):
        return 0
    table = tables[batch.kind]
    numbers = distinct(table.ids.find(batch.deletions))
    numbers = numbers[table.find(numbers) >= 0]
    rows = table.find(numbers)
    match batch.kind:
        case RecordKind.CUSTOMER:
            customers.append(numbers)
            _delete_customers(tables, numbers, version, customers, accounts)
        case RecordKind.ACCOUNT:
            accounts.append(numbers)
            _delete_accounts(tables, numbers, version, customers)
        case RecordKind.RATE:
            accounts.append(accounts_in(tables.accounts, table, rows))
            table.kill(rows, version)
        case _:
            (customers if batch.kind is RecordKind.ENGAGEMENT else accounts).append(distinct(table.owners(rows)))
            table.kill(rows, version)
    return len(numbers)


def _delete_accounts(tables: Tables, slots: Numbers, version: int, customers: list[Numbers]) -> None:
    rows = tables.accounts.find(slots)
    customers.append(owners_of(tables.accounts, rows))
    tables.kill_facts(RecordKind.ACCOUNT, slots, version)
    tables.accounts.kill(rows, version)


def _delete_customers(
    tables: Tables, slots: Numbers, version: int, customers: list[Numbers], accounts: list[Numbers]
) -> None:
    tables.kill_facts(RecordKind.CUSTOMER, slots, version)
    held, lists = without_owners(tables.accounts, slots)
    accounts.append(held)
    customers.append(owners_of(tables.accounts, tables.accounts.find(held)))
    shared = lists != 0  # the empty list has the number 0
    tables.accounts.write(held[shared], {OWNERS: Cells(lists[shared])}, version)
    _delete_accounts(tables, held[~shared], version, customers)
    tables.customers.kill(tables.customers.find(slots), version)
