"""Columns and batches: the form in which the engine reads attribute values.

Every array may be read-only. A constructor checks lengths, types and codes, so that kernels need not;
what it refuses is a mistake of ours, a ValueError. What callers can get wrong is refused in `build.py`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.coding import Coding
from segmentd.columns.planes import Plane, has_clear_tail, slice_plane, word_count
from segmentd.schema import BOOL, LIST, STRING, DataType, Kind

INTEGER_WIDTHS: Final = ("|i1", "<i2", "<i4", "<i8")
MOMENT_WIDTHS: Final = ("<i8",)
FLOAT_WIDTHS: Final = ("<f4", "<f8")

WIDTHS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.INT64: INTEGER_WIDTHS,
    Kind.DECIMAL: INTEGER_WIDTHS,
    Kind.DOUBLE: FLOAT_WIDTHS,
    Kind.TIMESTAMP: MOMENT_WIDTHS,
    Kind.DATE: MOMENT_WIDTHS,
}
"""The element types of a `FixedColumn` by the kind of its values, narrowest first."""

Codes = npt.NDArray[np.int32]
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class FixedColumn:
    """Numbers and moments: `values[rows]` of an element type in `WIDTHS`, contiguous, aligned, little-endian.

    DECIMAL: minor units. TIMESTAMP: microseconds since 1970-01-01T00:00:00Z. DATE: the same, of the start of
    the day in the ledger's zone. `validity`: 1 where the row has a value; None: every row has one. The values
    of missing rows mean nothing.
    """

    type: DataType
    values: Array
    validity: Plane | None = None

    def __post_init__(self) -> None:
        allowed = WIDTHS.get(self.type.kind)
        if allowed is None:
            raise ValueError(f"{self.type} has no column of fixed width")
        if self.values.dtype.str not in allowed:
            raise ValueError(f"a column of {self.type} has elements {', '.join(allowed)}, not {self.values.dtype.str}")
        _check_array(self.values)
        _check_validity(self.validity, len(self.values))

    def fits(self, rows: int) -> bool:
        """Whether the column has this many rows."""
        return len(self.values) == rows

    def slice(self, start: int, stop: int) -> FixedColumn:
        """The rows `start` to `stop`, sharing the values; `start` is a multiple of 64."""
        return FixedColumn(self.type, self.values[start:stop], _slice_validity(self.validity, start, stop))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class BoolColumn:
    """Truth values as a plane. `validity` as in `FixedColumn`; the values of missing rows mean nothing."""

    values: Plane
    validity: Plane | None = None

    def __post_init__(self) -> None:
        _check_plane(self.values)
        if self.validity is not None:
            _check_plane(self.validity)
            if len(self.validity) != len(self.values):
                raise ValueError(f"validity has {len(self.validity)} words, the values {len(self.values)}")

    @property
    def type(self) -> DataType:
        """Always BOOL."""
        return BOOL

    def fits(self, rows: int) -> bool:
        """Whether the planes are those of this many rows."""
        planes = (self.values,) if self.validity is None else (self.values, self.validity)
        return all(len(plane) == word_count(rows) and has_clear_tail(plane, rows) for plane in planes)

    def slice(self, start: int, stop: int) -> BoolColumn:
        """The rows `start` to `stop`; `start` is a multiple of 64."""
        return BoolColumn(slice_plane(self.values, start, stop), _slice_validity(self.validity, start, stop))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class TextColumn:
    """Text as `codes[rows]` into a dictionary of distinct or repeated strings, none of them null.

    A missing row has the code `len(dictionary)`.
    """

    codes: Codes
    dictionary: pa.StringArray

    def __post_init__(self) -> None:
        _check_codes(self.codes, len(self.dictionary) + 1)
        if self.dictionary.type != pa.string() or self.dictionary.null_count:
            raise ValueError("the dictionary of a text column is a string array without nulls")

    @property
    def type(self) -> DataType:
        """Always STRING."""
        return STRING

    def fits(self, rows: int) -> bool:
        """Whether the column has this many rows."""
        return len(self.codes) == rows

    def slice(self, start: int, stop: int) -> TextColumn:
        """The rows `start` to `stop`, sharing codes and dictionary."""
        return TextColumn(self.codes[start:stop], self.dictionary)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ListColumn:
    """Lists of text as `codes[rows]` into a dictionary of lists, without nulls among them or in them.

    A missing row has the code of an empty list, so a list is never missing.
    """

    codes: Codes
    dictionary: pa.ListArray

    def __post_init__(self) -> None:
        _check_codes(self.codes, len(self.dictionary))
        if self.dictionary.type != pa.list_(pa.string()) or self.dictionary.null_count:
            raise ValueError("the dictionary of a list column is an array of string lists without nulls")
        if self.dictionary.flatten().null_count:
            raise ValueError("a list in the dictionary of a list column holds a null")

    @property
    def type(self) -> DataType:
        """Always LIST."""
        return LIST

    def fits(self, rows: int) -> bool:
        """Whether the column has this many rows."""
        return len(self.codes) == rows

    def slice(self, start: int, stop: int) -> ListColumn:
        """The rows `start` to `stop`, sharing codes and dictionary."""
        return ListColumn(self.codes[start:stop], self.dictionary)


Column = FixedColumn | BoolColumn | TextColumn | ListColumn


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ItemsOf:
    """The items of each row, `customer.accounts`: those of row i are `batch` rows `rows[offsets[i]:offsets[i + 1]]`.

    `offsets` int64[rows + 1] ascends from 0 to `len(rows)`; `rows` int64, of which several may name the same item, as
    owners of joint accounts do. `linked`: what is said of an item and of whose it is together, such as a role, as many
    values as `rows`.
    """

    offsets: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    batch: Batch
    linked: Mapping[str, TextColumn] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for array in (self.offsets, self.rows):
            if array.dtype.str != "<i8":
                raise ValueError(f"offsets and rows of items have elements <i8, not {array.dtype.str}")
            _check_array(array)
        if not len(self.offsets) or self.offsets[0] != 0 or self.offsets[-1] != len(self.rows):
            raise ValueError(f"offsets of {len(self.rows)} items ascend from 0 to that")
        if len(self.offsets) > 1 and int(np.diff(self.offsets).min()) < 0:
            raise ValueError("offsets of items ascend")
        for name, column in self.linked.items():
            if not column.fits(len(self.rows)):
                raise ValueError(f"{name} is said of {len(column.codes)} items, not {len(self.rows)}")
        if len(self.rows) and not (self.rows.min() >= 0 and self.rows.max() < self.batch.rows):
            raise ValueError(f"items are rows 0 to {self.batch.rows - 1}, not {self.rows.min()} to {self.rows.max()}")

    def slice(self, start: int, stop: int) -> ItemsOf:
        """The items of the rows `start` to `stop`, sharing the batch."""
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        linked = {name: column.slice(first, last) for name, column in self.linked.items()}
        return ItemsOf(self.offsets[start : stop + 1] - first, self.rows[first:last], self.batch, linked)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Columns of equal length by attribute id, and the subjects' ids where they are known.

    An attribute without a column is missing on every row. `items` are what macros go over, by the field that
    expressions read them from; whoever is asked about those of a batch without them is told that it has none.
    `codings` stand beside the columns: of one column by its attribute alone in a tuple, of several by all of theirs, of
    values computed from them by whatever tells these apart.
    A slice has none.
    """

    rows: int
    columns: Mapping[str, Column]
    ids: pa.StringArray | None = None
    codings: Mapping[Hashable, Coding] = field(default_factory=dict)
    items: Mapping[str, ItemsOf] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, items in self.items.items():
            if len(items.offsets) != self.rows + 1:
                raise ValueError(f"{name} are those of {len(items.offsets) - 1} rows, not {self.rows}")
        for attribute, column in self.columns.items():
            if not column.fits(self.rows):
                raise ValueError(f"column {attribute!r} does not have {self.rows} rows")
        for coding in self.codings.values():
            if not coding.fits(self.rows) or not self.columns.keys() >= set(coding.attributes):
                raise ValueError(f"the codes of {coding.attributes} are not those of {self.rows} rows")
        if self.ids is not None and (len(self.ids) != self.rows or self.ids.null_count):
            raise ValueError(f"the ids are not {self.rows} strings without nulls")

    def slice(self, start: int, stop: int) -> Batch:
        """The rows `start` to `stop`, sharing the values. `start` is a multiple of 64; ValueError otherwise."""
        if start % 64 or not 0 <= start <= stop <= self.rows:
            raise ValueError(f"rows {start} to {stop} are no slice of {self.rows} rows that starts at a word")
        columns = {attribute: column.slice(start, stop) for attribute, column in self.columns.items()}
        ids = None if self.ids is None else self.ids.slice(start, stop - start)
        items = {name: items.slice(start, stop) for name, items in self.items.items()}
        return Batch(stop - start, columns, ids, items=items)


