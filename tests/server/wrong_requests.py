"""Wrong requests for every method of the API, each with the status, reason and field it is refused with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.api.v1 import attribute_service_pb2 as attributes
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.api.v1 import segment_service_pb2 as segments
from tests.server.bank import CUSTOMERS, MAIN, score_request

TYPES = attributes.AttributeType
PREMIUM = f"{MAIN}/segments/premium"
BALANCE = f"{MAIN}/attributes/customer.balance"
NAN = float("nan")


@dataclass(frozen=True)
class Wrong:
    """A request of a method, and how it has to be refused."""

    method: str
    what: str
    request: Message
    reason: str
    field: str | None = None
    status: str = "INVALID_ARGUMENT"


def batch(*columns: features.Column, **rest: Any) -> features.FeatureBatch:
    """A batch of columns."""
    return features.FeatureBatch(columns=features.ColumnBatch(columns=columns, **rest))


def integers(attribute: str, *values: int, validity: bytes = b"") -> features.Column:
    """A column of whole numbers."""
    return features.Column(attribute=attribute, integers=features.IntegerValues(values=values), validity=validity)


def doubles(attribute: str, *values: float) -> features.Column:
    """A column of doubles."""
    return features.Column(attribute=attribute, doubles=features.DoubleValues(values=values))


def raw(attribute: str, element: features.RawValues.ElementType.ValueType, data: bytes) -> features.Column:
    """A column of bytes."""
    return features.Column(attribute=attribute, raw=features.RawValues(type=element, data=data))


BATCHES: list[tuple[str, features.FeatureBatch, str, str]] = [
    ("no form", features.FeatureBatch(), "FIELD_REQUIRED", "features"),
    ("empty batch", batch(), "EMPTY_BATCH", "features.columns"),
    ("too many rows", batch(row_count=1_048_577), "TOO_MANY_ROWS", "features.columns"),
    (
        "unknown attribute",
        batch(integers("agee", 1)),
        "UNKNOWN_ATTRIBUTE",
        "features.columns.columns[0].attribute",
    ),
    ("computed attribute", batch(integers("tier", 1)), "UNKNOWN_ATTRIBUTE", "features.columns.columns[0].attribute"),
    ("wrong type", batch(doubles("age", 1.0)), "ATTRIBUTE_TYPE_MISMATCH", "features.columns.columns[0].doubles"),
    (
        "ragged columns",
        batch(integers("age", 1), doubles("income", 1.0, 2.0)),
        "RAGGED_COLUMNS",
        "features.columns.columns[1].doubles",
    ),
    (
        "duplicate column",
        batch(integers("age", 1), integers("age", 1)),
        "DUPLICATE_COLUMN",
        "features.columns.columns[1].attribute",
    ),
    (
        "wrong byte width",
        batch(raw("age", features.RawValues.ELEMENT_TYPE_INT64, b"1234567")),
        "COLUMN_WIDTH",
        "features.columns.columns[0].raw",
    ),
    (
        "raw without a type",
        batch(raw("age", features.RawValues.ELEMENT_TYPE_UNSPECIFIED, b"12345678")),
        "INVALID_FIELD",
        "features.columns.columns[0].raw.type",
    ),
    (
        "validity of the wrong length",
        batch(integers("age", 1, validity=b"\x01\x00")),
        "VALIDITY_LENGTH",
        "features.columns.columns[0].validity",
    ),
    ("NaN in a decimal", batch(doubles("balance", NAN)), "INVALID_VALUE", "features.columns.columns[0].doubles"),
    (
        "code out of range",
        batch(features.Column(attribute="city", dictionary=features.DictionaryValues(dictionary=["a"], codes=[1]))),
        "INVALID_VALUE",
        "features.columns.columns[0].dictionary",
    ),
    (
        "lengths of lists that do not add up",
        batch(features.Column(attribute="tags", lists=features.StringListValues(lengths=[2], values=["a"]))),
        "RAGGED_COLUMNS",
        "features.columns.columns[0].lists",
    ),
    (
        "ids of other rows",
        batch(integers("age", 1), ids=["a", "b"]),
        "RAGGED_COLUMNS",
        "features.columns.columns[0].integers",
    ),
    ("garbage Arrow bytes", features.FeatureBatch(arrow=b"garbage"), "MALFORMED_ARROW", "features.arrow"),
    (
        "vectors without a slot",
        features.FeatureBatch(
            vectors=features.VectorBatch(attributes=["age"], vectors=[features.FeatureVector(doubles=[1.0])])
        ),
        "RAGGED_COLUMNS",
        "features.vectors.vectors[0].doubles",
    ),
]
"""What can be wrong with a batch, over the wire; all of it is tested where batches are decoded."""


def _scores() -> list[tuple[str, scoring.ScoreRequest, str, str | None, str]]:
    """Wrong requests to score, alone or in a stream."""
    invalid = "INVALID_ARGUMENT"
    missing_ledger = scoring.ScoreRequest(parent="ledgers/other", features=batch(row_count=1))
    nothing = scoring.ScoreRequest(parent=MAIN)
    accounts = scoring.ScoreRequest(
        parent=MAIN,
        subject=2,
        customers=scoring.ResidentCustomers(ids=["c1"]),  # type: ignore[arg-type]
    )
    no_ids = scoring.ScoreRequest(parent=MAIN, customers=scoring.ResidentCustomers())
    many = [f"s{index}" for index in range(4_097)]
    return [
        ("no parent", scoring.ScoreRequest(), "FIELD_REQUIRED", "parent", invalid),
        ("parent without form", scoring.ScoreRequest(parent="ledger/main"), "INVALID_RESOURCE_NAME", "parent", invalid),
        ("unknown ledger", missing_ledger, "LEDGER_NOT_FOUND", None, "NOT_FOUND"),
        ("no subjects", nothing, "FIELD_REQUIRED", "features", invalid),
        ("resident accounts", accounts, "INVALID_FIELD", "subject", invalid),
        ("no ids", no_ids, "EMPTY_BATCH", "customers.ids", invalid),
        ("unknown segment", score_request(segments=["adult", "premum"]), "UNKNOWN_SEGMENT", "segments[1]", invalid),
        ("segment twice", score_request(segments=["adult", "adult"]), "INVALID_FIELD", "segments[1]", invalid),
        ("too many segments", score_request(segments=many), "INVALID_FIELD", "segments", invalid),
        ("unknown form", score_request(form=99), "INVALID_FIELD", "form", invalid),
        ("unknown subject", score_request(subject=99), "INVALID_FIELD", "subject", invalid),
        ("a moment of no year", score_request(now=Timestamp(seconds=2**60)), "INVALID_FIELD", "now", invalid),
        ("negative nanos", score_request(now=Timestamp(nanos=-1)), "INVALID_FIELD", "now", invalid),
        (
            "unknown computed attribute",
            score_request(computed_attributes=["tierr"]),
            "UNKNOWN_ATTRIBUTE",
            "computed_attributes[0]",
            invalid,
        ),
        (
            "given attribute as a computed one",
            score_request(computed_attributes=["age"]),
            "INVALID_FIELD",
            "computed_attributes[0]",
            invalid,
        ),
        (
            "computed attribute twice",
            score_request(computed_attributes=["tier", "tier"]),
            "INVALID_FIELD",
            "computed_attributes[1]",
            invalid,
        ),
        *((what, score_request(wrong), reason, field, invalid) for what, wrong, reason, field in BATCHES),
    ]


def _evaluate(**fields: Any) -> scoring.EvaluateSegmentsRequest:
    return scoring.EvaluateSegmentsRequest(parent=fields.pop("parent", MAIN), **fields)


EVALUATIONS = [
    Wrong("EvaluateSegments", "no parent", _evaluate(parent=""), "FIELD_REQUIRED", "parent"),
    Wrong(
        "EvaluateSegments", "unknown ledger", _evaluate(parent="ledgers/other"), "LEDGER_NOT_FOUND", None, "NOT_FOUND"
    ),
    Wrong(
        "EvaluateSegments",
        "ledger without customers",
        _evaluate(parent="ledgers/empty"),
        "NO_RESIDENT_POPULATION",
        None,
        "FAILED_PRECONDITION",
    ),
    Wrong("EvaluateSegments", "unknown segment", _evaluate(segments=["x"]), "UNKNOWN_SEGMENT", "segments[0]"),
    Wrong("EvaluateSegments", "unknown form", _evaluate(form=99), "INVALID_FIELD", "form"),
    Wrong("EvaluateSegments", "row after the last", _evaluate(row_start=CUSTOMERS + 1), "INVALID_FIELD", "row_start"),
    Wrong("EvaluateSegments", "largest row", _evaluate(row_start=2**64 - 1), "INVALID_FIELD", "row_start"),
    Wrong(
        "EvaluateSegments",
        "more rows than there are",
        _evaluate(row_start=CUSTOMERS - 5, row_count=6),
        "INVALID_FIELD",
        "row_count",
    ),
    Wrong("EvaluateSegments", "most rows", _evaluate(row_start=1, row_count=2**64 - 1), "INVALID_FIELD", "row_count"),
    Wrong("EvaluateSegments", "pages too long", _evaluate(page_rows=2**20 + 1), "INVALID_FIELD", "page_rows"),
    Wrong(
        "EvaluateSegments", "other data version", _evaluate(data_version=99), "INVALID_FIELD", "data_version", "ABORTED"
    ),
]


def _create_ledger(ledger_id: str = "new", **fields: Any) -> ledgers.CreateLedgerRequest:
    fields.setdefault("currency_code", "EUR")
    return ledgers.CreateLedgerRequest(ledger_id=ledger_id, ledger=ledgers.Ledger(**fields))


def _update_ledger(mask: list[str] | None = None, **fields: Any) -> ledgers.UpdateLedgerRequest:
    fields.setdefault("name", MAIN)
    return ledgers.UpdateLedgerRequest(ledger=ledgers.Ledger(**fields), update_mask=FieldMask(paths=mask or []))


LEDGERS = [
    Wrong("CreateLedger", "no id", _create_ledger(""), "FIELD_REQUIRED", "ledger_id"),
    Wrong("CreateLedger", "id in capitals", _create_ledger("Main"), "INVALID_FIELD", "ledger_id"),
    Wrong("CreateLedger", "taken", _create_ledger("main"), "ALREADY_EXISTS", None, "ALREADY_EXISTS"),
    Wrong("CreateLedger", "no currency", _create_ledger(currency_code=""), "FIELD_REQUIRED", "ledger.currency_code"),
    Wrong(
        "CreateLedger", "no currency so", _create_ledger(currency_code="EURO"), "INVALID_FIELD", "ledger.currency_code"
    ),
    Wrong("CreateLedger", "no such zone", _create_ledger(time_zone="Mars/Base"), "INVALID_FIELD", "ledger.time_zone"),
    Wrong("CreateLedger", "long name", _create_ledger(display_name="x" * 129), "INVALID_FIELD", "ledger.display_name"),
    Wrong("GetLedger", "no name", ledgers.GetLedgerRequest(), "FIELD_REQUIRED", "name"),
    Wrong("GetLedger", "no form", ledgers.GetLedgerRequest(name="main"), "INVALID_RESOURCE_NAME", "name"),
    Wrong(
        "GetLedger", "unknown", ledgers.GetLedgerRequest(name="ledgers/other"), "LEDGER_NOT_FOUND", None, "NOT_FOUND"
    ),
    Wrong("ListLedgers", "negative page", ledgers.ListLedgersRequest(page_size=-1), "INVALID_FIELD", "page_size"),
    Wrong(
        "ListLedgers", "foreign token", ledgers.ListLedgersRequest(page_token="x"), "INVALID_PAGE_TOKEN", "page_token"
    ),
    Wrong("UpdateLedger", "no name", _update_ledger(name=""), "FIELD_REQUIRED", "ledger.name"),
    Wrong("UpdateLedger", "unknown field", _update_ledger(["currency_code"]), "INVALID_UPDATE_MASK", "update_mask"),
    Wrong("UpdateLedger", "old etag", _update_ledger(["*"], etag="old"), "ETAG_MISMATCH", None, "ABORTED"),
    Wrong(
        "UpdateLedger",
        "no such zone",
        _update_ledger(["time_zone"], time_zone="X"),
        "INVALID_FIELD",
        "ledger.time_zone",
    ),
    Wrong("UpdateLedger", "unknown", _update_ledger(name="ledgers/other"), "LEDGER_NOT_FOUND", None, "NOT_FOUND"),
]


def _create_attribute(attribute_id: str = "customer.fresh", **fields: Any) -> attributes.CreateAttributeRequest:
    fields.setdefault("type", TYPES.ATTRIBUTE_TYPE_INT64)
    parent = fields.pop("parent", MAIN)
    return attributes.CreateAttributeRequest(
        parent=parent, attribute_id=attribute_id, attribute=attributes.Attribute(**fields)
    )


def _update_attribute(mask: list[str], **fields: Any) -> attributes.UpdateAttributeRequest:
    fields.setdefault("name", BALANCE)
    return attributes.UpdateAttributeRequest(
        attribute=attributes.Attribute(**fields), update_mask=FieldMask(paths=mask)
    )


def _name(attribute: str) -> str:
    return f"{MAIN}/attributes/{attribute}"


ATTRIBUTES = [
    Wrong("CreateAttribute", "no parent", _create_attribute(parent=""), "FIELD_REQUIRED", "parent"),
    Wrong(
        "CreateAttribute",
        "unknown ledger",
        _create_attribute(parent="ledgers/other"),
        "LEDGER_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong("CreateAttribute", "no id", _create_attribute(""), "FIELD_REQUIRED", "attribute_id"),
    Wrong("CreateAttribute", "no subject", _create_attribute("fresh"), "INVALID_FIELD", "attribute_id"),
    Wrong("CreateAttribute", "a keyword", _create_attribute("customer.in"), "INVALID_FIELD", "attribute_id"),
    Wrong("CreateAttribute", "taken", _create_attribute("customer.age"), "ALREADY_EXISTS", None, "ALREADY_EXISTS"),
    Wrong("CreateAttribute", "no type", _create_attribute(type=0), "FIELD_REQUIRED", "attribute.type"),
    Wrong("CreateAttribute", "unknown type", _create_attribute(type=99), "INVALID_FIELD", "attribute.type"),
    Wrong(
        "CreateAttribute",
        "no scale",
        _create_attribute(type=TYPES.ATTRIBUTE_TYPE_DECIMAL),
        "FIELD_REQUIRED",
        "attribute.decimal",
    ),
    Wrong(
        "CreateAttribute", "no default", _create_attribute(required=True), "DEFAULT_REQUIRED", "attribute.default_value"
    ),
    Wrong(
        "CreateAttribute",
        "reads itself",
        _create_attribute(expression="customer.fresh + 1"),
        "ATTRIBUTE_CYCLE",
        "attribute.expression",
    ),
    Wrong("GetAttribute", "no name", attributes.GetAttributeRequest(), "FIELD_REQUIRED", "name"),
    Wrong(
        "GetAttribute", "no subject", attributes.GetAttributeRequest(name=_name("age")), "INVALID_RESOURCE_NAME", "name"
    ),
    Wrong(
        "GetAttribute",
        "unknown",
        attributes.GetAttributeRequest(name=_name("customer.agee")),
        "ATTRIBUTE_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong("ListAttributes", "no parent", attributes.ListAttributesRequest(), "FIELD_REQUIRED", "parent"),
    Wrong(
        "ListAttributes",
        "negative page",
        attributes.ListAttributesRequest(parent=MAIN, page_size=-1),
        "INVALID_FIELD",
        "page_size",
    ),
    Wrong(
        "ListAttributes",
        "foreign token",
        attributes.ListAttributesRequest(parent=MAIN, page_token="x"),
        "INVALID_PAGE_TOKEN",
        "page_token",
    ),
    Wrong("UpdateAttribute", "no name", _update_attribute(["*"], name=""), "FIELD_REQUIRED", "attribute.name"),
    Wrong("UpdateAttribute", "unknown field", _update_attribute(["etag"]), "INVALID_UPDATE_MASK", "update_mask"),
    Wrong(
        "UpdateAttribute", "old etag", _update_attribute(["description"], etag="old"), "ETAG_MISMATCH", None, "ABORTED"
    ),
    Wrong(
        "UpdateAttribute",
        "type of an attribute in use",
        _update_attribute(["type", "decimal"], type=TYPES.ATTRIBUTE_TYPE_STRING),
        "ATTRIBUTE_IN_USE",
        None,
        "FAILED_PRECONDITION",
    ),
    Wrong("DeleteAttribute", "no name", attributes.DeleteAttributeRequest(), "FIELD_REQUIRED", "name"),
    Wrong(
        "DeleteAttribute",
        "unknown",
        attributes.DeleteAttributeRequest(name=_name("customer.agee")),
        "ATTRIBUTE_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong(
        "DeleteAttribute",
        "in use",
        attributes.DeleteAttributeRequest(name=BALANCE),
        "ATTRIBUTE_IN_USE",
        None,
        "FAILED_PRECONDITION",
    ),
    Wrong(
        "DeleteAttribute",
        "old etag",
        attributes.DeleteAttributeRequest(name=_name("customer.seen"), etag="old"),
        "ETAG_MISMATCH",
        None,
        "ABORTED",
    ),
]

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
        segments.ListSegmentsRequest(parent=MAIN, page_token="x"),
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


def _streamed(request: scoring.ScoreRequest) -> scoring.StreamScoresRequest:
    return scoring.StreamScoresRequest(request=request)


SCORES = [Wrong("Score", what, request, reason, field, status) for what, request, reason, field, status in _scores()]
STREAMED = [
    Wrong("StreamScores", what, _streamed(request), reason, field, status)
    for what, request, reason, field, status in _scores()
]

WRONG: list[Wrong] = [*LEDGERS, *ATTRIBUTES, *SEGMENTS, *SCORES, *STREAMED, *EVALUATIONS]
