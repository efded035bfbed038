"""Batches of records, in any of their three forms, as checked columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.api.v1 import record_pb2 as pb
from segmentd.columns.column import Batch
from segmentd.columns.errors import TooManyRowsError
from segmentd.columns.gather import gather
from segmentd.engine.requests.message import Message, whole_message
from segmentd.facts.decoding.arrow_form import read_arrow
from segmentd.facts.decoding.checks import check_records
from segmentd.facts.decoding.column_form import read_columns
from segmentd.facts.decoding.draft import MAX_ROWS, Draft
from segmentd.facts.decoding.folding import fold_repeated
from segmentd.facts.decoding.ids import complete_ids
from segmentd.facts.decoding.row_form import read_rows
from segmentd.facts.kinds import RecordKind, record_schema
from segmentd.facts.records import RecordBatch
from segmentd.ledger.vocabulary import Vocabulary
from segmentd.schema import Schema

KINDS: Final[Mapping[int, RecordKind]] = {
    pb.RECORD_KIND_CUSTOMER: RecordKind.CUSTOMER,
    pb.RECORD_KIND_ACCOUNT: RecordKind.ACCOUNT,
    pb.RECORD_KIND_TRANSACTION: RecordKind.TRANSACTION,
    pb.RECORD_KIND_BALANCE: RecordKind.BALANCE,
    pb.RECORD_KIND_ENGAGEMENT: RecordKind.ENGAGEMENT,
    pb.RECORD_KIND_RATE: RecordKind.RATE,
}

FORMS: Final = "must hold columns, rows or arrow, or deletions"


def decode_records(
    message: pb.RecordBatch, vocabulary: Vocabulary, path: str = "batch", rows: Message | None = None
) -> RecordBatch:
    """The records of a message. Wrong rows are among its `rejected`; raises SegmentdError where the whole is wrong.

    `rows`: its RecordRows, where they are not in it but in the bytes that it came from.
    """
    kind = _kind(message, path)
    deletions = _deletions(message, kind, f"{path}.deletions")
    schema = record_schema(kind, vocabulary)
    form = "rows" if rows is not None else message.WhichOneof("form")
    if form is None and not len(deletions):
        raise FieldRequiredError(path, FORMS)
    batch = no_records(kind)
    if form is not None:
        path = f"{path}.{form}"
        batch = check_draft(
            _read(message, form, kind, schema, path) if rows is None else read_rows(rows, kind, schema, path)
        )
    return replace(batch, deletions=deletions)


def check_draft(draft: Draft) -> RecordBatch:
    """The records of a draft that are right, and why the others are not. Raises FieldRequiredError."""
    complete_ids(draft)
    check_records(draft)
    rows = draft.faults.right
    batch, said = Batch(draft.rows, draft.columns, draft.ids), dict(draft.said)
    if len(rows) < draft.rows:
        batch = replace(gather(batch, rows), ids=draft.ids.take(pa.array(rows)))
        said = {name: each[rows] for name, each in said.items()}
    records, folded = fold_repeated(batch, said)
    folded = {name: each for name, each in folded.items() if not each.all()}
    return RecordBatch(draft.kind, records, rows, draft.scales, draft.faults.rejections(), said=folded)


def no_records(kind: RecordKind) -> RecordBatch:
    """A batch without any record."""
    nothing = pa.array([], pa.string())
    return RecordBatch(kind, Batch(0, {}, nothing), np.zeros(0, np.int64))


def _read(message: pb.RecordBatch, form: str, kind: RecordKind, schema: Schema, path: str) -> Draft:
    match form:
        case "columns":
            return read_columns(message.columns, kind, schema, path)
        case "rows":
            return read_rows(whole_message(message.rows.SerializeToString()), kind, schema, path)
        case _:
            return read_arrow(message.arrow, kind, schema, path)


def _kind(message: pb.RecordBatch, path: str) -> RecordKind:
    if message.kind == pb.RECORD_KIND_UNSPECIFIED:
        raise FieldRequiredError(f"{path}.kind")
    kind = KINDS.get(message.kind)
    if kind is None:
        raise InvalidFieldError(f"{path}.kind", message.kind, f"one of {', '.join(pb.RecordKind.keys()[1:])}")
    return kind


def _deletions(message: pb.RecordBatch, kind: RecordKind, path: str) -> pa.StringArray:
    if message.deletions and kind is RecordKind.CUSTOMER:
        raise InvalidFieldError(path, f"{len(message.deletions)} customers", "to delete a customer, use DeleteCustomer")
    if len(message.deletions) > MAX_ROWS:
        error = TooManyRowsError(len(message.deletions), MAX_ROWS)
        error.place(path)
        raise error
    return pa.array(message.deletions, pa.string())
