"""Moments as whole microseconds since 1970-01-01T00:00:00Z, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

MICROSECOND: Final = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Microseconds since `EPOCH` of a moment with a time zone; TypeError without one."""
    return (moment - EPOCH) // MICROSECOND


def moment_of(us: int) -> datetime:
    """The moment so many microseconds after `EPOCH`, in UTC; OverflowError outside of the years 1 to 9999."""
    return EPOCH + us * MICROSECOND
