"""A WriteRecordsRequest in two parts, before anything is parsed: records that are messages, and all the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.v1 import record_pb2
from segmentd.api.wire import delimiter, length_delimited
from segmentd.engine.requests.fields import MergedMessageError, Messages, read_fields
from segmentd.engine.requests.message import Message, whole_message
from segmentd.facts.decoding.wire_forms import forms_of

_DELIMITED: Final = 2

_BATCH: Final = pb.WriteRecordsRequest.BATCH_FIELD_NUMBER
_ROWS: Final = record_pb2.RecordBatch.ROWS_FIELD_NUMBER
_FORM: Final = frozenset(
    field.number for field in record_pb2.RecordBatch.DESCRIPTOR.oneofs_by_name["form"].fields if field.number != _ROWS
)


@dataclass(frozen=True, slots=True)
class SplitRequest:
    """`rest`: the bytes of a request without its records; `rows`: these, a RecordRows that nothing has looked at."""

    rest: bytes
    rows: Message


def split_rows(raw: bytes) -> SplitRequest | None:
    """The parts of a request whose records are messages; None for others, and where protobuf has to merge fields.

    Raises NotAMessageError.
    """
    try:
        batch = _one(whole_message(raw), pb.WriteRecordsRequest.DESCRIPTOR, _BATCH)
        rows = batch and _one(batch, record_pb2.RecordBatch.DESCRIPTOR, _ROWS, others=_FORM)
    except MergedMessageError:
        return None
    if not batch or not rows:
        return None
    in_batch = _without(raw[batch.at : batch.end], rows.at - batch.at, len(rows), _ROWS)
    outside = _without(raw, batch.at, len(batch), _BATCH)
    if in_batch is None or outside is None:
        return None
    return SplitRequest(outside + length_delimited(_tag(_BATCH), in_batch), rows)


def _one(message: Message, descriptor: Any, number: int, others: frozenset[int] = frozenset()) -> Message | None:
    """The message in a field, of a message that has none of some other fields."""
    fields = read_fields(Messages.of(message), forms_of(descriptor))
    if not fields.has(number)[0] or any(fields.has(other)[0] for other in others):
        return None
    places = fields.within(number)
    at, size = int(places.places.starts[0]), int(places.places.sizes[0])
    return Message(message.data, at, at + size, places.depth)


def _without(message: bytes, at: int, size: int, number: int) -> bytes | None:
    """The bytes without a field; None where its tag or length is longer than it need be."""
    head = delimiter(_tag(number), size)
    if message[at - len(head) : at] != head:
        return None
    return message[: at - len(head)] + message[at + size :]


def _tag(number: int) -> bytes:
    return bytes([number << 3 | _DELIMITED])
