"""Moments between Python and protobuf: aware datetimes and `google.protobuf.Timestamp`, in microseconds."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def to_timestamp(moment: datetime | None) -> Timestamp | None:
    """The moment for a request, None for none. Raises TypeError for no datetime, ValueError if it has no time zone."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        raise TypeError(f"{moment!r} is no datetime; give one with a time zone")
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; give one, such as tzinfo=timezone.utc")
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def from_timestamp(timestamp: Timestamp) -> datetime:
    """The moment of a response, in UTC."""
    return timestamp.ToDatetime(tzinfo=UTC)


def to_seconds(duration: Duration) -> float:
    """The length in seconds."""
    return float(duration.seconds) + duration.nanos / 1e9
