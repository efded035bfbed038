"""Batches of records and a ledger, as books get them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa

from segmentd.columns.build import missing_column
from segmentd.columns.column import Batch, Column, FixedColumn
from segmentd.columns.fixed import build_bools
from segmentd.columns.planes import pack
from segmentd.columns.text import build_lists, build_text
from segmentd.facts.kinds import RecordKind
from segmentd.facts.records import RecordBatch
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.vocabulary import Vocabulary, build_vocabulary
from segmentd.schema import AttributeSpec, DataType, Kind, Subject

Columns = Mapping[str, tuple[DataType, Sequence[Any]]]
"""Columns by field: their type and Python values."""

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
LEDGER: Final = Ledger("main", "", "EUR", "Europe/Prague", LONG_AGO, LONG_AGO, "1")


def vocabulary(attributes: Iterable[tuple[Subject, str, DataType]] = (), ledger: Ledger = LEDGER) -> Vocabulary:
    """What a ledger with these given attributes can say."""
    return build_vocabulary(
        ledger,
        [
            Attribute(subject, AttributeSpec(id_, type_), "", "", None, LONG_AGO, LONG_AGO, "1")
            for subject, id_, type_ in attributes
        ],
    )


def column(type_: DataType, values: Sequence[Any]) -> Column:
    """A column of Python values, None for none; DATE in microseconds."""
    match type_.kind:
        case Kind.STRING:
            return build_text("x", pa.array(values, pa.string()))
        case Kind.LIST:
            return build_lists("x", pa.array(values, pa.list_(pa.string())))
        case _ if not values:
            return missing_column(type_, 0)
    present = np.array([value is not None for value in values], np.bool_)
    validity = None if present.all() else pack(present)
    filled = [0 if value is None else value for value in values]
    if type_.kind is Kind.BOOL:
        return build_bools(AttributeSpec("x", type_), np.array(filled, np.bool_), validity)
    element = np.float64 if type_.kind is Kind.DOUBLE else np.int64
    return FixedColumn(type_, np.array(filled, element), validity)


def batch(
    kind: RecordKind,
    ids: Sequence[str],
    columns: Columns,
    *,
    deletions: Sequence[str] = (),
    scales: Mapping[str, int] | None = None,
) -> RecordBatch:
    """A batch of records by columns."""
    made = {name: column(type_, values) for name, (type_, values) in columns.items()}
    records = Batch(len(ids), made, pa.array(ids, pa.string()))
    return RecordBatch(kind, records, np.arange(len(ids)), scales or {}, deletions=pa.array(deletions, pa.string()))
