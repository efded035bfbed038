"""A field of a table: its values by row, those of a sorted prefix and those of a tail that grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.column import BoolColumn, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.fixed import bool_column
from segmentd.columns.planes import pack
from segmentd.engine.facts.lasting import grown, lasting
from segmentd.engine.facts.rows import Rows, take, take_coded
from segmentd.facts.book.pool import ListPool, ListPoolView, PoolView, TextPool
from segmentd.schema import DataType, Kind

Values = npt.NDArray[Any]
Present = npt.NDArray[np.uint8]
Pool = TextPool | ListPool
AnyPoolView = PoolView | ListPoolView

ELEMENTS: Final[Mapping[Kind, npt.DTypeLike]] = {
    Kind.BOOL: np.uint8,
    Kind.DOUBLE: np.float64,
    Kind.STRING: np.int32,
    Kind.LIST: np.int32,
}
"""What values are kept as; others as int64. Text: its number, -1 for none. List: its number, 0 for none."""

NO_TEXT: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Values of some rows, and in `present` 1 where there is one; None: everywhere. Where there is none, they are 0.

    Text and lists say so themselves.
    """

    values: Values
    present: Present | None = None

    def some(self, rows: npt.NDArray[np.int64]) -> Cells:
        """The cells of some rows, ascending, each once."""
        return Cells(some(self.values, rows), None if self.present is None else some(self.present, rows))

    def equals(self, other: Cells) -> npt.NDArray[np.bool_]:
        """Which rows have the same value, or both have none; doubles are compared by their bits."""
        same = np.asarray(_bits(self.values) == _bits(other.values))
        if self.present is None and other.present is None:
            return same
        ours = 1 if self.present is None else self.present
        theirs = 1 if other.present is None else other.present
        return np.asarray(same & (ours == theirs))


class Prefix:
    """The values of sorted rows, which never change.

    `known`: the number of texts or lists that its pool had; the code of no text.
    """

    __slots__ = ("_column", "_converted", "known", "present", "values")

    def __init__(self, values: Values, present: Present | None, known: int) -> None:
        self.values = values
        self.present = present
        self.known = known
        self._column: Column | None = None
        self._converted: tuple[object, Column] | None = None

    def column(self, type_: DataType, pool: AnyPoolView | None) -> Column:
        """The column of all rows, without a copy, made once. `pool`: the one whose first `known` texts it has."""
        if self._column is None:
            self._column = column_of(type_, Cells(self.values, self.present), pool)
        return self._column

    def converted(self, by: object) -> Column | None:
        """What was kept of an amount in the ledger's currency by these rates, None: without any."""
        kept = self._converted
        return kept[1] if kept is not None and kept[0] is by else None

    def keep_converted(self, by: object, column: Column) -> None:
        """Keep an amount in the ledger's currency."""
        self._converted = by, column


@dataclass(frozen=True, slots=True, eq=False)
class FieldView:
    """A field as a version has it; rows of the tail that came later are not asked for."""

    type: DataType
    pool: AnyPoolView | None
    known: AnyPoolView | None
    """The pool as it was when the prefix was made."""
    prefix: Prefix
    tail: Values
    tail_present: Present | None

    def column(self) -> Column:
        """The column of the prefix, without a copy."""
        return self.prefix.column(self.type, self.known)

    @property
    def may_lack(self) -> bool:
        """Whether flags say which rows have a value."""
        return self.prefix.present is not None or self.tail_present is not None

    def gather(self, rows: Rows) -> Column:
        """The column of some rows."""
        return column_of(self.type, self.cells(rows, 0 if self.pool is None else self.pool.count), self.pool)

    def cells(self, rows: Rows, no_text: int = NO_TEXT) -> Cells:
        """The values of some rows; `no_text` where there is no text."""
        if self.type.kind is Kind.STRING:
            return Cells(take_coded(self.prefix.values, self.tail, rows, self.prefix.known, no_text))
        return Cells(take(self.prefix.values, self.tail, rows), self._present(rows))

    def _present(self, rows: Rows) -> Present | None:
        prefix, tail, split = self.prefix.present, self.tail_present, len(self.prefix.values)
        if prefix is not None and tail is not None:
            return take(prefix, tail, rows)
        if prefix is None and tail is None:
            return None
        present, in_tail = np.ones(len(rows), np.uint8), rows >= split
        if prefix is not None:
            present[~in_tail] = prefix[rows[~in_tail]]
        elif tail is not None:
            present[in_tail] = tail[rows[in_tail] - split]
        return present


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows a table's prefix and its tail have, and how many its tail has room for."""

    prefix: int = 0
    tail: int = 0
    capacity: int = 0


