"""Between the bytes of requests and answers and Python's values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.api.errors import InvalidFieldError, MalformedRequestError
from segmentd.api.v1 import subject_pb2 as pb
from segmentd.schema import SELECTABLE, Subject

MessageT = TypeVar("MessageT", bound=Message)

_NUMBERS: Mapping[Subject, pb.Subject.ValueType] = {
    Subject.CUSTOMER: pb.SUBJECT_CUSTOMER,
    Subject.ACCOUNT: pb.SUBJECT_ACCOUNT,
    Subject.TRANSACTION: pb.SUBJECT_TRANSACTION,
    Subject.BALANCE: pb.SUBJECT_BALANCE,
    Subject.ENGAGEMENT: pb.SUBJECT_ENGAGEMENT,
}
_SELECTED: Mapping[int, Subject] = {
    pb.SUBJECT_UNSPECIFIED: Subject.CUSTOMER,
    **{_NUMBERS[subject]: subject for subject in SELECTABLE},
}


def parse_request(message_type: type[MessageT], raw: bytes, within: str | None = None) -> MessageT:
    """The message that the bytes hold. Raises MalformedRequestError where they hold none of this type.

    `within`: the type of the request of which they are a part, which is then said to be malformed.
    """
    try:
        return message_type.FromString(raw)
    except DecodeError as error:
        raise MalformedRequestError(within or message_type.DESCRIPTOR.full_name) from error


def length_delimited(tag: bytes, data: bytes) -> bytes:
    """A field as protobuf writes it: its tag, the length of the data, the data."""
    if len(data) < 0x80:
        return b"%b%c%b" % (tag, len(data), data)
    return delimiter(tag, len(data)) + data


def delimiter(tag: bytes, size: int) -> bytes:
    """What stands before data of so many bytes: the field's tag, and the length."""
    head = bytearray(tag)
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head)


def undelimited(tag: bytes, message: bytes) -> bytes:
    """The data of the field if the message is that field alone, with a length of one or two bytes; none otherwise."""
    if not message.startswith(tag) or len(message) < len(tag) + 2:
        return b""
    start, size = len(tag) + 1, message[len(tag)]
    if size > 0x7F:
        start, size = start + 1, size & 0x7F | message[start] << 7
    return message[start:] if size < 0x4000 and size == len(message) - start else b""


def to_timestamp(moment: datetime) -> Timestamp:
    """The moment, which has a time zone, as a protobuf Timestamp; microseconds are kept."""
    timestamp = Timestamp()
    timestamp.FromDatetime(moment.astimezone(UTC))
    return timestamp


def to_subject(number: int, field: str) -> Subject:
    """The subject of segments of an API enum's number; unspecified is CUSTOMER. Raises InvalidFieldError on others."""
    subject = _SELECTED.get(number)
    if subject is None:
        raise InvalidFieldError(field, number, "SUBJECT_CUSTOMER or SUBJECT_ACCOUNT")
    return subject


def subject_name(subject: Subject) -> str:
    """The API enum's name of a subject, as JSON spells it: `SUBJECT_ACCOUNT`."""
    return pb.Subject.Name(from_subject(subject))


def from_subject(subject: Subject) -> pb.Subject.ValueType:
    """The API enum's number of a subject."""
    return _NUMBERS[subject]
