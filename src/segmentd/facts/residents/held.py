"""Whether a book's records have values of an attribute."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from segmentd.columns.column import Batch, BoolColumn, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import popcount
from segmentd.facts.kinds import OWNER, RecordKind
from segmentd.facts.views import BookView
from segmentd.schema import DataType, Subject


def held_type(view: BookView, subject: Subject, attribute_id: str) -> DataType | None:
    """The type of the values that records have for an attribute; None where none has one."""
    for batch in _batches(view, RecordKind(subject.value)):
        column = batch.columns.get(attribute_id)
        if column is not None and batch.rows and _has_values(column):
            return column.type
    return None


def _batches(view: BookView, kind: RecordKind) -> Iterator[Batch]:
    if kind not in OWNER:
        yield view.entities(kind).batch
        return
    yield view.sorted_items(kind).batch
    yield view.items_of(kind, view.touched(kind)).batch


def _has_values(column: Column) -> bool:
    match column:
        case FixedColumn() | BoolColumn():
            return column.validity is None or popcount(column.validity) > 0
        case TextColumn():
            return bool((column.codes < len(column.dictionary)).any())
        case ListColumn():
            lengths = pc.list_value_length(column.dictionary).to_numpy(zero_copy_only=False)
            return bool((lengths[np.unique(column.codes)] > 0).any())
