"""NumPy arrays and lists as columns of a `FeatureBatch`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.client.features.arrays import encode_array
from segmentd.client.features.sequences import encode_sequence
from segmentd.client.wire import Pieces, field

Values = np.ndarray[Any, Any] | Sequence[Any]


def encode_columns(features: Mapping[str, Values], id_column: str | None) -> Pieces:
    """The ColumnBatch of columns of one length. Raises ValueError where lengths differ or `id_column` is lacking."""
    rows = row_count(features)
    if id_column is not None and id_column not in features:
        raise ValueError(f"there is no column {id_column!r} for the ids; there are {', '.join(features)}")
    ids = [] if id_column is None else [str(value) for value in features[id_column]]
    batch: Pieces = [pb.ColumnBatch(ids=ids, row_count=rows).SerializeToString()]
    for name, values in features.items():
        column = encode_column(name, values) if name != id_column else None
        if column is not None:
            batch += field(pb.ColumnBatch.COLUMNS_FIELD_NUMBER, column)
    return batch


def row_count(features: Mapping[str, Values]) -> int:
    """The length that all columns have. Raises ValueError where they differ, naming two that do."""
    lengths = {name: len(values) for name, values in features.items()}
    first = next(iter(lengths), "")
    for name, length in lengths.items():
        if length != lengths[first]:
            raise ValueError(f"column {name!r} has {length} values, column {first!r} has {lengths[first]}")
    return lengths.get(first, 0)


def encode_column(attribute: str, values: Values) -> Pieces | None:
    """One column; None if every value is None, because a column that is not sent is missing on every row."""
    try:
        column = _encode_values(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise type(error)(f"column {attribute!r}: {error}") from error
    return None if column is None else [pb.Column(attribute=attribute).SerializeToString(), *column]


def _encode_values(values: Values) -> Pieces | None:
    if isinstance(values, np.ndarray):
        return encode_array(values)
    column = encode_sequence(values)
    return None if column is None else [column.SerializeToString()]
