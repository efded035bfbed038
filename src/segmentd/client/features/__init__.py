"""Features as callers hold them, as a `FeatureBatch`: columns for NumPy and lists, an Arrow stream for data frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

import numpy as np

from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.client.features.arrow import encode_arrow
from segmentd.client.features.columns import Values, encode_columns
from segmentd.client.wire import Pieces, field

Features = Mapping[str, Any] | Any
"""A mapping of attribute ids to NumPy arrays or lists, a pandas or Polars DataFrame, or an Arrow table or batch."""


def encode_features(features: Features, id_column: str | None) -> Pieces:
    """The FeatureBatch of a request. `id_column` names the column of the subjects' ids.

    In NumPy arrays a NaN is a value and a masked element is missing; in lists None is missing; in data frames what
    the frame calls null is missing, which for pandas includes NaN. Raises ValueError or TypeError, naming the column.
    """
    if is_plain(features):
        return field(pb.FeatureBatch.COLUMNS_FIELD_NUMBER, encode_columns(features, id_column))
    return field(pb.FeatureBatch.ARROW_FIELD_NUMBER, [encode_arrow(features, id_column)])


def is_plain(features: Features) -> TypeGuard[Mapping[str, Values]]:
    """Whether the features are NumPy arrays and lists only, which need no Arrow."""
    if not isinstance(features, Mapping):
        return False
    return all(isinstance(values, np.ndarray | list | tuple) for values in features.values())


__all__ = ["Features", "encode_features"]
