"""Types and single values of attributes between Python and protobuf."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from segmentd import moments
from segmentd.api.v1 import attribute_service_pb2 as pb
from segmentd.api.v1.subject_pb2 import SUBJECT_ACCOUNT, SUBJECT_CUSTOMER
from segmentd.api.v1.subject_pb2 import Subject as PbSubject
from segmentd.schema import DataType, Kind, Subject

Value = bool | int | float | str | Decimal | date | datetime
"""One value of an attribute: Decimal in major units, aware datetime for TIMESTAMP, date for DATE."""

_TYPES: Final = {
    Kind.BOOL: pb.ATTRIBUTE_TYPE_BOOL,
    Kind.INT64: pb.ATTRIBUTE_TYPE_INT64,
    Kind.DOUBLE: pb.ATTRIBUTE_TYPE_DOUBLE,
    Kind.DECIMAL: pb.ATTRIBUTE_TYPE_DECIMAL,
    Kind.STRING: pb.ATTRIBUTE_TYPE_STRING,
    Kind.TIMESTAMP: pb.ATTRIBUTE_TYPE_TIMESTAMP,
    Kind.DATE: pb.ATTRIBUTE_TYPE_DATE,
    Kind.LIST: pb.ATTRIBUTE_TYPE_STRING_LIST,
}
_SUBJECTS: Final = {Subject.CUSTOMER: SUBJECT_CUSTOMER, Subject.ACCOUNT: SUBJECT_ACCOUNT}


def encode_subject(subject: Subject | str) -> PbSubject.ValueType:
    """The subject for a request. Raises ValueError for anything but customer and account."""
    return _SUBJECTS[Subject(subject)]


def decode_subject(number: int) -> Subject:
    """The subject of a response."""
    return Subject.ACCOUNT if number == SUBJECT_ACCOUNT else Subject.CUSTOMER


def encode_type(data_type: DataType) -> tuple[pb.AttributeType.ValueType, pb.DecimalFormat | None]:
    """The type for a request, and the decimal format where it is DECIMAL."""
    decimal = pb.DecimalFormat(scale=data_type.scale, currency_code=data_type.currency)
    return _TYPES[data_type.kind], decimal if data_type.kind is Kind.DECIMAL else None


def decode_type(number: int, decimal: pb.DecimalFormat) -> DataType | None:
    """The type of a response; None where it is unspecified."""
    for kind, known in _TYPES.items():
        if known == number:
            return DataType(kind, decimal.scale, decimal.currency_code) if kind is Kind.DECIMAL else DataType(kind)
    return None


def encode_value(value: Value, data_type: DataType) -> pb.AttributeValue:
    """A value for a request; `data_type` is that of its attribute.

    Raises ValueError for a decimal with more digits than the scale and for a datetime without a time zone.
    """
    match value:
        case bool():
            return pb.AttributeValue(bool_value=value)
        case str():
            return pb.AttributeValue(string_value=value)
        case int() | float() if data_type.kind is Kind.DOUBLE:
            return pb.AttributeValue(double_value=value)
        case _:
            return pb.AttributeValue(integer_value=whole_number(value, data_type.scale))


def whole_number(value: float | Decimal | date | datetime, scale: int) -> int:
    """A value as the API counts it: minor units, microseconds or days; an int stays as it is."""
    match value:
        case Decimal():
            return minor_units(value, scale)
        case datetime():
            return microseconds(value)
        case date():
            return value.toordinal() - moments.EPOCH.toordinal()
        case int():
            return value
        case _:
            raise ValueError(f"{value!r} is no whole number, Decimal, date or datetime")


def minor_units(amount: Decimal, scale: int) -> int:
    """An amount in major units as a whole number of minor units. Raises ValueError if it has more digits."""
    minor = amount.scaleb(scale)
    if minor != minor.to_integral_value():
        raise ValueError(f"{amount} has more than {scale} digits after the point")
    return int(minor)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970-01-01T00:00:00Z. Raises ValueError if the moment has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; give one, such as tzinfo=timezone.utc")
    return moments.microseconds(moment)


def decode_value(value: pb.AttributeValue, data_type: DataType) -> Value | None:
    """A value of a response as Python has it; None where none is set."""
    field = value.WhichOneof("value")
    if field is None:
        return None
    raw: Value = getattr(value, field)
    if field != "integer_value":
        return raw
    return _from_whole_number(value.integer_value, data_type)


def _from_whole_number(number: int, data_type: DataType) -> Value:
    match data_type.kind:
        case Kind.DECIMAL:
            return Decimal(number).scaleb(-data_type.scale)
        case Kind.TIMESTAMP:
            return moments.moment_of(number)
        case Kind.DATE:
            return date.fromordinal(moments.EPOCH.toordinal() + number)
        case _:
            return number
