"""What time it is, when a resource was changed, and the etag that tells one edition of it from the next."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime

from segmentd.api.errors import EtagMismatchError

Clock = Callable[[], datetime]
"""Gives the present moment, in UTC."""


def utc_now() -> datetime:
    """The present moment, in microseconds."""
    return datetime.now(UTC)


def now_us() -> int:
    """The present moment, in microseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1_000


def new_etag() -> str:
    """An etag that no edition had before: not even one of a resource that was deleted and made again."""
    return secrets.token_hex(8)


def check_etag(name: str, given: str, current: str) -> None:
    """Raise EtagMismatchError if an etag is given and is not the current one."""
    if given and given != current:
        raise EtagMismatchError(name, given)
