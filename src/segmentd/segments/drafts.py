"""What callers ask segments to be: not yet checked, and merged with what is there."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime

from segmentd.ledger.editions import new_etag
from segmentd.schema import Subject
from segmentd.segments.model import Benefit, Segment, State


@dataclass(frozen=True, slots=True)
class SegmentDraft:
    """A segment as a caller gives it. `subject` and `state` None: what is taken at creation, CUSTOMER and ACTIVE."""

    CHANGEABLE = ("display_name", "description", "expression", "benefits", "labels", "state")

    display_name: str = ""
    description: str = ""
    subject: Subject | None = None
    expression: str = ""
    benefits: tuple[Benefit, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    state: State | None = None

    def create(self, segment_id: str, now: datetime) -> Segment:
        """The new segment. Raises a SegmentdError that names the wrong field."""
        return Segment(
            id=segment_id,
            display_name=self.display_name,
            description=self.description,
            subject=self.subject or Subject.CUSTOMER,
            expression=self.expression,
            benefits=self.benefits,
            labels=self.labels,
            state=self.state or State.ACTIVE,
            create_time=now,
            update_time=now,
            etag=new_etag(),
        )

    def change(self, current: Segment, fields: AbstractSet[str], now: datetime) -> Segment:
        """The current segment with the chosen fields of this draft. Raises a SegmentdError that names the wrong one."""
        state = self.state or State.ACTIVE
        return replace(
            current,
            display_name=self.display_name if "display_name" in fields else current.display_name,
            description=self.description if "description" in fields else current.description,
            expression=self.expression if "expression" in fields else current.expression,
            benefits=self.benefits if "benefits" in fields else current.benefits,
            labels=self.labels if "labels" in fields else current.labels,
            state=state if "state" in fields else current.state,
            update_time=now,
            etag=new_etag(),
        )
