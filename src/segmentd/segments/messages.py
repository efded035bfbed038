"""Segments as messages of the API, and back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final

from segmentd.api.errors import InvalidFieldError
from segmentd.api.v1 import segment_service_pb2 as pb
from segmentd.api.v1 import subject_pb2
from segmentd.api.v1.attribute_service_pb2 import ATTRIBUTE_TYPE_UNSPECIFIED
from segmentd.api.wire import from_subject, to_subject, to_timestamp
from segmentd.language import Issue
from segmentd.language.issues import Severity
from segmentd.ledger.messages import encode_decimal, encode_type
from segmentd.segments.drafts import SegmentDraft
from segmentd.segments.model import MAX_BENEFITS, MAX_LABELS, Benefit, Segment, State
from segmentd.segments.service import Meaning

_STATES: Final[Mapping[State, pb.SegmentState.ValueType]] = {
    State.ACTIVE: pb.SEGMENT_STATE_ACTIVE,
    State.INACTIVE: pb.SEGMENT_STATE_INACTIVE,
}
_STATES_BY_NUMBER: Final[Mapping[int, State | None]] = {
    pb.SEGMENT_STATE_UNSPECIFIED: None,
    **{number: state for state, number in _STATES.items()},
}
_SEVERITIES: Final[Mapping[Severity, pb.ExpressionIssue.Severity.ValueType]] = {
    Severity.ERROR: pb.ExpressionIssue.SEVERITY_ERROR,
    Severity.WARNING: pb.ExpressionIssue.SEVERITY_WARNING,
}


def encode_benefit(benefit: Benefit) -> pb.Benefit:
    """The message of a benefit."""
    return pb.Benefit(id=benefit.id, display_name=benefit.display_name, description=benefit.description)


def encode_segment(ledger_id: str, segment: Segment) -> pb.Segment:
    """The message of a segment."""
    return pb.Segment(
        name=str(segment.name_in(ledger_id)),
        display_name=segment.display_name,
        description=segment.description,
        subject=from_subject(segment.subject),
        expression=segment.expression,
        benefits=[encode_benefit(benefit) for benefit in segment.benefits],
        labels=segment.labels,
        state=_STATES[segment.state],
        etag=segment.etag,
        create_time=to_timestamp(segment.create_time),
        update_time=to_timestamp(segment.update_time),
    )


def decode_segment(message: pb.Segment) -> SegmentDraft:
    """What a caller asks a segment to be. Raises InvalidFieldError on a subject or state that the API does not have."""
    unspecified = message.subject == subject_pb2.SUBJECT_UNSPECIFIED
    if message.state not in _STATES_BY_NUMBER:
        raise InvalidFieldError("segment.state", message.state, "SEGMENT_STATE_ACTIVE or SEGMENT_STATE_INACTIVE")
    return SegmentDraft(
        display_name=message.display_name,
        description=message.description,
        subject=None if unspecified else to_subject(message.subject, "segment.subject"),
        expression=message.expression,
        # One more than allowed is enough to be refused, of however many a message holds.
        benefits=tuple(
            Benefit(b.id, b.display_name, b.description) for b in islice(message.benefits, MAX_BENEFITS + 1)
        ),
        labels=dict(islice(message.labels.items(), MAX_LABELS + 1)),
        state=_STATES_BY_NUMBER[message.state],
    )


def encode_meaning(meaning: Meaning) -> pb.CheckExpressionResponse:
    """The answer to a check."""
    return pb.CheckExpressionResponse(
        valid=meaning.type is not None,
        type=encode_type(meaning.type) if meaning.type else ATTRIBUTE_TYPE_UNSPECIFIED,
        decimal=encode_decimal(meaning.type) if meaning.type else None,
        attributes=meaning.attributes,
        segments=meaning.segments,
        issues=[_encode_issue(issue) for issue in meaning.issues],
    )


def _encode_issue(issue: Issue) -> pb.ExpressionIssue:
    return pb.ExpressionIssue(
        severity=_SEVERITIES[issue.severity],
        reason=issue.reason.value if issue.reason else "",
        message=issue.message,
        line=issue.position.line,
        column=issue.position.column,
        snippet=issue.snippet,
    )
