"""A version of a book as Arrow tables: what lives, sorted, and texts with their hash tables, ready to be taken over.

A table `{kind}` has the ids' numbers of a kind's rows, and `{kind}.{field}.cells` the values of a field: a column
`{field}`, and `{field}!` that says where it has one if it may lack one; texts, lists and owners are numbers.
`{kind}.{field}.texts`, `.lists` and `.hashes` are what these stand for. Only what rows refer to is there: what was
deleted is in no byte of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from segmentd.engine.facts.pieces import spans
from segmentd.engine.facts.rows import Lives, Numbers
from segmentd.facts.book.dumped import (
    CELLS,
    HASHES,
    LISTS,
    TEXTS,
    DumpedField,
    hashes_table,
    texts_table,
)
from segmentd.facts.book.pool import ListPoolView, PoolView
from segmentd.facts.book.renumbering import Renumbering, Used, renumbered
from segmentd.facts.book.sorting import Sorted, sorted_rows
from segmentd.facts.book.table_view import ID, OWNER, OWNERS, TableView
from segmentd.facts.book.view import View
from segmentd.facts.kinds import OWNER as OWNER_FIELD
from segmentd.facts.kinds import RecordKind

BOOK: Final = "book"
"""The table of the words that texts are hashed with."""
SECRETS: Final = "secrets"
FIELDS: Final = b"fields"
"""What in the metadata of a kind's table says, in JSON, which fields have a table."""

_MAKERS: Final[Mapping[str, Callable[[DumpedField], pa.Table]]] = {
    CELLS: DumpedField.values,
    TEXTS: DumpedField.texts,
    LISTS: DumpedField.lists,
    HASHES: DumpedField.hashes,
}
_ENDS: Final[Mapping[type[object], tuple[str, ...]]] = {
    type(None): (CELLS,),
    PoolView: (CELLS, TEXTS, HASHES),
    ListPoolView: (CELLS, TEXTS, LISTS, HASHES),
}
"""The tables of a field, by what its values are the numbers of."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A table: of which field of which kind, and what of it."""

    kind: RecordKind
    field: str
    end: str


class Dump(Mapping[str, pa.Table]):
    """All that is needed to restore a version, by name. Any thread may make one and read it, while others write.

    A table is made when it is asked for, and not kept: who writes one after the other, in the order of their names,
    holds one field of a large ledger at a time.
    """

    def __init__(self, view: View) -> None:
        self._tables = view.tables
        self._slots = {kind: renumbered(_living_ids(table)) for kind, table in view.tables.items()}
        self._sorted: dict[RecordKind, Sorted | None] = {}
        self._fields: dict[tuple[RecordKind, str], DumpedField] = {}
        self._parts = {name: part for table in view.tables.values() for name, part in _parts(table)}

    def __getitem__(self, name: str) -> pa.Table:
        if name == BOOK:
            return pa.table({SECRETS: pa.array(self._tables[RecordKind.CUSTOMER].ids.secrets)})
        part = self._parts[name]
        if part.field == ID:
            return self._of_ids(part)
        return _MAKERS[part.end](self._field(part.kind, part.field))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted((BOOK, *self._parts)))

    def __len__(self) -> int:
        return 1 + len(self._parts)

    def _of_ids(self, part: _Part) -> pa.Table:
        table, used = self._tables[part.kind], self._slots[part.kind]
        match part.end:
            case "":
                fields = [name for name in table.fields if name != ID]
                return self._field(part.kind, ID).values().replace_schema_metadata({FIELDS: json.dumps(fields)})
            case _ if part.end == TEXTS:
                return texts_table(table.ids, used)
            case _:
                return hashes_table(table.ids, used)

    def _field(self, kind: RecordKind, name: str) -> DumpedField:
        """The field; the one that was asked for last is kept, since several tables are made of it."""
        found = self._fields.get((kind, name))
        if found is None:
            self._fields.clear()
            found = DumpedField(name, self._tables[kind].fields[name], self._rows(kind), self._slots_in(kind, name))
            self._fields[kind, name] = found
        return found

    def _rows(self, kind: RecordKind) -> Sorted | None:
        """The rows that live, sorted; None where they are the prefix. Those of the kind asked for last are kept."""
        if kind not in self._sorted:
            self._sorted.clear()
            table = self._tables[kind]
            is_prefix = table.is_prefix if table.chains is None else not len(table.noted)
            owners = 0 if table.chains is None else self._tables[RecordKind(OWNER_FIELD[kind])].ids.count
            self._sorted[kind] = None if is_prefix else sorted_rows(table, owners)
        return self._sorted[kind]

    def _slots_in(self, kind: RecordKind, name: str) -> Renumbering | None:
        """The new numbers of the ids that a field's values are."""
        match name:
            case _ if name == ID:
                return self._slots[kind]
            case _ if name == OWNER:
                return self._slots[RecordKind(OWNER_FIELD[kind])]
            case _ if name == OWNERS:
                return self._slots[RecordKind.CUSTOMER]
            case _:
                return None


def _parts(table: TableView) -> Iterator[tuple[str, _Part]]:
    """The tables of a kind by name."""
    yield table.kind.value, _Part(table.kind, ID, "")
    for name, field in table.fields.items():
        for end in (TEXTS, HASHES) if name == ID else _ENDS[type(field.pool)]:
            yield f"{table.kind}.{name}{end}", _Part(table.kind, name, end)


def _living_ids(table: TableView) -> Used:
    """Which ids' numbers have a row."""
    id_, lives = table.fields[ID], table.lives
    is_living = np.zeros(table.ids.count, np.bool_)
    for part in spans(0, table.prefix_rows):
        is_living[_alive(id_.prefix.values[part], lives.died[part], lives)] = True
    for part in spans(0, lives.tail_rows):
        is_living[_alive(id_.tail[part], lives.tail_died[part], lives)] = True
    return is_living


def _alive(numbers: Numbers, died: Numbers, lives: Lives) -> Numbers:
    alive: Numbers = numbers[(died == 0) | (died > lives.mark)]
    return alive
