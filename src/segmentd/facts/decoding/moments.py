"""Moments as text: RFC 3339 in, one spelling out."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from segmentd.columns.fixed import MAX_TIMESTAMP_US, MIN_TIMESTAMP_US
from segmentd.moments import microseconds, moment_of

_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(?:([Zz])|([+-]\d\d:\d\d))", re.ASCII
)


def rfc3339(us: int) -> str:
    """Microseconds since 1970-01-01T00:00:00Z as `2024-05-01T10:00:00.000000Z`; "" for what is out of range."""
    if not MIN_TIMESTAMP_US <= us <= MAX_TIMESTAMP_US:
        return ""
    return moment_of(us).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def normalized(text: str) -> str | None:
    """A moment in RFC 3339 in the spelling of `rfc3339`, digits beyond microseconds cut off; None if it is none."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        return None
    day, time, fraction, _, offset = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time}.{(fraction or '').ljust(6, '0')}{offset or '+00:00'}")
        return rfc3339(microseconds(moment)) or None
    except (ValueError, OverflowError):
        return None
