"""Past values as columns, in the place of the values that records have now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import BoolColumn, Column, FixedColumn, ListColumn
from segmentd.columns.planes import pack
from segmentd.columns.text import build_lists, build_text
from segmentd.facts.aggregates.columns import replace_rows, with_validity
from segmentd.facts.book.field import Cells
from segmentd.facts.book.view import View, is_amount
from segmentd.facts.past_values import PastValues
from segmentd.facts.views import Entities, Rows
from segmentd.schema import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where past values belong: `rows` of entities, ascending, and which of the values is each row's."""

    rows: Rows
    chosen: npt.NDArray[np.int64]


def places_of(past: PastValues, entities: Entities, view: View) -> Places:
    """The rows that a field's past values are of, one a record that there is."""
    rows = entities.row_of[view.tables[past.kind].ids.find(past.ids)].astype(np.int64)
    order = np.argsort(rows)
    return Places(rows[order], order)


def patched(column: Column, past: PastValues, entities: Entities, view: View) -> Column:
    """The column with a field's past values, one a record that there is."""
    places = places_of(past, entities, view)
    values = past.values.take(pa.array(places.chosen))
    if is_amount(past.kind, past.name):
        other = view.latest_amounts(_cells(values), entities.slots[places.rows])
    else:
        other = _column(past, values)
    if isinstance(column, ListColumn) and isinstance(other, ListColumn):
        return _with_lists(column, places.rows, other)
    return replace_rows(with_validity(column, entities.batch.rows), places.rows, other)


def _column(past: PastValues, values: pa.Array) -> Column:
    match past.type.kind:
        case Kind.STRING:
            return build_text(past.name, values)
        case Kind.LIST:
            return build_lists(past.name, values)
    cells = _cells(values)
    present = np.ones(len(values), np.bool_) if cells.present is None else cells.present.view(np.bool_)
    if past.type.kind is Kind.BOOL:
        return BoolColumn(pack(cells.values.astype(np.bool_) & present), pack(present))
    numbers = cells.values.view(np.float64) if past.type.kind is Kind.DOUBLE else cells.values
    return FixedColumn(past.type, numbers, pack(present))


def _cells(values: pa.Int64Array) -> Cells:
    present = values.is_valid().to_numpy(zero_copy_only=False).view(np.uint8)
    return Cells(values.fill_null(0).to_numpy(), present)


def _with_lists(column: ListColumn, rows: Rows, other: ListColumn) -> ListColumn:
    codes = column.codes.copy()
    codes[rows] = other.codes + np.int32(len(column.dictionary))
    return ListColumn(codes, pa.concat_arrays([column.dictionary, other.dictionary]))
