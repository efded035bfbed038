"""Requests to write records: what they are about, and their batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from segmentd.api.errors import FieldRequiredError, InvalidFieldError, MalformedRequestError
from segmentd.api.names import parse_ledger_name
from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.wire import parse_request
from segmentd.engine.requests.message import Message, NotAMessageError
from segmentd.facts.decoding.batches import decode_records
from segmentd.facts.records import RecordBatch
from segmentd.facts.writing.request_parts import split_rows
from segmentd.ledger.model import Ledger
from segmentd.ledger.vocabulary import Vocabularies

MAX_BATCH_ID_BYTES: Final = 128

Cancelled = Callable[[], bool]

_PARENT: Final = pb.WriteRecordsRequest.PARENT_FIELD_NUMBER
_DELIMITED: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class WriteRequest:
    """A batch to write to a ledger. `batch_id`: empty where the client gave none."""

    ledger_id: str
    batch_id: str
    batch: RecordBatch
    all_or_nothing: bool
    validate_only: bool

    @property
    def rows(self) -> int:
        """Rows of the batch as it was sent."""
        return len(self.batch.rows) + len(self.batch.rejected)


class Categories(Protocol):
    """Who gives transactions their categories."""

    def categorize(self, batch: RecordBatch, ledger: Ledger, cancelled: Cancelled | None = None) -> RecordBatch:
        """The batch with categories where it has none. Raises SegmentdError."""

    def edition(self, ledger_name: str) -> str:
        """What tells a ledger's rules from those that it had before; empty where it has none."""


def decode_request(
    raw: bytes,
    parent: str,
    vocabularies: Vocabularies,
    categories: Categories,
    cancelled: Cancelled | None = None,
) -> WriteRequest:
    """What the bytes ask for; `parent` is the ledger's name where they have none. Raises SegmentdError."""
    try:
        split = split_rows(raw)
        message = parse_request(pb.WriteRecordsRequest, raw if split is None else split.rest)
        return _decode(message, None if split is None else split.rows, parent, vocabularies, categories, cancelled)
    except NotAMessageError as error:
        raise MalformedRequestError(pb.WriteRecordsRequest.DESCRIPTOR.full_name) from error


def _decode(
    message: pb.WriteRecordsRequest,
    rows: Message | None,
    parent: str,
    vocabularies: Vocabularies,
    categories: Categories,
    cancelled: Cancelled | None,
) -> WriteRequest:
    ledger_id = parse_ledger_name(message.parent or parent, "parent")
    vocabulary = vocabularies.vocabulary(ledger_id)
    if len(message.batch_id.encode()) > MAX_BATCH_ID_BYTES:
        raise InvalidFieldError("batch_id", message.batch_id, f"at most {MAX_BATCH_ID_BYTES} bytes")
    if not message.HasField("batch"):
        raise FieldRequiredError("batch")
    records = decode_records(message.batch, vocabulary, rows=rows)
    batch = categories.categorize(records, vocabulary.ledger, cancelled)
    return WriteRequest(ledger_id, message.batch_id, batch, message.all_or_nothing, message.validate_only)


def parent_of(raw: bytes) -> str:
    """The parent that a request names, "" for none; of bytes that are no message, any text or none.

    It looks at the outermost fields only, so that a stream knows what its next request is about before it has parsed
    this one.
    """
    at, parent = 0, b""
    try:
        while at < len(raw):
            tag, at = _varint(raw, at)
            if tag & 7 == _DELIMITED:
                size, at = _varint(raw, at)
                if tag >> 3 == _PARENT:
                    parent = raw[at : at + size]
                at += size
            else:
                at = _skip(raw, at, tag & 7)
        return parent.decode()
    except (IndexError, UnicodeDecodeError, ValueError):
        return ""


def _skip(raw: bytes, at: int, wire_type: int) -> int:
    """Where the field ends whose value begins here. ValueError for one that has no length."""
    match wire_type:
        case 0:
            return _varint(raw, at)[1]
        case 1:
            return at + 8
        case 5:
            return at + 4
    raise ValueError(f"fields of wire type {wire_type} are not in the messages of the API")


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    number, shift = 0, 0
    while raw[at] & 0x80 and shift < 63:
        number |= (raw[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return number | raw[at] << shift, at + 1
