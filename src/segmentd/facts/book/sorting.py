"""All rows of a version of a table in order, and fields gathered in it, a piece at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from segmentd.engine.facts.lasting import lasting
from segmentd.engine.facts.pieces import each, spans
from segmentd.engine.facts.rows import Numbers, Ordered, Rows
from segmentd.facts.book.field import Cells, FieldView
from segmentd.facts.book.owners import NOBODY
from segmentd.facts.book.table_view import TableView

PIECE_OWNERS: Final = 65_536
"""The facts of so many owners are sorted at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """The rows that a version sees, those of facts by owner and time, others by their ids' numbers.

    They are cut into `pieces`, one after the other. `offsets`: by owner, of facts.
    """

    pieces: tuple[Numbers, ...]
    offsets: Rows

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(len(piece) for piece in self.pieces)


def sorted_rows(table: TableView, owners: int) -> Sorted:
    """The rows of a table in order. `owners`: how many there are, those without facts too."""
    if table.chains is None:
        return Sorted((table.rows.astype(np.int32),), NOBODY)

    def order(part: slice) -> tuple[Numbers, Rows]:
        found: Ordered = table.order(np.arange(part.start, part.stop, dtype=np.int32))
        return found.rows.astype(np.int32), found.starts

    pieces = each(parts := spans(0, owners, PIECE_OWNERS), order)
    offsets, first = lasting(owners + 1, np.int64), 0
    for part, (rows, starts) in zip(parts, pieces, strict=True):
        np.add(starts, first, out=offsets[part.start : part.stop + 1])
        first += len(rows)
    return Sorted(tuple(rows for rows, _ in pieces), offsets if first else NOBODY)


def in_place(rows: int) -> Sorted:
    """So many rows as they are."""
    return Sorted(tuple(np.arange(part.start, part.stop, dtype=np.int32) for part in spans(0, rows)), NOBODY)


def gathered(field: FieldView, rows: Sorted, no_text: int) -> Cells:
    """The values of a field in order, in arrays of their own; `no_text` where there is no text."""
    count = rows.count
    values = lasting(count, field.prefix.values.dtype)
    present = lasting(count, np.uint8) if field.may_lack else None

    def gather(part: tuple[slice, Numbers]) -> bool:
        place, numbers = part
        cells = field.cells(numbers.astype(np.int64), no_text)
        values[place] = cells.values
        if present is not None:
            present[place] = 1 if cells.present is None else cells.present
        return cells.present is None or bool(cells.present.all())

    is_whole = all(each(_parts(rows), gather))
    return Cells(values, None if is_whole else present)


def _parts(rows: Sorted) -> list[tuple[slice, Numbers]]:
    """Places in order, and the rows that come there."""
    parts, first = [], 0
    for piece in rows.pieces:
        parts += [(slice(first + part.start, first + part.stop), piece[part]) for part in spans(0, len(piece))]
        first += len(piece)
    return parts
