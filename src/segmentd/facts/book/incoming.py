"""Columns of a batch as cells of a table: texts and lists by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import BoolColumn, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import Plane, unpack
from segmentd.engine.facts.rows import Numbers
from segmentd.facts.book.field import ELEMENTS, NO_TEXT, Cells, Pool, Present, some
from segmentd.facts.book.pool import ListPool, TextPool

Places = npt.NDArray[np.int64]


def cells_of(column: Column, places: Places, pool: Pool | None) -> Cells:
    """The cells of some rows of a column, ascending. What their texts lack is added to the pool."""
    match column:
        case TextColumn() if isinstance(pool, TextPool):
            return Cells(_texts(some(column.codes, places), column.dictionary, pool))
        case ListColumn() if isinstance(pool, ListPool):
            return Cells(_lists(some(column.codes, places), column.dictionary, pool))
        case BoolColumn():
            bits = unpack(column.values, _length(column.values)).view(np.uint8)[places]
            return _without_missing(bits, _present(column.validity, places))
        case FixedColumn():
            element = ELEMENTS.get(column.type.kind, np.int64)
            return _without_missing(
                some(column.values, places).astype(element, copy=False), _present(column.validity, places)
            )
        case _:
            raise TypeError(f"a column of {column.type} has no place in a field of another type")


def missing_rows(column: Column, rows: int) -> npt.NDArray[np.bool_]:
    """Which rows have no value. A list is never missing."""
    match column:
        case TextColumn():
            return np.asarray(column.codes == len(column.dictionary))
        case FixedColumn() | BoolColumn() if column.validity is not None:
            return ~unpack(column.validity, rows)
        case _:
            return np.zeros(rows, np.bool_)


def used_entries(codes: Numbers, dictionary: pa.Array) -> tuple[Numbers, pa.Array]:
    """Codes into the dictionary's entries that they use; the code past its end stays that.

    What no row has must not be kept: it may be the text of a row that was rejected, or of a person long gone.
    """
    is_used = np.zeros(len(dictionary) + 1, np.bool_)
    is_used[codes] = True
    is_used[-1] = True
    if is_used.all():
        return codes, dictionary
    renumbered = np.cumsum(is_used, dtype=np.int32) - np.int32(1)
    return renumbered[codes], dictionary.filter(pa.array(is_used[:-1]))


def _texts(codes: Numbers, dictionary: pa.StringArray, pool: TextPool) -> Numbers:
    codes, entries = used_entries(codes, dictionary)
    return np.append(pool.add_texts(entries), np.int32(NO_TEXT))[codes]


def _lists(codes: Numbers, dictionary: pa.ListArray, pool: ListPool) -> Numbers:
    codes, entries = used_entries(codes, dictionary)
    return pool.add(entries)[codes]


def _present(validity: Plane | None, places: Places) -> Present | None:
    if validity is None:
        return None
    present = unpack(validity, _length(validity)).view(np.uint8)[places]
    return None if present.all() else present


def _length(plane: Plane) -> int:
    return 64 * len(plane)


def _without_missing(values: npt.NDArray[Any], present: Present | None) -> Cells:
    """Cells whose missing values are 0, so that equal rows are equal."""
    return Cells(values, None) if present is None else Cells(np.where(present, values, values.dtype.type(0)), present)
