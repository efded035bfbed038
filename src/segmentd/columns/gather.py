"""Some rows of a batch, in any order, as a batch of its own."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.build import missing_column
from segmentd.columns.column import Batch, BoolColumn, Codes, Column, FixedColumn, ItemsOf, ListColumn, TextColumn
from segmentd.columns.planes import WORD, Plane, pack, popcount

Rows = npt.NDArray[np.int64]
Found = npt.NDArray[np.bool_]


def gather(batch: Batch, rows: Rows, attributes: Collection[str] | None = None) -> Batch:
    """The rows in the order given; a negative one has no values. `attributes`: the columns wanted, None: all.

    Items are wanted by their field, as columns are by their attribute; of a row that is not there it has none.
    Dictionaries keep the values that the rows have, so that work a distinct value is work for these rows alone.
    The ids are left out.
    """
    columns = (
        batch.columns
        if attributes is None
        else {name: batch.columns[name] for name in attributes if name not in batch.items}
    )
    items = {name: each for name, each in batch.items.items() if attributes is None or name in attributes}
    count = len(rows)
    if batch.rows == 0:
        missing = {name: missing_column(column.type, count) for name, column in columns.items()}
        return Batch(count, missing, items={name: _no_items(each, count) for name, each in items.items()})
    found = rows >= 0
    places = np.where(found, rows, 0)
    return Batch(
        count,
        {name: _gather_column(column, places, found) for name, column in columns.items()},
        items={name: _gather_items(each, places, found) for name, each in items.items()},
    )


def _no_items(items: ItemsOf, rows: int) -> ItemsOf:
    linked = {name: column.slice(0, 0) for name, column in items.linked.items()}
    return ItemsOf(np.zeros(rows + 1, np.int64), np.zeros(0, np.int64), items.batch, linked)


def _gather_items(items: ItemsOf, rows: Rows, found: Found) -> ItemsOf:
    """Whose row was not found has none."""
    starts = items.offsets[rows]
    counts = np.where(found, items.offsets[rows + 1] - starts, 0)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))
    places = np.arange(offsets[-1], dtype=np.int64) + np.repeat(starts - offsets[:-1], counts)
    linked = {name: TextColumn(column.codes[places], column.dictionary) for name, column in items.linked.items()}
    return ItemsOf(offsets, items.rows[places], items.batch, linked)


def _gather_column(column: Column, rows: Rows, found: Found) -> Column:
    match column:
        case FixedColumn():
            return FixedColumn(column.type, column.values[rows], _gather_validity(column.validity, rows, found))
        case BoolColumn():
            validity = _gather_validity(column.validity, rows, found)
            values = pack(_bits(column.values, rows))
            return BoolColumn(values if validity is None else values & validity, validity)
        case TextColumn():
            codes, dictionary = _compact(column.codes[rows][found], column.dictionary)
            return TextColumn(_spread(codes, found, len(dictionary)), dictionary)
        case ListColumn():
            if found.all():
                return ListColumn(*_compact(column.codes[rows], column.dictionary))
            with_empty = pa.concat_arrays([column.dictionary, pa.array([[]], column.dictionary.type)])
            return ListColumn(*_compact(_spread(column.codes[rows][found], found, len(column.dictionary)), with_empty))


def _gather_validity(validity: Plane | None, rows: Rows, found: Found) -> Plane | None:
    gathered = pack(found if validity is None else found & _bits(validity, rows))
    return None if popcount(gathered) == len(rows) else gathered


def _bits(plane: Plane, rows: Rows) -> Found:
    shifts = (rows % WORD).astype(np.uint64)
    return ((plane[rows // WORD] >> shifts) & np.uint64(1)).astype(np.bool_)


def _compact(codes: Codes, dictionary: pa.Array) -> tuple[Codes, pa.Array]:
    """The codes into a dictionary of the entries that they use; the code past its end stays past its end."""
    if len(codes) >= len(dictionary):
        return codes, dictionary
    used, place = np.unique(codes, return_inverse=True)
    entries = used[: np.searchsorted(used, len(dictionary))]
    return place.astype(np.int32), dictionary.take(pa.array(entries))


def _spread(codes: Codes, found: Found, missing: int) -> Codes:
    if found.all():
        return codes
    spread = np.full(len(found), missing, dtype=np.int32)
    spread[found] = codes
    return spread
