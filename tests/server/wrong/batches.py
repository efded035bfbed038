"""Wrong feature batches, as they can come over the wire."""

from __future__ import annotations

from typing import Any

from segmentd.api.v1 import feature_batch_pb2 as features

NAN = float("nan")


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
    ("computed attribute", batch(integers("tier", 1)), "INVALID_FIELD", "features.columns.columns[0].attribute"),
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
        "features.columns.ids",
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
