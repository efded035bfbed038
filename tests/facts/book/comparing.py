"""Views compared with naive records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Batch, BoolColumn, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import unpack
from segmentd.facts.kinds import OWNER, TIME, RecordKind
from segmentd.facts.views import BookView, Items
from tests.facts.book.model import Record, accounts_of, facts_of

Records = dict[RecordKind, dict[str, Record]]
INTERNAL = {"owners", "owner_roles", "consent_times", "account", "customer", "#arrival"}


def python_values(column: Column, rows: int) -> list[Any]:
    """A column's values, None for none and for an empty list."""
    match column:
        case TextColumn():
            texts = [*column.dictionary.to_pylist(), None]
            return [texts[code] for code in column.codes]
        case ListColumn():
            lists = column.dictionary.to_pylist()
            return [lists[code] or None for code in column.codes]
        case BoolColumn():
            values: list[Any] = unpack(column.values, rows).tolist()
        case FixedColumn():
            values = column.values.tolist()
    present = np.ones(rows, np.bool_) if column.validity is None else unpack(column.validity, rows)
    return [value if there else None for value, there in zip(values, present, strict=True)]


def records_in(batch: Batch) -> list[Record]:
    """The rows of a batch, without what they lack."""
    columns = {name: python_values(column, batch.rows) for name, column in batch.columns.items()}
    rows = [{name: values[row] for name, values in columns.items()} for row in range(batch.rows)]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def assert_same(view: BookView, records: Records) -> None:
    """The view shows these records, and nothing else."""
    slots = {kind: _compare_entities(view, kind, records) for kind in (RecordKind.CUSTOMER, RecordKind.ACCOUNT)}
    _compare_holdings(view, slots, records)
    for kind, owner in OWNER.items():
        _compare_items(view, kind, slots[RecordKind(owner)], records)


def _compare_entities(view: BookView, kind: RecordKind, records: Records) -> dict[str, int]:
    entities = view.entities(kind)
    ids = [] if entities.batch.ids is None else entities.batch.ids.to_pylist()
    wanted = accounts_of(records) if kind is RecordKind.ACCOUNT else records[kind]
    assert dict(zip(ids, records_in(entities.batch), strict=True)) == {
        id_: _shown(record) for id_, record in wanted.items()
    }
    assert entities.slots.tolist() == sorted(entities.slots.tolist())
    assert entities.row_of[entities.slots].tolist() == list(range(len(ids)))
    assert (entities.row_of >= 0).sum() == len(ids)
    asked = pa.array([*ids, "nobody at all"], pa.string())
    assert view.rows_of(kind, asked).tolist() == [*range(len(ids)), -1]
    return dict(zip(ids, entities.slots.tolist(), strict=True))


def _compare_holdings(view: BookView, slots: dict[RecordKind, dict[str, int]], records: Records) -> None:
    holdings = view.holdings()
    customers, accounts = slots[RecordKind.CUSTOMER], slots[RecordKind.ACCOUNT]
    assert len(holdings.offsets) == len(view.entities(RecordKind.CUSTOMER).row_of) + 1
    found = {
        (owner, int(holdings.accounts[place]), holdings.role_names[holdings.roles[place]])
        for owner in range(len(holdings.offsets) - 1)
        for place in range(holdings.offsets[owner], holdings.offsets[owner + 1])
    }
    assert found == {
        (customers[owner], accounts[id_], role)
        for id_, record in records[RecordKind.ACCOUNT].items()
        for owner, role in zip(record.get("owners", []), record.get("owner_roles", []), strict=True)
    }


def _compare_items(view: BookView, kind: RecordKind, slots: dict[str, int], records: Records) -> None:
    count = len(view.entities(RecordKind(OWNER[kind])).row_of)
    wanted: list[list[Record]] = [[] for _ in range(count)]
    for id_, slot in slots.items():
        wanted[slot] = [_shown(record) for record in facts_of(records, kind, id_)]
    asked = np.arange(count, dtype=np.int32)[::-1].copy()
    assert _by_place(view.items_of(kind, asked), TIME[kind]) == wanted[::-1]
    sorted_items, touched = view.sorted_items(kind), view.touched(kind).tolist()
    assert touched == sorted(set(touched))
    in_place = _by_place(sorted_items, TIME[kind])
    assert len(in_place) == count
    for slot in set(range(count)) - set(touched):
        assert in_place[slot] == wanted[slot]


def _by_place(items: Items, time: str) -> list[list[Record]]:
    rows = records_in(items.batch)
    assert [row[time] for row in rows] == items.times.tolist()
    places = zip(items.offsets[:-1].tolist(), items.offsets[1:].tolist(), strict=True)
    return [rows[start:end] for start, end in places]


def _shown(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in INTERNAL and value not in (None, [])}
