"""A naive twin of rows that are read from the wire: of messages as protobuf has parsed them, a Python value a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from segmentd.api.v1 import record_pb2 as pb
from segmentd.columns.build import resolve
from segmentd.columns.errors import EmptyBatchError, TypeMismatchError, UnknownColumnError
from segmentd.columns.fixed import MAX_TIMESTAMP_US
from segmentd.columns.given import GivenColumn, Lists, Numbers, Strings
from segmentd.facts.decoding.column_form import build
from segmentd.facts.decoding.draft import Draft
from segmentd.facts.decoding.faults import RowFaults
from segmentd.facts.decoding.moments import rfc3339
from segmentd.facts.kinds import FIELDS, RecordKind
from segmentd.schema import Kind, Schema

Cells = dict[str, Any]
"""What a record says, by column; None is that it has no value."""

SCALARS: Final[Mapping[RecordKind, Mapping[str, str]]] = {
    RecordKind.CUSTOMER: {},
    RecordKind.ACCOUNT: {
        **{name: name for name in ("kind", "institution", "external", "status")},
        "currency": "currency_code",
        "opened": "opened_day",
        "closed": "closed_day",
        "balance": "balance_minor",
    },
    RecordKind.TRANSACTION: {
        **{name: name for name in ("account", "booking_time", "value_time", "category", "counterparty")},
        "purpose": "purpose",
        "reference": "reference",
        "amount": "amount_minor",
        "balance_after": "balance_after_minor",
    },
    RecordKind.BALANCE: {"account": "account", "time": "time", "amount": "amount_minor"},
    RecordKind.ENGAGEMENT: {
        name: name for name in ("customer", "time", "channel", "subject_area", "duration_s", "device")
    },
    RecordKind.RATE: {"currency": "currency_code", "day": "day", "rate": "rate"},
}
"""Columns, and the fields of messages that they are."""

VALUES: Final[Mapping[Kind, str]] = {
    **dict.fromkeys((Kind.INT64, Kind.DECIMAL, Kind.TIMESTAMP, Kind.DATE), "integer_value"),
    Kind.BOOL: "bool_value",
    Kind.DOUBLE: "double_value",
    Kind.STRING: "string_value",
    Kind.LIST: "list_value",
}


def draft_of(rows: pb.RecordRows, kind: RecordKind, schema: Schema, path: str) -> Draft:
    """The records of a message. Raises SegmentdErrors."""
    wanted = f"{kind.value}s"
    if [field.name for field, _ in rows.ListFields()] != [wanted]:
        raise EmptyBatchError
    records = getattr(rows, wanted)
    faults = RowFaults(len(records))
    said = [cells_of(record, kind, schema) for record in records]
    set_too = [
        (row, field)
        for row, record in enumerate(records)
        for name in getattr(record, "cleared_fields", ())
        for field in clear(said[row], name, kind, schema)
    ]
    ids = pa.array([getattr(record, "id", "") for record in records], pa.string())
    draft = Draft(kind, schema, path, {}, ids, faults)
    for name in dict.fromkeys([*FIELDS[kind], *(name for cells in said for name in cells)]):
        if not any(name in cells for cells in said):
            continue
        spec = resolve(schema, [name])[0]
        values = [cells.get(name) for cells in said]
        draft.columns[name] = build(column_of(name, values, spec.type.kind), schema, faults)
        flags = np.array([name in cells for cells in said])
        if kind is not RecordKind.RATE and not flags.all():
            draft.said[name] = flags
    for row, field in set_too:
        reject(faults, row, field)
    return draft


def cells_of(record: Any, kind: RecordKind, schema: Schema) -> Cells:
    """What a message says."""
    cells: Cells = {}
    for name, field in SCALARS[kind].items():
        value = getattr(record, field)
        has_presence = record.DESCRIPTOR.fields_by_name[field].has_presence
        if record.HasField(field) if has_presence else field == "day" or value:
            cells[name] = moment(value) if hasattr(value, "nanos") else value
    if kind is RecordKind.ACCOUNT and record.owners:
        cells["owners"] = [owner.customer for owner in record.owners]
        cells["owner_roles"] = [owner.role for owner in record.owners]
    if kind is RecordKind.CUSTOMER and record.consents:
        cells["consents"] = [consent.purpose for consent in record.consents]
        cells["consent_times"] = [
            rfc3339(moment(consent.time)) if consent.HasField("time") else "" for consent in record.consents
        ]
    for name, value in getattr(record, "attributes", {}).items():
        cells[name] = attribute(name, value, kind, schema)
    return cells


def attribute(name: str, message: Any, kind: RecordKind, schema: Schema) -> Any:
    """The value of an attribute."""
    if name in FIELDS[kind]:
        raise UnknownColumnError(name)
    (spec,) = resolve(schema, [name])
    given = message.WhichOneof("value")
    if given is None:
        return None
    if given != VALUES[spec.type.kind]:
        raise TypeMismatchError(name, given=given, expected=str(spec.type))
    return list(message.list_value.values) if given == "list_value" else getattr(message, given)


def clear(cells: Cells, name: str, kind: RecordKind, schema: Schema) -> list[str]:
    """Remove a field; the columns of it that have a value."""
    if name in ("owner_roles", "consent_times"):
        raise UnknownColumnError(name)
    resolve(schema, [name])
    pairs = {RecordKind.ACCOUNT: ("owners", "owner_roles"), RecordKind.CUSTOMER: ("consents", "consent_times")}
    columns = pairs[kind] if name in ("owners", "consents") else (name,)
    set_ = [each for each in columns if cells.get(each) is not None]
    for each in columns:
        cells.setdefault(each, None)
    return set_


def reject(faults: RowFaults, row: int, field: str) -> None:
    """Reject one row."""
    wrong = np.zeros(len(faults.wrong), np.bool_)
    wrong[row] = True
    faults.reject(wrong, field, "both")


def moment(time: Any) -> int:
    """A Timestamp in microseconds; what is none is out of range."""
    us = int(time.seconds) * 1_000_000 + time.nanos // 1_000
    return us if 0 <= time.nanos < 10**9 and abs(us) <= MAX_TIMESTAMP_US else MAX_TIMESTAMP_US + 1


def column_of(name: str, values: Sequence[Any], kind: Kind) -> GivenColumn:
    """A value a row, None where there is none."""
    if kind is Kind.LIST:
        lists = [value or [] for value in values]
        lengths = np.array([len(each) for each in lists], np.int64)
        return GivenColumn(name, Lists(lengths, [element for each in lists for element in each]))
    if kind is Kind.STRING:
        return GivenColumn(name, Strings(values))
    present = np.array([value is not None for value in values])
    validity = b"" if present.all() else np.packbits(present, bitorder="little").tobytes()
    element = {Kind.BOOL: np.bool_, Kind.DOUBLE: np.float64}.get(kind, np.int64)
    return GivenColumn(name, Numbers(np.array([value or 0 for value in values], dtype=element)), validity)
