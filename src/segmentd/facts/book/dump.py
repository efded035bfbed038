"""A version of a book as Arrow tables: what lives, sorted, and texts with their hash tables, ready to be taken over.

A table `{kind}` has the rows of a kind, and for each field that may lack a value a column `{field}!` that says where it
has one; texts, lists and owners are numbers. `{kind}.{field}.texts`, `.lists` and `.hashes` are what these stand for.
Only what rows refer to is there: what was deleted is in no byte of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.facts.rows import Numbers, Rows
from segmentd.engine.facts.texts import EVERY, Bytes, copy_table, entries_for
from segmentd.facts.book.field import Cells
from segmentd.facts.book.pool import ListPoolView, PoolView, bytes_of, bytes_of_numbers, numbers_of, strings
from segmentd.facts.book.table_view import ID, OWNER, OWNERS, TableView
from segmentd.facts.book.view import View
from segmentd.facts.kinds import OWNER as OWNER_FIELD
from segmentd.facts.kinds import RecordKind
from segmentd.schema import DataType, Kind

BOOK: Final = "book"
"""The table of the words that texts are hashed with."""
SECRETS: Final = "secrets"
PRESENT: Final = "!"
"""The end of the names of columns that say where a field has a value."""
TEXTS, LISTS, HASHES = ".texts", ".lists", ".hashes"

Tables = dict[str, pa.Table]


@dataclass(frozen=True, slots=True, eq=False)
class Renumbering:
    """The new numbers of what is used, -1 of the rest; `numbers` is None where everything is."""

    count: int
    numbers: Numbers | None = None

    def of(self, numbers: Numbers) -> Numbers:
        """The new numbers."""
        return numbers if self.numbers is None else self.numbers[numbers]


def dump_view(view: View) -> Mapping[str, pa.Table]:
    """All that is needed to restore a version. Any thread may do it, while others write."""
    slots = {kind: _used(_cells(table, ID).values, table.ids.count) for kind, table in view.tables.items()}
    ids = view.tables[RecordKind.CUSTOMER].ids
    tables: Tables = {BOOK: pa.table({SECRETS: pa.array(ids.secrets)})}
    for kind, table in view.tables.items():
        _dump_table(tables, table, slots)
        _dump_texts(tables, f"{kind}.{ID}", table.ids, slots[kind])
    return tables


def type_metadata(type_: DataType) -> Mapping[str, str]:
    """A type as the metadata of a column."""
    return {"kind": type_.kind.value, "scale": str(type_.scale), "currency": type_.currency}


def _dump_table(tables: Tables, table: TableView, slots: Mapping[RecordKind, Renumbering]) -> None:
    columns, fields = [], []
    for name, kept in table.fields.items():
        cells = _renumbered(tables, table, name, slots)
        fields.append(pa.field(name, pa.from_numpy_dtype(cells.values.dtype), metadata=type_metadata(kept.type)))
        columns.append(_array(cells.values))
        if cells.present is not None:
            fields.append(pa.field(name + PRESENT, pa.uint8()))
            columns.append(_array(cells.present))
    tables[table.kind.value] = pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _renumbered(tables: Tables, table: TableView, name: str, slots: Mapping[RecordKind, Renumbering]) -> Cells:
    """The cells of a field, by the numbers of what is dumped of its texts."""
    cells, pool = _cells(table, name), table.fields[name].pool
    place = f"{table.kind}.{name}"
    match name, pool:
        case _, PoolView():
            return Cells(_dump_pool(tables, place, pool, cells.values))
        case _, ListPoolView():
            customers = slots[RecordKind.CUSTOMER] if name == OWNERS else None
            return Cells(_dump_lists(tables, place, pool, cells.values, customers))
        case _ if name == ID:
            return Cells(slots[table.kind].of(cells.values))
        case _ if name == OWNER:
            return Cells(slots[RecordKind(OWNER_FIELD[table.kind])].of(cells.values))
        case _:
            return cells


def _dump_pool(tables: Tables, place: str, pool: PoolView, codes: Numbers) -> Numbers:
    used = _used(codes, pool.count)
    _dump_texts(tables, place, pool, used)
    if used.numbers is None:
        return codes
    return np.append(used.numbers, np.int32(used.count))[codes]


def _dump_lists(
    tables: Tables, place: str, pool: ListPoolView, codes: Numbers, customers: Renumbering | None
) -> Numbers:
    """Lists of numbers, those of texts or of customers and roles by turns, as they are renumbered."""
    used = _used(np.append(codes, np.int32(0)), pool.count)
    offsets, elements = _taken(*numbers_of(pool.lists), used)
    names = elements if customers is None else elements[1::2]
    texts = _used(names, pool.elements.count)
    _dump_texts(tables, place, pool.elements, texts)
    if customers is None:
        renumbered = texts.of(elements)
    else:
        renumbered = np.stack([customers.of(elements[::2]), texts.of(names)], axis=1).ravel()
    tables[place + LISTS] = pa.table({"list": _binary(bytes_of_numbers(renumbered, offsets))})
    return used.of(codes)


def _dump_texts(tables: Tables, place: str, pool: PoolView, used: Renumbering) -> None:
    kept = pool.bytes() if used.numbers is None else bytes_of(pool.texts().filter(pa.array(used.numbers >= 0)))
    numbers = EVERY if used.numbers is None else used.numbers
    entries = copy_table(pool.table, entries_for(used.count), pool.count, numbers)
    tables[place + TEXTS] = pa.table({"text": strings(kept)})
    tables[place + HASHES] = pa.table({"entry": _array(entries)})


def _cells(table: TableView, name: str) -> Cells:
    """The cells of what lives, sorted, without a copy where they are the prefix; no text is the pool's count."""
    field, rows = table.fields[name], _rows(table)
    count = 0 if field.pool is None else field.pool.count
    is_settled = field.type.kind is not Kind.STRING or field.prefix.known == count
    if rows is None and is_settled:
        return Cells(field.prefix.values, field.prefix.present)
    return field.cells(np.arange(table.prefix_rows, dtype=np.int64) if rows is None else rows, count)


def _rows(table: TableView) -> Rows | None:
    """The rows that live, sorted; None where they are the prefix."""
    if table.chains is None:
        return None if table.is_prefix else table.rows
    return table.every if len(table.noted) else None


def _used(numbers: Numbers, count: int) -> Renumbering:
    """What of so many texts is referred to; `count` stands for none of them."""
    is_used = np.zeros(count + 1, np.bool_)
    is_used[numbers] = True
    is_used = is_used[:count]
    if is_used.all():
        return Renumbering(count)
    renumbered = np.where(is_used, np.cumsum(is_used) - 1, -1).astype(np.int32)
    return Renumbering(int(is_used.sum()), renumbered)


def _taken(
    offsets: npt.NDArray[np.int32], elements: Numbers, used: Renumbering
) -> tuple[npt.NDArray[np.int32], Numbers]:
    """The lists that are used, one after the other."""
    if used.numbers is None:
        return offsets, elements
    sizes, is_used = np.diff(offsets), used.numbers >= 0
    taken = elements[np.repeat(is_used, sizes)]
    return np.concatenate([[0], np.cumsum(sizes[is_used])]).astype(np.int32), taken


def _binary(lists: Bytes) -> pa.BinaryArray:
    buffers = [None, pa.py_buffer(lists.offsets), pa.py_buffer(lists.data)]
    return pa.Array.from_buffers(pa.binary(), len(lists), buffers)


def _array(values: npt.NDArray[Any]) -> pa.Array:
    """The array of numbers, in place."""
    type_ = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(type_, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])
