"""Requests of scoring as questions."""

from __future__ import annotations

from collections.abc import Sequence

from segmentd.api.errors import InvalidFieldError
from segmentd.api.names import parse_ledger_name
from segmentd.api.v1 import membership_pb2, scoring_service_pb2, subject_pb2
from segmentd.api.wire import subject_name, to_subject
from segmentd.columns.fixed import MAX_TIMESTAMP_US, MIN_TIMESTAMP_US, TIMESTAMP_RANGE
from segmentd.schema import Subject
from segmentd.scoring.memberships import Form
from segmentd.scoring.model import MAX_COMPUTED, MAX_SEGMENTS, Question


def score_question(request: scoring_service_pb2.ScoreRequest, resident: Subject | None = None) -> Question:
    """What Score and StreamScores ask, of resident subjects by id where it says which. Raises SegmentdError.

    The error has the field at fault.
    """
    return Question(
        ledger=parse_ledger_name(request.parent, "parent"),
        subject=_subject(request.subject, resident),
        segments=_names("segments", request.segments, MAX_SEGMENTS),
        computed=_names("computed_attributes", request.computed_attributes, MAX_COMPUTED),
        form=_form(request.form),
        now_us=moment_us(request.now.seconds, request.now.nanos) if request.HasField("now") else None,
    )


def evaluation_question(request: scoring_service_pb2.EvaluateSegmentsRequest) -> Question:
    """What EvaluateSegments asks. Raises SegmentdError with the field at fault."""
    return Question(
        ledger=parse_ledger_name(request.parent, "parent"),
        subject=to_subject(request.subject, "subject"),
        segments=_names("segments", request.segments, MAX_SEGMENTS),
        form=_form(request.form),
        now_us=moment_us(request.now.seconds, request.now.nanos) if request.HasField("now") else None,
    )


def moment_us(seconds: int, nanos: int, field: str = "now") -> int:
    """A Timestamp in microseconds since 1970-01-01T00:00:00Z, finer digits cut off. Raises InvalidFieldError."""
    us = seconds * 1_000_000 + nanos // 1_000
    if not 0 <= nanos < 1_000_000_000:
        raise InvalidFieldError(field, f"{nanos} nanos", "0 to 999,999,999 nanos")
    if not MIN_TIMESTAMP_US <= us <= MAX_TIMESTAMP_US:
        raise InvalidFieldError(field, f"{seconds} s", TIMESTAMP_RANGE)
    return us


def _subject(number: int, resident: Subject | None) -> Subject:
    """The subject that is asked about; ids say it by the field that they come in."""
    if resident is not None and number == subject_pb2.SUBJECT_UNSPECIFIED:
        return resident
    subject = to_subject(number, "subject")
    if resident is not None and subject is not resident:
        raise InvalidFieldError("subject", subject_name(subject), f"the ids are those of {resident}s")
    return subject


def _names(field: str, given: Sequence[str], limit: int) -> tuple[str, ...]:
    """What a repeated field names; it is counted before anything is made of it."""
    if len(given) > limit:
        raise InvalidFieldError(field, f"{len(given)} entries", f"at most {limit} are allowed")
    return tuple(given)


def _form(number: int) -> Form:
    if number == membership_pb2.MEMBERSHIP_FORM_UNSPECIFIED:
        return Form.COUNTS
    try:
        return Form(number)
    except ValueError:
        raise InvalidFieldError("form", number, ", ".join(membership_pb2.MembershipForm.keys()[1:])) from None
