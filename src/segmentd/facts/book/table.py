"""A table of the records of one kind: what the one writer changes, and what is undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from segmentd.engine.facts.lasting import grown, lasting
from segmentd.engine.facts.pieces import spans
from segmentd.engine.facts.rows import Lives, Numbers, Rows, ordered, placed
from segmentd.engine.facts.texts import Words
from segmentd.facts.book.field import Cells, Extent, Field, Pool, Prefix
from segmentd.facts.book.owners import NOBODY, OwnerIndex
from segmentd.facts.book.pool import ListPool, TextPool
from segmentd.facts.book.table_view import ID, OWNER, OWNERS, TableView
from segmentd.facts.book.written import Mark, Written
from segmentd.facts.kinds import FIELDS, TIME, RecordKind
from segmentd.facts.records import Said
from segmentd.schema import INT64, LIST, DataType, Kind, Schema

ALL_VERSIONS: Final = 2**31 - 1
"""The mark that is later than every death: what is dead now is dead."""

_FIRST_CAPACITY: Final = 1024


class Table:
    """The records of one kind by row: a sorted prefix, and a tail in the order of arrival.

    Customers, accounts and rates are found by the number of their id. Facts have an owner and a time too, by which the
    prefix is sorted. One thread writes; others have views.
    """

    def __init__(self, kind: RecordKind, secrets: Words, epoch: int = 0) -> None:
        self.kind = kind
        self.secrets = secrets
        self.ids = TextPool(secrets)
        self.epoch = epoch
        """The version that marks of deaths count from."""
        self.rows = 0
        """Of the tail."""
        self.capacity = _FIRST_CAPACITY
        self.died = np.zeros(0, np.int32)
        self.tail_died = np.zeros(self.capacity, np.int32)
        self.places = np.zeros(_FIRST_CAPACITY, np.int32)
        """The living row of each id's number and 1, 0 where there is none."""
        self.time = TIME.get(kind)
        self.index = None if self.time is None else OwnerIndex(NOBODY, self.capacity)
        extent = Extent(capacity=self.capacity)
        self.fields = {ID: Field(INT64, None, extent, np.int32)}
        if self.time is not None:
            self.fields[OWNER] = Field(INT64, None, extent, np.int32)
            self.fields[self.time] = Field(FIELDS[kind][self.time], None, extent)
        if kind is RecordKind.ACCOUNT:
            self.fields[OWNERS] = Field(LIST, ListPool(secrets), extent)
        self._published = self._mark()

    @property
    def prefix_rows(self) -> int:
        """The rows of the prefix."""
        return len(self.died)

    @property
    def is_changed(self) -> bool:
        """Whether anything was changed that is not published."""
        return self.rows != self._published.rows or bool(self._published.killed)

    def find(self, numbers: Numbers) -> Rows:
        """The living row of each id's number, -1 of -1 and where there is none."""
        known = (numbers >= 0) & (numbers < len(self.places))
        return np.where(known, self.places[np.where(known, numbers, 0)], 0).astype(np.int64) - 1

    def field(self, name: str, type_: DataType) -> Field:
        """The field of this name and type; one of another type is replaced by one without values."""
        found = self.fields.get(name)
        if found is None or found.type != type_:
            found = self.fields[name] = Field(type_, self._pool(type_), self._extent())
        return found

    def keep_fields(self, schema: Schema) -> None:
        """Forget the fields of attributes that are no more, or of another type."""
        for name, kept in list(self.fields.items()):
            spec = schema.get(name)
            if not name.startswith("#") and (spec is None or spec.type != kept.type):
                del self.fields[name]

    def write(self, numbers: Numbers, given: Mapping[str, Cells], version: int) -> Written:
        """Write records, each once, by their ids' numbers; fields that are not given keep what they have."""
        old = self.find(numbers)
        same = old >= 0
        kept = np.flatnonzero(same)
        for name, cells in given.items():
            if len(kept):
                same[kept] &= cells.some(kept).equals(self._cells(name, old[kept]))
        changed = np.flatnonzero(~same)
        replaced = old[changed]
        rows = self._append(numbers[changed], {name: cells.some(changed) for name, cells in given.items()}, replaced)
        self.kill(replaced[replaced >= 0], version)
        self.places[numbers[changed]] = rows + 1
        updated = int((replaced >= 0).sum())
        return Written(len(changed) - updated, updated, changed, replaced, rows)

    def filled(self, name: str, cells: Cells, said: Said, old: Rows) -> Cells:
        """The cells where they are said, and of records that there are already what they have where they are not."""
        kept = np.flatnonzero(~said & (old >= 0))
        if not len(kept):
            return cells
        before, values = self._cells(name, old[kept]), cells.values.copy()
        values[kept] = before.values
        if cells.present is None and before.present is None:
            return Cells(values)
        present = np.ones(len(values), np.uint8) if cells.present is None else cells.present.copy()
        present[kept] = 1 if before.present is None else before.present
        return Cells(values, present)

    def kill(self, rows: Rows, version: int) -> None:
        """These rows, which live, are dead from a version on."""
        if not len(rows):
            return
        self._published.killed.append(rows)
        numbers = self.numbers(rows)
        in_tail = rows >= self.prefix_rows
        self.died[rows[~in_tail]] = version - self.epoch
        self.tail_died[rows[in_tail] - self.prefix_rows] = version - self.epoch
        if self.index is not None:
            self.index.note(self.owners(rows))
        self.places[numbers] = 0

    def numbers(self, rows: Rows) -> Numbers:
        """The numbers of the ids of some rows."""
        return self._cells(ID, rows).values

    def owners(self, rows: Rows) -> Numbers:
        """The owners of some facts."""
        return self._cells(OWNER, rows).values

    def rows_of(self, owners: Numbers) -> Rows:
        """The living rows of some owners."""
        if self.index is None or self.time is None:
            raise ValueError(f"a {self.kind} has no owner")
        time = self.fields[self.time]
        return ordered(owners, self.index.chains(), self.lives(ALL_VERSIONS), time.prefix.values, time.tail).rows

    def living(self) -> Rows:
        """The living row of each id's number, -1 where there is none."""
        id_ = self.fields[ID]
        return placed(id_.prefix.values, id_.tail, self.lives(ALL_VERSIONS), self.ids.count)

    def lives(self, mark: int) -> Lives:
        """Which rows live for those who see versions up to a mark."""
        return Lives(self.died, self.tail_died, self.rows, mark)

    def publish(self) -> None:
        """Keep what was changed."""
        self._published = self._mark()

    def undo(self) -> None:
        """Forget what was changed since `publish`, wherever it stopped."""
        mark = self._published
        if self.index is not None:
            self.index.undo(self.fields[OWNER].tail, mark.rows, self.rows, mark.noted)
        written = self.fields[ID].tail[mark.rows : self.rows]
        self.places[written[self.places[written] > self.prefix_rows + mark.rows]] = 0
        self.tail_died[mark.rows : self.rows] = 0
        self.rows, self.fields = mark.rows, dict(mark.fields)
        for killed in mark.killed:
            self._revive(killed[killed < self.prefix_rows + mark.rows])
        for pool, pool_mark in mark.pools:
            pool.truncate(pool_mark)
        self.ids.truncate(mark.ids)
        self._published = self._mark()

    def view(self, version: int) -> TableView:
        """What was published as a version."""
        fields = {name: kept.view() for name, kept in self.fields.items()}
        lives = self.lives(version - self.epoch)
        if self.index is None:
            return TableView(self.kind, self.ids.view(), fields, lives)
        noted = self.index.noted[: self.index.noted_count]
        return TableView(self.kind, self.ids.view(), fields, lives, self.index.chains(), noted)

    def adopt(self, ids: TextPool) -> None:
        """Take the ids of records that are about to come, in place of none."""
        self.ids = ids
        self.places = grown(self.places, max(ids.count, len(self.places)))

    def rebase(self, prefixes: Mapping[str, Prefix], offsets: Rows, version: int, spare: int = 0) -> None:
        """Begin with these prefixes, an empty tail with room for `spare` rows, and `offsets` by owner."""
        count = len(prefixes[ID].values)
        capacity = max(_FIRST_CAPACITY, spare)
        died, tail_died = (lasting(rows, np.int32, sparse=True) for rows in (count, capacity))
        index = None if self.index is None else OwnerIndex(offsets, capacity)
        for name, kept in self.fields.items():
            kept.rebase(prefixes[name], capacity)
        ids = prefixes[ID].values
        for part in spans(0, count):
            self.places[ids[part]] = np.arange(part.start + 1, part.stop + 1, dtype=np.int32)
        self.died, self.tail_died, self.index = died, tail_died, index
        self.rows, self.capacity, self.epoch = 0, capacity, version
        self._published = self._mark()

    def _append(self, numbers: Numbers, given: Mapping[str, Cells], old: Rows) -> Rows:
        first, end = self.rows, self.rows + len(numbers)
        if first == end:
            return np.zeros(0, np.int64)
        self._reserve(end)
        for name, kept in self.fields.items():
            if name == ID:
                kept.write(first, Cells(numbers))
            else:
                kept.write(first, given[name] if name in given else self._kept(name, old))
        if self.index is None:
            self.rows = end
        else:
            owners = self.fields[OWNER].tail
            self.index.reserve_owners(int(owners[first:end].max()) + 1)
            self.rows = end
            self.index.link(owners, first, end)
        return np.arange(first, end, dtype=np.int64) + self.prefix_rows

    def _kept(self, name: str, old: Rows) -> Cells:
        """What the rows had that are replaced; nothing where there was none."""
        kept = self.fields[name]
        missing = kept.missing(len(old))
        replaced = np.flatnonzero(old >= 0)
        if not len(replaced):
            return missing
        cells = self._cells(name, old[replaced])
        missing.values[replaced] = cells.values
        if missing.present is not None:
            missing.present[replaced] = 1 if cells.present is None else cells.present
        return missing

    def _reserve(self, rows: int) -> None:
        if rows > self.capacity:
            capacity = max(rows, 2 * self.capacity)
            for kept in self.fields.values():
                kept.reserve(capacity)
            if self.index is not None:
                self.index.reserve_rows(capacity)
            self.tail_died = grown(self.tail_died, capacity)
            self.capacity = capacity
        if self.ids.count > len(self.places):
            self.places = grown(self.places, max(self.ids.count, len(self.places) * 3 // 2))

    def _revive(self, rows: Rows) -> None:
        in_tail = rows >= self.prefix_rows
        self.died[rows[~in_tail]] = 0
        self.tail_died[rows[in_tail] - self.prefix_rows] = 0
        self.places[self.numbers(rows)] = rows + 1

    def _cells(self, name: str, rows: Rows) -> Cells:
        return self.fields[name].view().cells(rows)

    def _extent(self) -> Extent:
        return Extent(self.prefix_rows, self.rows, self.capacity)

    def _pool(self, type_: DataType) -> Pool | None:
        match type_.kind:
            case Kind.STRING:
                return TextPool(self.secrets)
            case Kind.LIST:
                return ListPool(self.secrets)
            case _:
                return None

    def _mark(self) -> Mark:
        pools = [(kept.pool, kept.pool.mark()) for kept in self.fields.values() if kept.pool is not None]
        noted = 0 if self.index is None else self.index.noted_count
        return Mark(self.rows, dict(self.fields), self.ids.mark(), pools, noted)
