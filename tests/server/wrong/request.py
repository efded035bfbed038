"""A wrong request, and how it has to be refused."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message

FOREIGN = "x"
"""A page token that no call returned."""


@dataclass(frozen=True)
class Wrong:
    """A request of a method, and how it has to be refused."""

    method: str
    what: str
    request: Message
    reason: str
    field: str | None = None
    status: str = "INVALID_ARGUMENT"
