"""Vocabularies and small batches of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Batch, BoolColumn, Column, FixedColumn
from segmentd.columns.planes import pack
from segmentd.columns.text import build_lists, build_text
from segmentd.facts.kinds import AMOUNT, RecordKind
from segmentd.facts.records import RecordBatch
from segmentd.ledger.errors import LedgerNotFoundError
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.vocabulary import Vocabulary, build_vocabulary
from segmentd.schema import INT64, TIMESTAMP, AttributeSpec, DataType, Subject

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

TIME_US = 1_750_000_000_000_000
"""When the first transaction was booked."""


def vocabulary_of(attributes: Mapping[str, DataType], ledger_id: str = "main") -> Vocabulary:
    """A ledger in euros whose customers have these attributes."""
    ledger = Ledger(ledger_id, "", "EUR", "Europe/Prague", LONG_AGO, LONG_AGO, "e")
    specs = [AttributeSpec(id_, type_) for id_, type_ in attributes.items()]
    return build_vocabulary(
        ledger, [Attribute(Subject.CUSTOMER, spec, "", "", None, LONG_AGO, LONG_AGO, "e") for spec in specs]
    )


class Definitions:
    """Vocabularies by ledger, which a test may change."""

    def __init__(self, *ledger_ids: str) -> None:
        self.known = {id_: vocabulary_of({"count": INT64}, id_) for id_ in ledger_ids or ("main",)}

    def vocabulary(self, ledger_id: str) -> Vocabulary:
        """The vocabulary. Raises LedgerNotFoundError."""
        if ledger_id not in self.known:
            raise LedgerNotFoundError(ledger_id)
        return self.known[ledger_id]


def column_of(type_: DataType, values: Sequence[Any]) -> Column:
    """A column of values, None where there is none."""
    present = [value is not None for value in values]
    validity = None if all(present) else pack(np.array(present, np.bool_))
    match type_.kind.value:
        case "STRING":
            return build_text("text", pa.array(values, pa.string()))
        case "LIST":
            return build_lists("list", pa.array(values, pa.list_(pa.string())))
        case "BOOL":
            return BoolColumn(pack(np.array([bool(value) for value in values], np.bool_)), validity)
        case "DOUBLE":
            return FixedColumn(type_, np.array([value or 0.0 for value in values], np.float64), validity)
    return FixedColumn(type_, np.array([value or 0 for value in values], np.int64), validity)


def batch_of(
    kind: RecordKind, ids: Sequence[str], columns: Mapping[str, Column], deletions: Sequence[str] = ()
) -> RecordBatch:
    """A batch of records, a row an id."""
    records = Batch(len(ids), columns, pa.array(ids, pa.string()))
    return RecordBatch(kind, records, np.arange(len(ids)), deletions=pa.array(deletions, pa.string()))


def customers(values: Mapping[str, int | None], deletions: Sequence[str] = ()) -> RecordBatch:
    """Customers with their `count`."""
    columns = {"count": column_of(INT64, list(values.values()))}
    return batch_of(RecordKind.CUSTOMER, list(values), columns, deletions)


def accounts(ids: Sequence[str], deletions: Sequence[str] = ()) -> RecordBatch:
    """Accounts with nothing but their ids, and ids of some to delete."""
    return batch_of(RecordKind.ACCOUNT, ids, {}, deletions)


def transactions(rows: Mapping[str, tuple[str, int]], deletions: Sequence[str] = ()) -> RecordBatch:
    """Transactions with their accounts and amounts, a second apart."""
    owners, amounts = [owner for owner, _ in rows.values()], [amount for _, amount in rows.values()]
    columns: dict[str, Column] = {
        "account": build_text("account", pa.array(owners, pa.string())),
        "amount": column_of(AMOUNT, amounts),
        "booking_time": column_of(TIMESTAMP, [TIME_US + 1_000_000 * row for row in range(len(rows))]),
    }
    return batch_of(RecordKind.TRANSACTION, list(rows), columns, deletions)
