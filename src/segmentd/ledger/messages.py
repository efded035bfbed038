"""Ledgers and attributes as messages of the API, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from segmentd.api.errors import InvalidFieldError
from segmentd.api.v1 import attribute_service_pb2 as attribute_pb
from segmentd.api.v1 import ledger_service_pb2 as ledger_pb
from segmentd.api.wire import from_subject, to_timestamp
from segmentd.ledger.aggregate_messages import decode_aggregate, encode_aggregate
from segmentd.ledger.defaults import Default
from segmentd.ledger.drafts import AttributeDraft, DecimalFormat, LedgerDraft
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.usage import Residency
from segmentd.schema import DataType, Kind

_TYPES: Final[Mapping[Kind, attribute_pb.AttributeType.ValueType]] = {
    Kind.BOOL: attribute_pb.ATTRIBUTE_TYPE_BOOL,
    Kind.INT64: attribute_pb.ATTRIBUTE_TYPE_INT64,
    Kind.DOUBLE: attribute_pb.ATTRIBUTE_TYPE_DOUBLE,
    Kind.DECIMAL: attribute_pb.ATTRIBUTE_TYPE_DECIMAL,
    Kind.STRING: attribute_pb.ATTRIBUTE_TYPE_STRING,
    Kind.TIMESTAMP: attribute_pb.ATTRIBUTE_TYPE_TIMESTAMP,
    Kind.DATE: attribute_pb.ATTRIBUTE_TYPE_DATE,
    Kind.LIST: attribute_pb.ATTRIBUTE_TYPE_STRING_LIST,
}
_KINDS: Final[Mapping[int, Kind]] = {number: kind for kind, number in _TYPES.items()}


def encode_ledger(ledger: Ledger, residency: Residency) -> ledger_pb.Ledger:
    """The message of a ledger."""
    return ledger_pb.Ledger(
        name=ledger.name,
        display_name=ledger.display_name,
        currency_code=ledger.currency_code,
        time_zone=ledger.time_zone,
        create_time=to_timestamp(ledger.create_time),
        update_time=to_timestamp(ledger.update_time),
        etag=ledger.etag,
        catalogue_version=ledger.catalogue_version,
        data_version=residency.data_version,
        customer_count=residency.customer_count,
    )


def decode_ledger(message: ledger_pb.Ledger) -> LedgerDraft:
    """What a caller asks a ledger to be."""
    return LedgerDraft(message.display_name, message.currency_code, message.time_zone)


def encode_attribute(ledger_id: str, attribute: Attribute) -> attribute_pb.Attribute:
    """The message of an attribute."""
    return attribute_pb.Attribute(
        name=str(attribute.name_in(ledger_id)),
        display_name=attribute.display_name,
        description=attribute.description,
        subject=from_subject(attribute.subject),
        type=encode_type(attribute.type),
        decimal=encode_decimal(attribute.type),
        required=attribute.spec.required,
        expression=attribute.spec.expression or "",
        default_value=_encode_default(attribute.default),
        create_time=to_timestamp(attribute.create_time),
        update_time=to_timestamp(attribute.update_time),
        etag=attribute.etag,
        aggregate=None if attribute.aggregate is None else encode_aggregate(attribute.aggregate),
    )


def decode_attribute(message: attribute_pb.Attribute) -> AttributeDraft:
    """What a caller asks an attribute to be. Raises InvalidFieldError on a type that the API does not have."""
    decimal = message.decimal
    return AttributeDraft(
        display_name=message.display_name,
        description=message.description,
        kind=_decode_kind(message.type),
        decimal=DecimalFormat(decimal.scale, decimal.currency_code) if message.HasField("decimal") else None,
        required=message.required,
        expression=message.expression,
        default=_decode_default(message),
        aggregate=decode_aggregate(message.aggregate) if message.HasField("aggregate") else None,
    )


def encode_type(data_type: DataType) -> attribute_pb.AttributeType.ValueType:
    """The API's type; UNSPECIFIED of a type that attributes cannot have."""
    return _TYPES.get(data_type.kind, attribute_pb.ATTRIBUTE_TYPE_UNSPECIFIED)


def encode_decimal(data_type: DataType) -> attribute_pb.DecimalFormat | None:
    """Scale and currency of a DECIMAL, None of other types."""
    if data_type.kind is not Kind.DECIMAL:
        return None
    return attribute_pb.DecimalFormat(scale=data_type.scale, currency_code=data_type.currency)


def _decode_kind(number: int) -> Kind | None:
    if number == attribute_pb.ATTRIBUTE_TYPE_UNSPECIFIED:
        return None
    if number not in _KINDS:
        raise InvalidFieldError("attribute.type", number, f"one of {', '.join(attribute_pb.AttributeType.keys()[1:])}")
    return _KINDS[number]


def _encode_default(value: Default) -> attribute_pb.AttributeValue | None:
    match value:
        case None:
            return None
        case bool():
            return attribute_pb.AttributeValue(bool_value=value)
        case int():
            return attribute_pb.AttributeValue(integer_value=value)
        case float():
            return attribute_pb.AttributeValue(double_value=value)
        case str():
            return attribute_pb.AttributeValue(string_value=value)


def _decode_default(message: attribute_pb.Attribute) -> Default:
    if not message.HasField("default_value"):
        return None
    chosen = message.default_value.WhichOneof("value")
    if chosen is None:
        raise InvalidFieldError("attribute.default_value", "", "one of its value fields must be set, or it left out")
    value: Default = getattr(message.default_value, chosen)
    return value
