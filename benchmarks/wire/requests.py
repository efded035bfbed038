"""Requests and answers as bytes: made once, before any clock starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.wire.questions import Values
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import membership_pb2
from segmentd.api.v1 import scoring_service_pb2 as scoring

COUNTS: Final = membership_pb2.MEMBERSHIP_FORM_COUNTS
LISTS: Final = membership_pb2.MEMBERSHIP_FORM_LISTS
PLANES: Final = membership_pb2.MEMBERSHIP_FORM_PLANES
ARROW: Final = membership_pb2.MEMBERSHIP_FORM_ARROW
IDS: Final = membership_pb2.MEMBERSHIP_FORM_IDS
Form: TypeAlias = membership_pb2.MembershipForm.ValueType

SCORE: Final = "/segmentd.api.v1.ScoringService/Score"
STREAM_SCORES: Final = "/segmentd.api.v1.ScoringService/StreamScores"
EVALUATE: Final = "/segmentd.api.v1.ScoringService/EvaluateSegments"

ELEMENTS: Final = {
    np.dtype(np.float64): features.RawValues.ELEMENT_TYPE_FLOAT64,
    np.dtype(np.float32): features.RawValues.ELEMENT_TYPE_FLOAT32,
    np.dtype(np.int64): features.RawValues.ELEMENT_TYPE_INT64,
    np.dtype(np.int32): features.RawValues.ELEMENT_TYPE_INT32,
    np.dtype(np.int16): features.RawValues.ELEMENT_TYPE_INT16,
    np.dtype(np.int8): features.RawValues.ELEMENT_TYPE_INT8,
}
"""Element types of raw columns."""


class RefusedError(Exception):
    """An answer of a stream is an error."""


def raw_columns(columns: Mapping[str, Values]) -> features.FeatureBatch:
    """A batch of raw bytes, each column in the width that it has."""
    encoded = [raw_column(name, values) for name, values in columns.items()]
    return features.FeatureBatch(columns=features.ColumnBatch(columns=encoded))


def raw_column(attribute: str, values: Values) -> features.Column:
    """A column of raw bytes in the width that it has."""
    data = features.RawValues(type=ELEMENTS[values.dtype], data=values.tobytes())
    return features.Column(attribute=attribute, raw=data)


def vectors(columns: Mapping[str, Values]) -> features.FeatureBatch:
    """A batch of a message a row, of columns of doubles."""
    rows = np.stack(list(columns.values()), axis=1).tolist()
    messages = [features.FeatureVector(doubles=row) for row in rows]
    return features.FeatureBatch(vectors=features.VectorBatch(attributes=list(columns), vectors=messages))


def score_bytes(ledger: str, batch: features.FeatureBatch, form: Form) -> bytes:
    """A ScoreRequest for all segments of a ledger."""
    request = scoring.ScoreRequest(parent=f"ledgers/{ledger}", features=batch, form=form)
    return request.SerializeToString()


def stream_bytes(ledger: str, batch: features.FeatureBatch, form: Form) -> bytes:
    """A StreamScoresRequest for all segments of a ledger."""
    request = scoring.ScoreRequest(parent=f"ledgers/{ledger}", features=batch, form=form)
    return scoring.StreamScoresRequest(request=request).SerializeToString()


def evaluate_bytes(segments: Sequence[str], form: Form) -> bytes:
    """An EvaluateSegmentsRequest for segments of ledger `main`."""
    return scoring.EvaluateSegmentsRequest(parent="ledgers/main", segments=segments, form=form).SerializeToString()


def streamed_memberships(answer: bytes) -> membership_pb2.Memberships:
    """The memberships in an answer of StreamScores. Raises RefusedError."""
    message = scoring.StreamScoresResponse.FromString(answer)
    if message.WhichOneof("outcome") != "response":
        raise RefusedError(message.error.message)
    return message.response.memberships


def member_counts(memberships: membership_pb2.Memberships) -> list[int]:
    """How many members each segment has, in the order of the answer."""
    return [segment.member_count for segment in memberships.segments]


def member_planes(memberships: membership_pb2.Memberships) -> npt.NDArray[np.uint8]:
    """The members' bits of each segment in the form planes: uint8[segments, bytes]."""
    return np.stack([np.frombuffer(segment.planes.members, np.uint8) for segment in memberships.segments])
