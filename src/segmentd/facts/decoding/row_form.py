"""Records that come as messages, as the columns that they would be, read from their bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.api.v1 import record_pb2 as pb
from segmentd.api.v1.ledger_service_pb2 import WriteRecordsRequest
from segmentd.api.wire import parse_request
from segmentd.columns.errors import ColumnError
from segmentd.columns.given import Strings
from segmentd.engine.requests.fields import Fields, MergedMessageError, Messages, read_fields
from segmentd.engine.requests.message import Message, whole_message
from segmentd.facts.decoding.column_form import build
from segmentd.facts.decoding.draft import ROW_LIMIT, Draft, check_values
from segmentd.facts.decoding.faults import RowFaults
from segmentd.facts.decoding.moments import rfc3339
from segmentd.facts.decoding.row_attributes import said_attributes
from segmentd.facts.decoding.row_clearing import clear_fields
from segmentd.facts.decoding.said import SaidColumn, lists, moments_us, said_field
from segmentd.facts.decoding.wire_forms import Descriptor, forms_of
from segmentd.facts.kinds import FIELDS, RecordKind
from segmentd.schema import Schema

_REQUEST: Final = WriteRecordsRequest.DESCRIPTOR.full_name

ReadLists = Callable[[Fields, int], Iterator[SaidColumn]]
"""The columns of lists that a repeated field of this number is."""

_PURPOSE, _TIME = 1, 2
"""Fields of Consent."""
_CUSTOMER, _ROLE = 1, 2
"""Fields of AccountOwner."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the records of a kind are, what they are, and how their fields are called as columns.

    `lists`: how repeated fields are read. `has_id`: whether they have one of their own.
    """

    records: str
    message: Descriptor
    fields: Mapping[str, str]
    lists: Mapping[str, ReadLists]
    has_id: bool = True


def read_rows(rows: Message, kind: RecordKind, schema: Schema, path: str) -> Draft:
    """The records of a RecordRows. Raises SegmentdError with the field at fault, and NotAMessageError."""
    try:
        return _read(rows, kind, schema, path)
    except MergedMessageError:
        # What protobuf has merged and written again has each message once.
        merged = parse_request(pb.RecordRows, bytes(rows), within=_REQUEST).SerializeToString()
        return _read(whole_message(merged), kind, schema, path)


def _read(rows: Message, kind: RecordKind, schema: Schema, path: str) -> Draft:
    shape = ROWS[kind]
    fields = read_fields(_records(rows, shape, kind, path), forms_of(shape.message))
    path_of_records = f"{path}.{shape.records}"
    faults = RowFaults(len(fields.last))
    ids = fields.texts(_number(shape, "id")) if shape.has_id else pa.array([""] * len(fields.last), pa.string())
    draft = Draft(kind, schema, path, {}, ids, faults)
    try:
        for given in _columns(fields, kind, schema, path_of_records):
            check_values(draft.rows, len(draft.columns) + 1)
            name = given.column.attribute
            draft.columns[name] = build(given.column, schema, faults)
            if not given.said.all() and kind is not RecordKind.RATE:  # of a rate nothing can be left out
                draft.said[name] = given.said
        clear_fields(draft, fields, shape.message.fields_by_name.get("cleared_fields"), path_of_records)
    except ColumnError as error:
        if not error.fields:
            error.place(path_of_records)
        raise
    return draft


def _records(rows: Message, shape: Rows, kind: RecordKind, path: str) -> Messages:
    """The records of the kind; those of others are refused."""
    descriptor = pb.RecordRows.DESCRIPTOR
    found = read_fields(Messages.of(rows), forms_of(descriptor))
    for field in descriptor.fields:
        if field.name != shape.records and found.has(field.number)[0]:
            given = f"{field.name} in a batch of kind {kind}"
            raise InvalidFieldError(f"{path}.{field.name}", given, f"give {shape.records}")
    number = descriptor.fields_by_name[shape.records].number
    if not found.has(number)[0]:
        raise FieldRequiredError(f"{path}.{shape.records}")
    ROW_LIMIT.check(int(found.integers(number)[0]))
    return found.listed(number)


def _columns(fields: Fields, kind: RecordKind, schema: Schema, path: str) -> Iterator[SaidColumn]:
    """The fields that any record says."""
    shape = ROWS[kind]
    for name in FIELDS[kind]:
        if name in shape.fields:
            given = said_field(name, shape.message.fields_by_name[shape.fields[name]], fields)
            if given.said.any():
                yield given
        elif name in shape.lists and fields.has(number := _number(shape, name)).any():
            yield from shape.lists[name](fields, number)
    if "attributes" in shape.message.fields_by_name:
        yield from said_attributes(fields, shape.message.fields_by_name["attributes"], schema, path)


def _number(shape: Rows, field: str) -> int:
    return int(shape.message.fields_by_name[field].number)


def _owners(fields: Fields, number: int) -> Iterator[SaidColumn]:
    owners = read_fields(fields.listed(number), forms_of(pb.AccountOwner.DESCRIPTOR))
    said, lengths = fields.has(number), fields.integers(number)
    yield lists("owners", lengths, Strings(owners.texts(_CUSTOMER)), said)
    yield lists("owner_roles", lengths, Strings(owners.texts(_ROLE)), said)


def _consents(fields: Fields, number: int) -> Iterator[SaidColumn]:
    consents = read_fields(fields.listed(number), forms_of(pb.Consent.DESCRIPTOR))
    timed = consents.has(_TIME)
    timestamp = pb.Consent.DESCRIPTOR.fields_by_name["time"].message_type
    distinct, place = np.unique(moments_us(consents.within(_TIME), timestamp), return_inverse=True)
    spelled = np.array([*map(rfc3339, distinct.tolist()), ""], dtype=object)
    places = np.full(len(timed), len(distinct))
    places[timed] = place
    said, lengths = fields.has(number), fields.integers(number)
    yield lists("consents", lengths, Strings(consents.texts(_PURPOSE)), said)
    yield lists("consent_times", lengths, Strings(pa.array(spelled[places], pa.string())), said)


def _as_named(*names: str, **renamed: str) -> Mapping[str, str]:
    """Columns by name, and the fields that they are in messages."""
    return {**dict(zip(names, names, strict=True)), **renamed}


ROWS: Final[Mapping[RecordKind, Rows]] = {
    RecordKind.CUSTOMER: Rows("customers", pb.Customer.DESCRIPTOR, {}, {"consents": _consents}),
    RecordKind.ACCOUNT: Rows(
        "accounts",
        pb.Account.DESCRIPTOR,
        _as_named(
            "kind",
            "institution",
            "external",
            "status",
            currency="currency_code",
            opened="opened_day",
            closed="closed_day",
            balance="balance_minor",
        ),
        {"owners": _owners},
    ),
    RecordKind.TRANSACTION: Rows(
        "transactions",
        pb.Transaction.DESCRIPTOR,
        _as_named(
            "account",
            "booking_time",
            "value_time",
            "category",
            "counterparty",
            "purpose",
            "reference",
            amount="amount_minor",
            balance_after="balance_after_minor",
        ),
        {},
    ),
    RecordKind.BALANCE: Rows(
        "balances", pb.BalanceSnapshot.DESCRIPTOR, _as_named("account", "time", amount="amount_minor"), {}
    ),
    RecordKind.ENGAGEMENT: Rows(
        "engagements",
        pb.Engagement.DESCRIPTOR,
        _as_named("customer", "time", "channel", "subject_area", "duration_s", "device"),
        {},
    ),
    RecordKind.RATE: Rows(
        "rates", pb.ExchangeRate.DESCRIPTOR, _as_named("day", "rate", currency="currency_code"), {}, has_id=False
    ),
}
