"""Feature batches, in any of their three forms, as columns."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from segmentd.api.errors import FieldRequiredError, InvalidFieldError, shorten
from segmentd.api.v1 import feature_batch_pb2
from segmentd.columns.arrow import batch_from_arrow
from segmentd.columns.build import RowLimit
from segmentd.columns.column import Batch
from segmentd.columns.errors import ColumnError, InvalidValueError
from segmentd.columns.ipc import read_arrow_stream
from segmentd.columns.messages import decode_columns
from segmentd.schema import Schema
from segmentd.scoring.batch_vectors import decode_vectors
from segmentd.scoring.lifted_values import lift_values
from segmentd.scoring.request_parts import RequestParts, Subjects

MAX_ID_BYTES: Final = 1_024
"""Bytes of an id of a request."""

SPARE_COLUMNS: Final = 1_024
"""Columns that a batch may have beyond the attributes there are: the parser makes an object of 70 bytes of each.

Such a batch is wrong in any case; within this, the error names a column that is.
"""

ROW_LIMIT: Final = RowLimit(1 << 20)
"""Rows of a request: 1 to 1,048,576."""


def decode_batch(parts: RequestParts, schema: Schema, path: str = "features") -> Batch:
    """The batch that a request's features hold. Raises SegmentdError with the path of the field at fault."""
    batch = _decode(parts, schema, path)
    if batch.ids is not None:
        _check_ids(batch.ids, f"{path}.{parts.subjects.name.lower()}")
    return batch


def _decode(parts: RequestParts, schema: Schema, path: str) -> Batch:
    if parts.vectors is not None:
        return decode_vectors(parts.vectors, schema, ROW_LIMIT, f"{path}.vectors")
    match parts.subjects:
        case Subjects.COLUMNS:
            _check_columns(parts.columns, schema, f"{path}.columns.columns")
            lifted = lift_values(parts.body.view())
            message = parts.parse_as(feature_batch_pb2.ColumnBatch, lifted.rest)
            return decode_columns(message, schema, ROW_LIMIT, f"{path}.columns", lifted.values)
        case Subjects.ARROW:
            return _decode_arrow(bytes(parts.body), schema, f"{path}.arrow")
    raise FieldRequiredError(path, "must hold columns, vectors or arrow")


def _check_columns(given: int, schema: Schema, path: str) -> None:
    """InvalidFieldError for columns of which most cannot be right, before they are parsed."""
    most = len(schema.attributes) + SPARE_COLUMNS
    if given > most:
        allowed = f"a batch has a column for each of {len(schema.attributes)} attributes at most"
        raise InvalidFieldError(path, f"{given} columns", allowed)


def _check_ids(ids: pa.StringArray, path: str) -> None:
    """InvalidValueError for an id that is too long: ids are repeated in answers, a row's in each of its segments."""
    sizes = pc.binary_length(ids).to_numpy(zero_copy_only=False)
    row = int(sizes.argmax())
    if sizes[row] > MAX_ID_BYTES:
        allowed = f"ids have at most {MAX_ID_BYTES} bytes"
        error = InvalidValueError("id", row=row, value=shorten(ids[row].as_py()), allowed=allowed)
        error.place(path if path.endswith("arrow") else f"{path}.ids")
        raise error


def _decode_arrow(data: bytes, schema: Schema, path: str) -> Batch:
    try:
        return batch_from_arrow(read_arrow_stream(data, limit=ROW_LIMIT), schema)
    except ColumnError as error:
        error.place(path)
        raise
