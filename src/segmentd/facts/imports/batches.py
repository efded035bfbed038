"""The batches of a file: the same ones every time that it is read, so that an import can go on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from segmentd.engine import Engine, EvaluationCancelledError
from segmentd.facts.imports.errors import SourceUnreadableError
from segmentd.facts.imports.joining import MAX_JOINED_BYTES, join_rows
from segmentd.facts.imports.planning import FilePlan
from segmentd.facts.imports.reading import BATCH_ROWS, SourceReader, batches_of
from segmentd.facts.imports.rows import MappedRows, map_rows
from segmentd.facts.records import Rejection, RowNumbers, Said

_WHOLE_ROW: Final = ""
"""The field of a row that cannot be read at all."""


@dataclass(frozen=True, slots=True, eq=False)
class ImportBatch:
    """Records of a file.

    `table`: their fields. `rows`: the row of the file, from 0, that each is, or begins with. `rejected`: rows of the
    file that are no records. `read`: how many rows of the file it stands for. `bytes_read`: how much of the file had
    been read with it. `is_last`: none of the file comes after it. `said`: by field, which records say it, where not all
    do.
    """

    index: int
    table: pa.Table
    rows: RowNumbers
    rejected: tuple[Rejection, ...]
    read: int
    bytes_read: int
    is_last: bool
    said: Mapping[str, Said] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class FileBatches:
    """A file that is read by a plan. `now_us`: what `now` means in expressions.

    `check` is called before each piece is worked on, and where `is_told_to_end` said so meanwhile; what it raises ends
    the reading.
    """

    path: str
    reader: SourceReader
    plan: FilePlan
    engine: Engine
    now_us: int
    check: Callable[[], None]
    is_told_to_end: Callable[[], bool]

    def after(self, skipped: int, *, joined: bool) -> Iterator[ImportBatch]:
        """The batches after the first so many. Raises SourceUnreadableError where the file is not what it seemed."""
        try:
            yield from self._joined(skipped) if joined else self._single(skipped)
        except (OSError, pa.ArrowException, ValueError) as error:
            raise SourceUnreadableError(self.path, error) from error

    def _single(self, skipped: int) -> Iterator[ImportBatch]:
        index = skipped
        for table, is_last in _with_last(batches_of(self._pieces(skipped * BATCH_ROWS))):
            first, stop = index * BATCH_ROWS, index * BATCH_ROWS + table.num_rows
            numbers = self.reader.bad_rows.rows_of_good(first, table.num_rows)
            bad = self.reader.bad_rows.between(first, None if is_last else stop)
            mapped = self._map(table)
            rejected = (*_bad(bad), *_renumbered(mapped, numbers))
            read = table.num_rows + len(bad)
            rows = numbers[mapped.rows]
            so_far = self.reader.bytes_read()
            yield ImportBatch(index, mapped.table, rows, rejected, read, so_far, is_last, mapped.said)
            index += 1

    def _joined(self, skipped: int) -> Iterator[ImportBatch]:
        """The file is read as a whole: any of its rows may belong to any other."""
        pieces: list[MappedRows] = []
        numbers, rejected = [], []
        first = 0
        for table in batches_of(self._pieces(0)):
            mapped = self._map(table)
            of_rows = self.reader.bad_rows.rows_of_good(first, table.num_rows)
            first += table.num_rows
            pieces.append(mapped)
            numbers.append(of_rows[mapped.rows])
            rejected += _renumbered(mapped, of_rows)
            if sum(each.table.nbytes for each in pieces) > MAX_JOINED_BYTES:
                raise ValueError(f"the records to join take more than {MAX_JOINED_BYTES >> 20} MiB; give several files")
        rejected += _bad(self.reader.bad_rows.between(0, None))
        yield from self._cut(pieces, numbers, tuple(rejected), skipped)

    def _cut(
        self, pieces: list[MappedRows], numbers: list[RowNumbers], rejected: tuple[Rejection, ...], skipped: int
    ) -> Iterator[ImportBatch]:
        """Batches of joined records; the first one tells of all rows that were rejected."""
        if not pieces:
            nothing = np.zeros(0, np.int64)
            yield ImportBatch(0, pa.table({}), nothing, rejected, len(rejected), self.reader.bytes_read(), is_last=True)
            return
        joined = join_rows(pa.concat_tables([each.table for each in pieces]), np.concatenate(numbers), _said(pieces))
        count = max(1, -(-len(joined.rows) // BATCH_ROWS))
        for index in range(skipped, count):
            start, stop = index * BATCH_ROWS, (index + 1) * BATCH_ROWS
            told = rejected if index == 0 else ()
            read = int(joined.sizes[start:stop].sum()) + len(told)
            share = self.reader.bytes_read() * (index + 1) // count
            part = joined.table.slice(start, BATCH_ROWS)
            said = {name: each[start:stop] for name, each in joined.said.items()}
            yield ImportBatch(index, part, joined.rows[start:stop], told, read, share, index == count - 1, said)

    def _pieces(self, skipped: int) -> Iterator[pa.Table]:
        for piece in self.reader.pieces(list(self.plan.columns), skipped):
            self.check()
            yield piece

    def _map(self, table: pa.Table) -> MappedRows:
        if table.num_rows == 0:  # it may have no columns either
            return MappedRows(pa.table({}), np.zeros(0, np.int64), ())
        try:
            return map_rows(table, self.plan, self.engine, self.now_us, self.is_told_to_end)
        except EvaluationCancelledError:
            self.check()
            raise


def _with_last(tables: Iterator[pa.Table]) -> Iterator[tuple[pa.Table, bool]]:
    """Each table, and whether it is the last one; a file without rows has one empty table."""
    before: pa.Table | None = None
    for table in tables:
        if before is not None:
            yield before, False
        before = table
    yield (pa.table({}) if before is None else before), True


def _said(pieces: list[MappedRows]) -> dict[str, Said]:
    """Which of all records say a field, where not all do."""
    names = dict.fromkeys(name for piece in pieces for name in piece.said)
    return {
        name: np.concatenate([piece.said.get(name, np.ones(len(piece.rows), np.bool_)) for piece in pieces])
        for name in names
    }


def _bad(rows: list[tuple[int, str]]) -> list[Rejection]:
    return [Rejection(row, _WHOLE_ROW, f"the row {message}") for row, message in rows]


def _renumbered(mapped: MappedRows, numbers: RowNumbers) -> list[Rejection]:
    """What was rejected, by the rows of the file."""
    return [Rejection(int(numbers[each.row]), each.field, each.message) for each in mapped.rejected]
