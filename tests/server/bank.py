"""A small bank to call: a ledger with attributes of every type, segments that refer to each other, and customers."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa

from segmentd.api.v1 import attribute_service_pb2 as attributes
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.api.v1 import segment_service_pb2 as segments
from tests.server.api import Api

MAIN = "ledgers/main"
CUSTOMERS = 10_000

CUSTOMER_ATTRIBUTES: dict[str, attributes.Attribute] = {
    "income": attributes.Attribute(type=attributes.ATTRIBUTE_TYPE_DOUBLE),
    "age": attributes.Attribute(type=attributes.ATTRIBUTE_TYPE_INT64),
    "balance": attributes.Attribute(
        type=attributes.ATTRIBUTE_TYPE_DECIMAL, decimal=attributes.DecimalFormat(scale=2, currency_code="EUR")
    ),
    "active": attributes.Attribute(type=attributes.ATTRIBUTE_TYPE_BOOL),
    "city": attributes.Attribute(type=attributes.ATTRIBUTE_TYPE_STRING),
    "tags": attributes.Attribute(type=attributes.ATTRIBUTE_TYPE_STRING_LIST),
    "seen": attributes.Attribute(type=attributes.ATTRIBUTE_TYPE_TIMESTAMP),
    "born": attributes.Attribute(type=attributes.ATTRIBUTE_TYPE_DATE),
    "tier": attributes.Attribute(
        type=attributes.ATTRIBUTE_TYPE_STRING, expression="customer.balance >= 5000.00 ? 'gold' : 'basic'"
    ),
}

SEGMENTS: dict[str, str] = {
    "premium": "customer.balance >= 3000.00",
    "adult": "customer.age >= 18",
    "premium-adult": '"premium" in customer.segments && "adult" in customer.segments',
    "brno": "customer.city == 'Brno'",
}


def customers(rows: int = CUSTOMERS) -> pa.Table:
    """Customers `c0`, `c1`, …; every 10th lacks an age, every 7th a balance, which is the row number in euros."""
    return pa.table(
        {
            "customer_id": [f"c{row}" for row in range(rows)],
            "age": pa.array([None if row % 10 == 0 else row % 90 for row in range(rows)], pa.int64()),
            "balance": pa.array([None if row % 7 == 0 else Decimal(row) for row in range(rows)], pa.decimal128(14, 2)),
            "city": [("Brno", "Praha", "Žďár")[row % 3] for row in range(rows)],
        }
    )


def define(api: Api) -> None:
    """Create in ledger `main` the segments, and the attributes that the customers' file does not have."""
    for name, attribute in CUSTOMER_ATTRIBUTES.items():
        if name in customers(0).column_names:
            continue
        api.call(
            "CreateAttribute",
            attributes.CreateAttributeRequest(parent=MAIN, attribute_id=f"customer.{name}", attribute=attribute),
        )
    for name, expression in SEGMENTS.items():
        create_segment(api, name, expression)


def create_segment(api: Api, name: str, expression: str) -> segments.Segment:
    """A new segment of ledger `main`."""
    request = segments.CreateSegmentRequest(
        parent=MAIN, segment_id=name, segment=segments.Segment(expression=expression)
    )
    answer: segments.Segment = api.call("CreateSegment", request)
    return answer


def score_request(batch: features.FeatureBatch | None = None, **fields: object) -> scoring.ScoreRequest:
    """A request to score three customers, or the given ones."""
    return scoring.ScoreRequest(parent=MAIN, features=batch or three_customers(), **fields)  # type: ignore[arg-type]


def three_customers() -> features.FeatureBatch:
    """A minor, one at the threshold of premium, and one whose balance is missing."""
    return features.FeatureBatch(
        columns=features.ColumnBatch(
            columns=[
                features.Column(attribute="age", integers=features.IntegerValues(values=[17, 18, 40])),
                features.Column(
                    attribute="balance", integers=features.IntegerValues(values=[300_000, 300_000, 0]), validity=b"\x03"
                ),
            ]
        )
    )
