"""What a ledger holds, as plain Python values."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.columns.column import BoolColumn, Column, FixedColumn, ListColumn
from segmentd.columns.planes import unpack
from segmentd.facts.kinds import OWNER, RecordKind
from segmentd.facts.views import BookView

Records = dict[str, dict[str, Any]]


def entities_of(view: BookView, kind: RecordKind) -> Records:
    """The customers or accounts by id."""
    found = view.entities(kind)
    ids = found.batch.ids
    assert ids is not None
    rows = _rows(found.batch.columns, found.batch.rows)
    return dict(zip(ids.to_pylist(), rows, strict=True))


def owners_of(view: BookView) -> dict[str, list[tuple[str, str]]]:
    """The owners of accounts with their roles, by account, in the order of the customers' slots."""
    accounts = view.entities(RecordKind.ACCOUNT)
    customers = view.entities(RecordKind.CUSTOMER)
    holdings = view.holdings()
    account_ids, customer_ids = accounts.batch.ids, customers.batch.ids
    assert account_ids is not None
    assert customer_ids is not None
    owners: dict[str, list[tuple[str, str]]] = {}
    for slot in customers.slots.tolist():
        customer = customer_ids[int(customers.row_of[slot])].as_py()
        for place in range(int(holdings.offsets[slot]), int(holdings.offsets[slot + 1])):
            account = account_ids[int(accounts.row_of[holdings.accounts[place]])].as_py()
            owners.setdefault(account, []).append((customer, holdings.role_names[holdings.roles[place]]))
    return owners


def facts_of(view: BookView, kind: RecordKind) -> list[dict[str, Any]]:
    """Facts with the ids of their owners, by owner and time."""
    owner_kind = RecordKind.CUSTOMER if OWNER[kind] == "customer" else RecordKind.ACCOUNT
    owners = view.entities(owner_kind)
    assert owners.batch.ids is not None
    items = view.items_of(kind, owners.slots)
    rows = _rows(items.batch.columns, items.batch.rows)
    names = np.repeat(np.array(owners.batch.ids.to_pylist(), dtype=object), np.diff(items.offsets))
    return [{OWNER[kind]: name, **row} for name, row in zip(names.tolist(), rows, strict=True)]


def _rows(columns: Any, rows: int) -> list[dict[str, Any]]:
    values = {name: _plain(column, rows) for name, column in columns.items()}
    return [{name: of_name[row] for name, of_name in values.items()} for row in range(rows)]


def _plain(column: Column, rows: int) -> list[Any]:
    match column:
        case FixedColumn():
            present = np.ones(rows, bool) if column.validity is None else unpack(column.validity, rows)
            return [value if there else None for value, there in zip(column.values.tolist(), present, strict=True)]
        case BoolColumn():
            present = np.ones(rows, bool) if column.validity is None else unpack(column.validity, rows)
            return [
                value if there else None
                for value, there in zip(unpack(column.values, rows).tolist(), present, strict=True)
            ]
        case ListColumn():
            return [column.dictionary[code].as_py() for code in column.codes.tolist()]
        case _:
            texts = [*column.dictionary.to_pylist(), None]
            return [texts[code] for code in column.codes.tolist()]
