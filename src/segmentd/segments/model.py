"""Segments as they are kept, with the rules that each must obey by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Final

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.api.limits import check_description, check_display_name, check_length
from segmentd.api.names import SEGMENT_ID, SegmentName
from segmentd.schema import Subject

MAX_BENEFITS: Final = 64
MAX_LABELS: Final = 64
LABEL_VALUE_LENGTH: Final = 63
"""Code points of a label's value."""


@unique
class State(StrEnum):
    """ACTIVE: evaluated. INACTIVE: false for everybody, also where other segments refer to it."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


@dataclass(frozen=True, slots=True)
class Benefit:
    """Something that members of a segment get. Its segment checks it."""

    id: str
    display_name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A named predicate over customers or accounts. Raises a SegmentdError that names the wrong field.

    The expression is checked where the ledger's attributes are known, not here.
    """

    id: str
    display_name: str
    description: str
    subject: Subject
    expression: str
    benefits: tuple[Benefit, ...]
    labels: Mapping[str, str]
    state: State
    create_time: datetime
    update_time: datetime
    etag: str

    def __post_init__(self) -> None:
        check_display_name(self.display_name, "segment.display_name")
        check_description(self.description, "segment.description")
        if not self.expression:
            raise FieldRequiredError("segment.expression", "must be set, to a CEL expression of type bool")
        _check_benefits(self.benefits)
        _check_labels(self.labels)

    def name_in(self, ledger_id: str) -> SegmentName:
        """Its resource name in a ledger."""
        return SegmentName(ledger_id, self.id)


def _check_benefits(benefits: tuple[Benefit, ...]) -> None:
    field = "segment.benefits"
    if len(benefits) > MAX_BENEFITS:
        raise InvalidFieldError(field, f"more than {MAX_BENEFITS} benefits", f"at most {MAX_BENEFITS} are")
    seen = set()
    for index, benefit in enumerate(benefits):
        place = f"{field}[{index}]"
        if not benefit.id:
            raise FieldRequiredError(f"{place}.id")
        if not SEGMENT_ID.fullmatch(benefit.id):
            raise InvalidFieldError(f"{place}.id", benefit.id, f"it must match {SEGMENT_ID.pattern}")
        if benefit.id in seen:
            raise InvalidFieldError(f"{place}.id", benefit.id, "it must be unique within the segment")
        seen.add(benefit.id)
        check_display_name(benefit.display_name, f"{place}.display_name")
        check_description(benefit.description, f"{place}.description")


def _check_labels(labels: Mapping[str, str]) -> None:
    field = "segment.labels"
    if len(labels) > MAX_LABELS:
        raise InvalidFieldError(field, f"more than {MAX_LABELS} labels", f"at most {MAX_LABELS} are")
    for key, value in labels.items():
        if not SEGMENT_ID.fullmatch(key):
            raise InvalidFieldError(field, key, f"a key must match {SEGMENT_ID.pattern}")
        check_length(value, f"{field}[{key!r}]", LABEL_VALUE_LENGTH)