class Field:
    """A field that the one writer adds to."""

    def __init__(
        self, type_: DataType, pool: Pool | None, extent: Extent, element: npt.DTypeLike | None = None
    ) -> None:
        """A field without a value in any of the rows that there are. `element`: where it is not the type's own."""
        element = ELEMENTS.get(type_.kind, np.int64) if element is None else element
        flags = type_.kind not in (Kind.STRING, Kind.LIST)
        self.type = type_
        self.pool = pool
        self.known = None if pool is None else pool.view()
        present = lasting(extent.prefix, np.uint8) if flags and extent.prefix else None
        self.prefix = Prefix(lasting(extent.prefix, element), present, 0 if self.known is None else self.known.count)
        if type_.kind is Kind.STRING:
            self.prefix.values[:] = self.prefix.known
        self.tail = lasting(extent.capacity, element)
        self.tail[: extent.tail] = NO_TEXT if type_.kind is Kind.STRING else 0
        self.tail_present = lasting(extent.capacity, np.uint8) if flags and extent.tail else None

    def view(self) -> FieldView:
        """The field as it is."""
        pool = None if self.pool is None else self.pool.view()
        return FieldView(self.type, pool, self.known, self.prefix, self.tail, self.tail_present)

    def reserve(self, capacity: int) -> None:
        """Room for so many rows of the tail. What views hold is left as it is."""
        if capacity > len(self.tail):
            present = None if self.tail_present is None else grown(self.tail_present, capacity)
            self.tail, self.tail_present = grown(self.tail, capacity), present

    def write(self, first: int, cells: Cells) -> None:
        """The values of rows of the tail, from `first` on."""
        end = first + len(cells.values)
        self.tail[first:end] = cells.values
        if cells.present is not None and self.tail_present is None:
            self.tail_present = lasting(len(self.tail), np.uint8)
            self.tail_present[:first] = 1
        if self.tail_present is not None:
            self.tail_present[first:end] = 1 if cells.present is None else cells.present

    def rebase(self, prefix: Prefix, capacity: int) -> None:
        """Begin with a new prefix and an empty tail."""
        self.prefix = prefix
        self.known = None if self.pool is None else self.pool.view()
        self.tail, self.tail_present = lasting(capacity, self.tail.dtype), None

    def missing(self, rows: int) -> Cells:
        """Cells without a value."""
        if self.type.kind is Kind.STRING:
            return Cells(np.full(rows, NO_TEXT, np.int32))
        flags = None if self.type.kind is Kind.LIST else np.zeros(rows, np.uint8)
        return Cells(np.zeros(rows, self.tail.dtype), flags)


def some(values: Values, rows: npt.NDArray[np.int64]) -> Values:
    """The values of some rows, ascending, each once: the very array where these are all."""
    return values if len(rows) == len(values) else values[rows]


def column_of(type_: DataType, cells: Cells, pool: AnyPoolView | None) -> Column:
    """The column of cells; no text is the number of the pool's texts."""
    match type_.kind:
        case Kind.STRING if pool is not None:
            return TextColumn(cells.values, pool.texts())
        case Kind.LIST if pool is not None:
            return ListColumn(cells.values, pool.texts())
        case Kind.BOOL:
            return _bools(cells)
        case _:
            validity = None if cells.present is None or cells.present.all() else pack(cells.present.view(np.bool_))
            return FixedColumn(type_, cells.values, validity)


def _bools(cells: Cells) -> BoolColumn:
    present = cells.present
    validity = None if present is None or present.all() else pack(present.view(np.bool_))
    return bool_column(pack(cells.values.view(np.bool_)), validity)


def _bits(values: Values) -> Values:
    return values.view(np.int64) if values.dtype == np.float64 else values
