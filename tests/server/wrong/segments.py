"""Wrong requests of SegmentService."""

from __future__ import annotations

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from segmentd.api.v1 import segment_service_pb2 as segments
from tests.server.bank import MAIN
from tests.server.wrong.request import FOREIGN, Wrong

PREMIUM = f"{MAIN}/segments/premium"

EXPRESSIONS: list[tuple[str, str, str]] = [
    ("no text that can be parsed", "customer.age >", "EXPRESSION_SYNTAX"),
    ("no truth value", "customer.age + 1", "EXPRESSION_TYPE"),
    ("text compared with a number", "customer.city > 3", "EXPRESSION_TYPE"),
    ("100,000 characters", "customer.age > 1 " + "|| customer.age > 1 " * 5_000, "EXPRESSION_TOO_LONG"),
    ("nested 1,000 times", "(" * 1_000 + "true" + ")" * 1_000, "EXPRESSION_TOO_DEEP"),
    ("unknown attribute", "customer.agee > 1", "UNKNOWN_ATTRIBUTE"),
    ("unknown segment", '"premum" in customer.segments', "UNKNOWN_SEGMENT"),
    ("unsupported operation", "customer.tags.all(t, t == 'x')", "UNSUPPORTED_OPERATION"),
    ("decimal times decimal", "customer.balance * customer.balance > 1.00", "DECIMAL_MISUSE"),
    ("digits beyond the scale", "customer.balance > 1.001", "DECIMAL_MISUSE"),
    ("a pattern that is none", "customer.city.matches('(')", "CONSTANT_FAILS"),
    ("a pattern of many instructions", "customer.city.matches('.*[a-q][^u-z]{900}x')", "PATTERN_TOO_LARGE"),
]
"""Wrong expressions, which are errors where they would be stored and answers where they are checked."""


def _create_segment(segment_id: str = "fresh", **fields: Any) -> segments.CreateSegmentRequest:
    fields.setdefault("expression", "customer.age > 1")
    parent = fields.pop("parent", MAIN)
    return segments.CreateSegmentRequest(parent=parent, segment_id=segment_id, segment=segments.Segment(**fields))


def _update_segment(mask: list[str], **fields: Any) -> segments.UpdateSegmentRequest:
    fields.setdefault("name", PREMIUM)
    return segments.UpdateSegmentRequest(segment=segments.Segment(**fields), update_mask=FieldMask(paths=mask))


def _benefit(benefit_id: str) -> segments.Benefit:
    return segments.Benefit(id=benefit_id)


SEGMENTS = [
    Wrong("CreateSegment", "no parent", _create_segment(parent=""), "FIELD_REQUIRED", "parent"),
    Wrong(
        "CreateSegment",
        "unknown ledger",
        _create_segment(parent="ledgers/other"),
        "LEDGER_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong("CreateSegment", "no id", _create_segment(""), "FIELD_REQUIRED", "segment_id"),
    Wrong("CreateSegment", "id with a space", _create_segment("a b"), "INVALID_FIELD", "segment_id"),
    Wrong("CreateSegment", "taken", _create_segment("premium"), "ALREADY_EXISTS", None, "ALREADY_EXISTS"),
    Wrong("CreateSegment", "no expression", _create_segment(expression=""), "FIELD_REQUIRED", "segment.expression"),
    Wrong(
        "CreateSegment",
        "benefit twice",
        _create_segment(benefits=[_benefit("a"), _benefit("a")]),
        "INVALID_FIELD",
        "segment.benefits[1].id",
    ),
    Wrong(
        "CreateSegment", "label in capitals", _create_segment(labels={"Team": "x"}), "INVALID_FIELD", "segment.labels"
    ),
    Wrong("CreateSegment", "unknown state", _create_segment(state=99), "INVALID_FIELD", "segment.state"),
    Wrong("CreateSegment", "unknown subject", _create_segment(subject=99), "INVALID_FIELD", "segment.subject"),
    Wrong(
        "CreateSegment",
        "refers to itself",
        _create_segment(expression='"fresh" in customer.segments'),
        "SEGMENT_CYCLE",
        "segment.expression",
    ),
    *(
        Wrong("CreateSegment", what, _create_segment(expression=text), reason, "segment.expression")
        for what, text, reason in EXPRESSIONS
    ),
    Wrong("GetSegment", "no name", segments.GetSegmentRequest(), "FIELD_REQUIRED", "name"),
    Wrong("GetSegment", "no form", segments.GetSegmentRequest(name=MAIN), "INVALID_RESOURCE_NAME", "name"),
    Wrong(
        "GetSegment",
        "unknown",
        segments.GetSegmentRequest(name=f"{MAIN}/segments/premum"),
        "SEGMENT_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong("ListSegments", "no parent", segments.ListSegmentsRequest(), "FIELD_REQUIRED", "parent"),
    Wrong(
        "ListSegments",
        "filter without a value",
        segments.ListSegmentsRequest(parent=MAIN, filter="labels.team="),
        "INVALID_FILTER",
        "filter",
    ),
    Wrong(
        "ListSegments",
        "foreign token",
        segments.ListSegmentsRequest(parent=MAIN, page_token=FOREIGN),
        "INVALID_PAGE_TOKEN",
        "page_token",
    ),
    Wrong("UpdateSegment", "no name", _update_segment(["*"], name=""), "FIELD_REQUIRED", "segment.name"),
    Wrong("UpdateSegment", "unknown field", _update_segment(["create_time"]), "INVALID_UPDATE_MASK", "update_mask"),
    Wrong("UpdateSegment", "old etag", _update_segment(["labels"], etag="old"), "ETAG_MISMATCH", None, "ABORTED"),
    Wrong(
        "UpdateSegment",
        "a cycle of segments",
        _update_segment(["expression"], expression='"premium-adult" in customer.segments'),
        "SEGMENT_CYCLE",
        "segment.expression",
    ),
    *(
        Wrong("UpdateSegment", what, _update_segment(["expression"], expression=text), reason, "segment.expression")
        for what, text, reason in EXPRESSIONS
    ),
    Wrong("DeleteSegment", "no name", segments.DeleteSegmentRequest(), "FIELD_REQUIRED", "name"),
    Wrong(
        "DeleteSegment",
        "others use it",
        segments.DeleteSegmentRequest(name=PREMIUM),
        "SEGMENT_IN_USE",
        None,
        "FAILED_PRECONDITION",
    ),
    Wrong(
        "DeleteSegment",
        "old etag",
        segments.DeleteSegmentRequest(name=f"{MAIN}/segments/brno", etag="old"),
        "ETAG_MISMATCH",
        None,
        "ABORTED",
    ),
    Wrong("CheckExpression", "no parent", segments.CheckExpressionRequest(), "FIELD_REQUIRED", "parent"),
    Wrong(
        "CheckExpression", "no expression", segments.CheckExpressionRequest(parent=MAIN), "FIELD_REQUIRED", "expression"
    ),
    Wrong(
        "CheckExpression",
        "unknown subject",
        segments.CheckExpressionRequest(parent=MAIN, expression="true", subject=99),  # type: ignore[arg-type]
        "INVALID_FIELD",
        "subject",
    ),
]
