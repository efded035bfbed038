"""How long a request will take, roughly: short ones are answered on the event loop, long ones on a worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from segmentd.api.v1 import feature_batch_pb2
from segmentd.engine import estimate_cost_s
from segmentd.engine.requests.vectors import SLOTS
from segmentd.plan import Program
from segmentd.scoring.memberships import Form
from segmentd.scoring.request_parts import RequestParts, Subjects

INLINE_BYTES: Final = 2_048
"""Larger requests are not even parsed on the event loop."""

INLINE_S: Final = 200e-6
"""The event loop runs nothing longer."""

# Measured on one core of a small cloud machine, rounded up.
_REQUEST_S: Final = 50e-6
_COLUMN_S: Final = 8e-6
_VECTORS_S: Final = 30e-6
_SLOTS_S: Final[Mapping[str, float]] = {
    "doubles": 6e-6,
    "integers": 6e-6,
    "bools": 8e-6,
    "strings": 25e-6,
    "lists": 150e-6,
}
_CELL_S: Final = 0.05e-6
_SEGMENT_S: Final = 4e-6
_ENTRY_S: Final = 0.05e-6

_ENTRIES_A_ROW: Final[Mapping[Form, float]] = {
    Form.COUNTS: 0.0,
    Form.IDS: 1.0,
    Form.LISTS: 1.0,
    Form.PLANES: 1 / 64,
    Form.BITMAPS: 0.2,
    Form.ARROW: 1.0,
}


def score_cost_s(parts: RequestParts, program: Program, form: Form) -> float:
    """Seconds on one thread for decoding, evaluating and encoding. Arrow and resident customers never are short."""
    if parts.vectors is not None:
        rows = parts.vectors.row_count
        decoding = _VECTORS_S + sum(_SLOTS_S[slot] * most for slot, most in zip(SLOTS, parts.vectors.most, strict=True))
        decoding += _CELL_S * rows * parts.vectors.attribute_count
    elif parts.subjects is Subjects.COLUMNS:
        message = parts.parse_body(feature_batch_pb2.ColumnBatch)
        rows = _most_rows(message)
        decoding = _COLUMN_S * len(message.columns)
    else:
        return float("inf")
    cells = rows * len(program.segments) * _ENTRIES_A_ROW[form] + rows * len(program.computed)
    encoding = _SEGMENT_S * len(program.segments) + _ENTRY_S * cells
    return _REQUEST_S + decoding + estimate_cost_s(program, rows) + encoding


def _most_rows(columns: feature_batch_pb2.ColumnBatch) -> int:
    """No column has more rows: a value takes a byte at least, and bits alone need a row count."""
    return max([columns.row_count, len(columns.ids), *(column.ByteSize() for column in columns.columns)])