def _check_array(array: Array) -> None:
    if array.ndim != 1 or not array.flags.c_contiguous or not array.flags.aligned:
        raise ValueError("an array of a column is one-dimensional, contiguous and aligned")


def _check_plane(plane: Plane) -> None:
    if plane.dtype.str != "<u8":
        raise ValueError(f"a plane has elements <u8, not {plane.dtype.str}")
    _check_array(plane)


def _check_validity(validity: Plane | None, rows: int) -> None:
    if validity is None:
        return
    _check_plane(validity)
    if len(validity) != word_count(rows):
        raise ValueError(f"validity of {rows} rows has {word_count(rows)} words, not {len(validity)}")
    if not has_clear_tail(validity, rows):
        raise ValueError(f"validity has bits past row {rows}")


def _check_codes(codes: Codes, end: int) -> None:
    if codes.dtype.str != "<i4":
        raise ValueError(f"codes have elements <i4, not {codes.dtype.str}")
    _check_array(codes)
    if len(codes) and not (codes.min() >= 0 and codes.max() < end):
        raise ValueError(f"codes are 0 to {end - 1}, not {codes.min()} to {codes.max()}")


def _slice_validity(validity: Plane | None, start: int, stop: int) -> Plane | None:
    return None if validity is None else slice_plane(validity, start, stop)
