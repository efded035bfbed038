"""Records that come as messages, as the columns that they would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.api.v1 import record_pb2 as pb
from segmentd.columns.build import resolve
from segmentd.columns.errors import ColumnError
from segmentd.columns.fixed import MAX_TIMESTAMP_US
from segmentd.columns.given import GivenColumn, Lists, Numbers, Strings, Values
from segmentd.facts.decoding.column_form import build
from segmentd.facts.decoding.draft import ROW_LIMIT, Draft
from segmentd.facts.decoding.faults import RowFaults
from segmentd.facts.decoding.moments import rfc3339
from segmentd.facts.decoding.row_attributes import gather_attributes
from segmentd.facts.kinds import RecordKind
from segmentd.schema import Kind, Schema

Message = Any
Read = Callable[[Message], Any]
"""The value of a record's field; None where it has none, a list, empty where there is none, of a list."""

OUT_OF_RANGE_US: Final = MAX_TIMESTAMP_US + 1
"""Stands for every moment that no column can have."""

NANOS: Final = 1_000_000_000


def _text(name: str) -> Read:
    return lambda record: getattr(record, name) or None


def _optional(name: str) -> Read:
    return lambda record: getattr(record, name) if record.HasField(name) else None


def _moment(name: str) -> Read:
    def read(record: Message) -> int | None:
        return moment_us(getattr(record, name)) if record.HasField(name) else None

    return read


def moment_us(time: Any) -> int:
    """A Timestamp in microseconds since 1970-01-01T00:00:00Z, finer digits cut off; `OUT_OF_RANGE_US` if it is none."""
    us = int(time.seconds) * 1_000_000 + time.nanos // 1_000
    in_range = 0 <= time.nanos < NANOS and abs(us) <= MAX_TIMESTAMP_US
    return us if in_range else OUT_OF_RANGE_US


def _consent_times(customer: pb.Customer) -> list[str]:
    return [rfc3339(moment_us(consent.time)) if consent.HasField("time") else "" for consent in customer.consents]


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the records of a kind are, and how their fields are read. `id`: None where they have none of their own."""

    records: str
    fields: Mapping[str, Read]
    id: str | None = "id"


ROWS: Final[Mapping[RecordKind, Rows]] = {
    RecordKind.CUSTOMER: Rows(
        "customers",
        {
            "consents": lambda customer: [consent.purpose for consent in customer.consents],
            "consent_times": _consent_times,
        },
    ),
    RecordKind.ACCOUNT: Rows(
        "accounts",
        {
            "owners": lambda account: [owner.customer for owner in account.owners],
            "owner_roles": lambda account: [owner.role for owner in account.owners],
            "kind": _optional("kind"),
            "currency": _optional("currency_code"),
            "institution": _optional("institution"),
            "external": _optional("external"),
            "opened": _optional("opened_day"),
            "closed": _optional("closed_day"),
            "status": _optional("status"),
            "balance": _optional("balance_minor"),
        },
    ),
    RecordKind.TRANSACTION: Rows(
        "transactions",
        {
            "account": _text("account"),
            "booking_time": _moment("booking_time"),
            "value_time": _moment("value_time"),
            "amount": _optional("amount_minor"),
            "balance_after": _optional("balance_after_minor"),
            "category": _optional("category"),
            "counterparty": _optional("counterparty"),
            "purpose": _optional("purpose"),
            "reference": _optional("reference"),
        },
    ),
    RecordKind.BALANCE: Rows(
        "balances", {"account": _text("account"), "time": _moment("time"), "amount": _optional("amount_minor")}
    ),
    RecordKind.ENGAGEMENT: Rows(
        "engagements",
        {
            "customer": _text("customer"),
            "time": _moment("time"),
            "channel": _optional("channel"),
            "subject_area": _optional("subject_area"),
            "duration_s": _optional("duration_s"),
            "device": _optional("device"),
        },
    ),
    RecordKind.RATE: Rows(
        "rates",
        {"currency": _text("currency_code"), "day": lambda rate: rate.day, "rate": _text("rate")},
        id=None,
    ),
}


def read_rows(message: pb.RecordRows, kind: RecordKind, schema: Schema, path: str) -> Draft:
    """The records of a message. Raises SegmentdError with the field at fault."""
    _refuse_others(message, kind, path)
    shape = ROWS[kind]
    records = getattr(message, shape.records)
    ROW_LIMIT.check(len(records))
    faults = RowFaults(len(records))
    given = [*_fields(records, shape, schema), *_attributes(records, schema, f"{path}.{shape.records}")]
    try:
        columns = {column.attribute: build(column, schema, faults) for column in given}
    except ColumnError as error:
        error.place(f"{path}.{shape.records}")
        raise
    ids = pa.array(["" if shape.id is None else record.id for record in records], pa.string())
    return Draft(kind, schema, path, columns, ids, faults)


def _refuse_others(message: pb.RecordRows, kind: RecordKind, path: str) -> None:
    """Records of another kind than the batch's, or none of its own."""
    wanted = ROWS[kind].records
    for field, _ in message.ListFields():
        if field.name != wanted:
            raise InvalidFieldError(f"{path}.{field.name}", f"{field.name} in a batch of kind {kind}", f"give {wanted}")
    if not getattr(message, wanted):
        raise FieldRequiredError(f"{path}.{wanted}")


def _fields(records: Sequence[Message], shape: Rows, schema: Schema) -> Iterator[GivenColumn]:
    """The fields that any record has."""
    for name, read in shape.fields.items():
        values = [read(record) for record in records]
        (spec,) = resolve(schema, [name])
        if spec.type.kind is Kind.LIST:
            if any(values):
                yield GivenColumn(name, as_lists(values))
        elif any(value is not None for value in values):
            yield as_column(name, values, spec.type.kind)


def _attributes(records: Sequence[Message], schema: Schema, path: str) -> Iterator[GivenColumn]:
    """The attributes that any record has."""
    if "attributes" not in records[0].DESCRIPTOR.fields_by_name:
        return
    for spec, values in gather_attributes(records, schema, path):
        if spec.type.kind is Kind.LIST:
            yield GivenColumn(spec.id, as_lists([value or [] for value in values]))
        else:
            yield as_column(spec.id, values, spec.type.kind)


def as_lists(values: Sequence[Sequence[str]]) -> Lists:
    """A list a row."""
    lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    return Lists(lengths, [element for each in values for element in each])


def as_column(name: str, values: Sequence[Any], kind: Kind) -> GivenColumn:
    """A value a row, None where there is none."""
    if kind is Kind.STRING:
        return GivenColumn(name, Strings(values))
    present = np.fromiter((value is not None for value in values), dtype=np.bool_, count=len(values))
    validity = b"" if present.all() else np.packbits(present, bitorder="little").tobytes()
    element = {Kind.BOOL: np.bool_, Kind.DOUBLE: np.float64}.get(kind, np.int64)
    numbers: Values = Numbers(np.array([value or 0 for value in values], dtype=element))
    return GivenColumn(name, numbers, validity)
