"""Errors as `google.rpc.Status`: the one place where reasons become what a caller receives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from segmentd.errors import DOMAIN, SegmentdError

MAX_STATUS_BYTES: Final = 3_300
"""Clients drop trailers over 8 KiB. Details travel in base64 (4/3), next to the message in percent encoding (3)."""

MAX_MESSAGE_BYTES: Final = 1_000
MAX_ENTRIES: Final = 16
"""Metadata entries and field violations, each."""

CLIPS: Final = (1_000, 300, 100, 40)
"""Bytes to which every text of a status is cut, tried in this order until the whole fits."""


def to_status(error: SegmentdError) -> status_pb2.Status:
    """The status of an error: ErrorInfo, and BadRequest where fields are wrong; long texts are cut to fit a trailer."""
    status = _build(error, CLIPS[0])
    for clip_bytes in CLIPS[1:]:
        if status.ByteSize() <= MAX_STATUS_BYTES:
            break
        status = _build(error, clip_bytes)
    return status


def clip(text: str, limit_bytes: int) -> str:
    """The text, cut to so many bytes of UTF-8 with an ellipsis where it is longer."""
    encoded = text.encode("utf-8", errors="replace")
    if len(encoded) <= limit_bytes:
        return encoded.decode("utf-8")
    return encoded[: limit_bytes - 3].decode("utf-8", errors="ignore") + "…"


def _build(error: SegmentdError, clip_bytes: int) -> status_pb2.Status:
    code = code_pb2.Code.Value(error.status.value)
    status = status_pb2.Status(code=code, message=clip(error.message, min(clip_bytes, MAX_MESSAGE_BYTES)))
    for detail in _details(error, clip_bytes):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _details(error: SegmentdError, clip_bytes: int) -> Iterator[Message]:
    entries = list(error.metadata.items())[:MAX_ENTRIES]
    metadata = {clip(key, 63): clip(value, clip_bytes) for key, value in entries}
    yield error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=metadata)
    if error.fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(
                field=clip(each.field, clip_bytes),
                description=clip(each.description, clip_bytes),
                reason=error.reason.value,
            )
            for each in error.fields[:MAX_ENTRIES]
        ]
        yield error_details_pb2.BadRequest(field_violations=violations)
