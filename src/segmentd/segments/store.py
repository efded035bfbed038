"""Where segments are kept. Each change is one transaction, which also moves the ledger's version on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Protocol

from sqlalchemy import Row, delete, insert, select, update

from segmentd.ledger.model import Ledger
from segmentd.ledger.store import advance, require_one
from segmentd.schema import Subject
from segmentd.segments.model import Benefit, Segment, State
from segmentd.storage import Database
from segmentd.storage.tables import segments


class SegmentStore(Protocol):
    """Keeps segments. Every method raises StoreFailedError, having changed nothing.

    A change is given the ledger as it is after it: its version must be one more than the kept one.
    """

    def segments(self, ledger_id: str) -> tuple[Segment, ...]:
        """A ledger's segments, ordered by id."""

    def create_segment(self, ledger: Ledger, segment: Segment) -> None:
        """Keep a new segment."""

    def update_segment(self, ledger: Ledger, segment: Segment) -> None:
        """Keep new values of a segment."""

    def delete_segment(self, ledger: Ledger, segment: Segment) -> None:
        """Forget a segment."""


class SqlSegmentStore:
    """Segments in the SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def segments(self, ledger_id: str) -> tuple[Segment, ...]:
        """A ledger's segments, ordered by id."""
        query = select(segments).where(segments.c.ledger_id == ledger_id).order_by(segments.c.id)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(_to_segment(row) for row in rows)

    def create_segment(self, ledger: Ledger, segment: Segment) -> None:
        """Keep a new segment."""
        with self._database.write() as connection:
            advance(connection, ledger)
            connection.execute(insert(segments).values(_from_segment(ledger, segment)))

    def update_segment(self, ledger: Ledger, segment: Segment) -> None:
        """Keep new values of a segment."""
        statement = update(segments).where(*_is_segment(ledger, segment)).values(_from_segment(ledger, segment))
        with self._database.write() as connection:
            advance(connection, ledger)
            require_one(connection.execute(statement).rowcount, str(segment.name_in(ledger.id)))

    def delete_segment(self, ledger: Ledger, segment: Segment) -> None:
        """Forget a segment."""
        statement = delete(segments).where(*_is_segment(ledger, segment))
        with self._database.write() as connection:
            advance(connection, ledger)
            require_one(connection.execute(statement).rowcount, str(segment.name_in(ledger.id)))


def _is_segment(ledger: Ledger, segment: Segment) -> tuple[Any, ...]:
    return (segments.c.ledger_id == ledger.id, segments.c.id == segment.id)


def _from_segment(ledger: Ledger, segment: Segment) -> dict[str, Any]:
    return {
        "ledger_id": ledger.id,
        "id": segment.id,
        "display_name": segment.display_name,
        "description": segment.description,
        "subject": segment.subject.value,
        "expression": segment.expression,
        "benefits": [asdict(benefit) for benefit in segment.benefits],
        "labels": dict(segment.labels),
        "state": segment.state.value,
        "create_time": segment.create_time,
        "update_time": segment.update_time,
        "etag": segment.etag,
    }


def _to_segment(row: Row[Any]) -> Segment:
    return Segment(
        id=row.id,
        display_name=row.display_name,
        description=row.description,
        subject=Subject(row.subject),
        expression=row.expression,
        benefits=tuple(Benefit(**benefit) for benefit in row.benefits),
        labels=row.labels,
        state=State(row.state),
        create_time=row.create_time,
        update_time=row.update_time,
        etag=row.etag,
    )
