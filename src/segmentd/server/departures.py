"""Callers that leave while an answer is sent to them: no failure of the server, and their calls are logged anyway."""

from __future__ import annotations

import logging
from typing import Final

GRPC: Final = logging.getLogger("grpc._cython.cygrpc")
"""Where gRPC logs what its own handlers raise."""


def ignore_departures() -> None:
    """Keep gRPC from logging an error with its stack for every answer that could not be sent to its caller."""
    GRPC.addFilter(is_failure)


def is_failure(record: logging.LogRecord) -> bool:
    """Whether the record is about anything but sending to a caller who is gone, which gRPC has no own type for."""
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or kind.__name__ != "ExecuteBatchError"
