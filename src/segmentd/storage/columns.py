"""Column types that every database keeps alike."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

from segmentd.moments import microseconds, moment_of


class UtcMoment(TypeDecorator[datetime]):
    """A moment, kept as whole microseconds since 1970-01-01T00:00:00Z: exact, ordered, and without a time zone to lose.

    Takes datetimes that have a time zone, and gives them back in UTC.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Microseconds since 1970. Raises ValueError on a datetime without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """The moment in UTC."""
        return None if value is None else moment_of(value)
