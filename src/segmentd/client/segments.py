"""Segments: create, get, list, update, delete, and what an expression means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask

from segmentd.api.v1 import segment_service_pb2 as pb
from segmentd.client.call import Call, Scope, Steps, fetch_pages, last_part
from segmentd.client.moments import from_timestamp
from segmentd.client.values import decode_subject, decode_type, encode_subject
from segmentd.schema import DataType, Subject


@dataclass(frozen=True, slots=True)
class Benefit:
    """Something that members of a segment get."""

    id: str
    display_name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class SegmentDefinition:
    """What defines a segment: the CEL `expression`, and what being in it brings."""

    expression: str
    display_name: str = ""
    description: str = ""
    subject: Subject = Subject.CUSTOMER
    benefits: tuple[Benefit, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    active: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment as the service keeps it."""

    id: str
    definition: SegmentDefinition
    etag: str
    create_time: datetime
    update_time: datetime


@dataclass(frozen=True, slots=True)
class ExpressionIssue:
    """Something to say about an expression. `error` is False for a warning; line and column count from 1."""

    error: bool
    reason: str
    message: str
    line: int
    column: int
    snippet: str


@dataclass(frozen=True, slots=True)
class CheckedExpression:
    """What an expression means, or what is wrong with it. `type` is None if it is not valid."""

    valid: bool
    type: DataType | None
    attributes: tuple[str, ...]
    segments: tuple[str, ...]
    issues: tuple[ExpressionIssue, ...]


def create_segment(
    scope: Scope, segment_id: str, definition: SegmentDefinition, *, validate_only: bool = False
) -> Call[Segment]:
    """Create a segment, usable when the call returns."""
    request = pb.CreateSegmentRequest(
        parent=scope.parent,
        segment_id=segment_id,
        segment=encode_segment(definition),
        validate_only=validate_only,
    )
    return Call("SegmentService/CreateSegment", request, pb.Segment, read_segment)


def get_segment(scope: Scope, segment_id: str) -> Call[Segment]:
    """Return a segment."""
    request = pb.GetSegmentRequest(name=scope.segment(segment_id))
    return Call("SegmentService/GetSegment", request, pb.Segment, read_segment)


def list_segments(scope: Scope, *, filter: str = "", page_size: int = 1_000) -> Steps[tuple[Segment, ...]]:  # noqa: A002 - the API's word
    """Return the ledger's segments, ordered by id; `filter` is `labels.team = "retail" AND state = ACTIVE`."""
    request = pb.ListSegmentsRequest(parent=scope.parent, page_size=page_size, filter=filter)
    segments = yield from fetch_pages("SegmentService/ListSegments", request, pb.ListSegmentsResponse, "segments")
    return tuple(map(read_segment, segments))


def update_segment(
    scope: Scope,
    segment_id: str,
    definition: SegmentDefinition,
    *,
    fields: tuple[str, ...] = (),
    etag: str = "",
    validate_only: bool = False,
) -> Call[Segment]:
    """Change the `fields` (of SegmentDefinition, but the subject) to those of `definition`; without fields, all."""
    segment = encode_segment(definition)
    segment.name, segment.etag = scope.segment(segment_id), etag
    paths = ["state" if name == "active" else name for name in fields] or ["*"]
    request = pb.UpdateSegmentRequest(segment=segment, update_mask=FieldMask(paths=paths), validate_only=validate_only)
    return Call("SegmentService/UpdateSegment", request, pb.Segment, read_segment)


def delete_segment(scope: Scope, segment_id: str, *, etag: str = "", validate_only: bool = False) -> Call[None]:
    """Delete a segment. Refused, naming them, while other segments refer to it."""
    request = pb.DeleteSegmentRequest(name=scope.segment(segment_id), etag=etag, validate_only=validate_only)
    return Call("SegmentService/DeleteSegment", request, Empty, lambda _: None)


def check_expression(scope: Scope, expression: str, *, subject: Subject = Subject.CUSTOMER) -> Call[CheckedExpression]:
    """Say what an expression means or what is wrong with it; a wrong one is an answer, not an error."""
    request = pb.CheckExpressionRequest(parent=scope.parent, subject=encode_subject(subject), expression=expression)
    return Call("SegmentService/CheckExpression", request, pb.CheckExpressionResponse, read_checked)


def encode_segment(definition: SegmentDefinition) -> pb.Segment:
    """The segment of a request, without name."""
    state = pb.SEGMENT_STATE_ACTIVE if definition.active else pb.SEGMENT_STATE_INACTIVE
    return pb.Segment(
        display_name=definition.display_name,
        description=definition.description,
        subject=encode_subject(definition.subject),
        expression=definition.expression,
        benefits=map(encode_benefit, definition.benefits),
        labels=definition.labels,
        state=state,
    )


def encode_benefit(benefit: Benefit) -> pb.Benefit:
    """The benefit of a request."""
    return pb.Benefit(id=benefit.id, display_name=benefit.display_name, description=benefit.description)


def read_benefit(benefit: pb.Benefit) -> Benefit:
    """The benefit of a response."""
    return Benefit(benefit.id, benefit.display_name, benefit.description)


def read_segment(segment: Any) -> Segment:
    """The segment of a response."""
    definition = SegmentDefinition(
        expression=segment.expression,
        display_name=segment.display_name,
        description=segment.description,
        subject=decode_subject(segment.subject),
        benefits=tuple(map(read_benefit, segment.benefits)),
        labels=dict(segment.labels),
        active=segment.state != pb.SEGMENT_STATE_INACTIVE,
    )
    created, updated = from_timestamp(segment.create_time), from_timestamp(segment.update_time)
    return Segment(last_part(segment.name), definition, segment.etag, created, updated)


def read_checked(response: pb.CheckExpressionResponse) -> CheckedExpression:
    """What the service says about an expression."""
    return CheckedExpression(
        valid=response.valid,
        type=decode_type(response.type, response.decimal),
        attributes=tuple(response.attributes),
        segments=tuple(response.segments),
        issues=tuple(map(read_issue, response.issues)),
    )


def read_issue(issue: pb.ExpressionIssue) -> ExpressionIssue:
    """One issue of a response."""
    error = issue.severity == pb.ExpressionIssue.SEVERITY_ERROR
    return ExpressionIssue(error, issue.reason, issue.message, issue.line, issue.column, issue.snippet)
