"""What is in the bytes of a request: as segmentd reads it, and as protobuf's own parser does."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from google.protobuf.message import DecodeError, Message

from segmentd.api.errors import MalformedRequestError
from segmentd.api.v1 import feature_batch_pb2, scoring_service_pb2
from segmentd.columns.planes import unpack
from segmentd.engine.requests.message import Message as Bytes
from segmentd.engine.requests.texts import join_texts, list_values, read_lists
from segmentd.engine.requests.vectors import Vectors, read_attributes, read_columns, read_ids, survey_vectors
from segmentd.kernels.protobuf.vectors import VECTORS
from segmentd.scoring.request_parts import RequestParts, Subjects, split_request


@dataclass(frozen=True, slots=True)
class VectorReading:
    """One vector: the values of each of its fields, doubles as their bytes, and the attributes that are missing."""

    values: tuple[tuple[Any, ...], ...]
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BatchReading:
    """A VectorBatch."""

    attributes: tuple[str, ...]
    ids: tuple[str, ...]
    vectors: tuple[VectorReading, ...]
    most_nulls: int
    has_nulls: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A request: the question as protobuf writes it, of whom it asks, and that in the same way, or read."""

    question: bytes
    subjects: Subjects
    body: bytes | BatchReading


def read_officially(raw: bytes, *, streamed: bool) -> Reading | None:
    """The request as protobuf's own parser reads it, None if it refuses it."""
    try:
        if streamed:
            request = scoring_service_pb2.StreamScoresRequest.FromString(raw).request
        else:
            request = scoring_service_pb2.ScoreRequest.FromString(raw)
    except DecodeError:
        return None
    subjects, body = _official_subjects(request)
    question = scoring_service_pb2.ScoreRequest()
    question.CopyFrom(request)
    question.ClearField("features")
    question.ClearField("customers")
    question.ClearField("accounts")
    return Reading(_written(question), subjects, body)


def read(raw: bytes, *, streamed: bool) -> Reading | None:
    """The request as segmentd reads it, None if it refuses it."""
    try:
        parts = split_request(raw, streamed=streamed)
        question = scoring_service_pb2.ScoreRequest.FromString(parts.question)
        return Reading(_written(question), parts.subjects, _body(parts))
    except (MalformedRequestError, DecodeError):
        return None


def _official_subjects(request: scoring_service_pb2.ScoreRequest) -> tuple[Subjects, bytes | BatchReading]:
    match request.WhichOneof("subjects"), request.features.WhichOneof("form"):
        case "customers", _:
            return Subjects.CUSTOMERS, _written(request.customers)
        case "accounts", _:
            return Subjects.ACCOUNTS, _written(request.accounts)
        case "features", "columns":
            return Subjects.COLUMNS, _written(request.features.columns)
        case "features", "vectors":
            return Subjects.VECTORS, _official_batch(request.features.vectors)
        case "features", "arrow":
            return Subjects.ARROW, request.features.arrow
        case "features", _:
            return Subjects.NO_FORM, b""
    return Subjects.NOBODY, b""


def _official_batch(batch: feature_batch_pb2.VectorBatch) -> BatchReading:
    return BatchReading(
        tuple(batch.attributes),
        tuple(batch.ids),
        tuple(_official_vector(vector, len(batch.attributes)) for vector in batch.vectors),
        max((len(vector.nulls) for vector in batch.vectors), default=0),
        any(any(vector.nulls) for vector in batch.vectors),
    )


def _official_vector(vector: feature_batch_pb2.FeatureVector, attributes: int) -> VectorReading:
    doubles = tuple(struct.pack("<d", value) for value in vector.doubles)
    lists = tuple(tuple(each.values) for each in vector.lists)
    values = (doubles, tuple(vector.integers), tuple(vector.bools), tuple(vector.strings), lists)
    bits = int.from_bytes(vector.nulls, "little")
    return VectorReading(values, tuple(index for index in range(attributes) if bits >> index & 1))


def _body(parts: RequestParts) -> bytes | BatchReading:
    match parts.subjects:
        case Subjects.COLUMNS:
            return _written(feature_batch_pb2.ColumnBatch.FromString(bytes(parts.body)))
        case Subjects.CUSTOMERS:
            return _written(scoring_service_pb2.ResidentCustomers.FromString(bytes(parts.body)))
        case Subjects.ACCOUNTS:
            return _written(scoring_service_pb2.ResidentAccounts.FromString(bytes(parts.body)))
    return bytes(parts.body) if parts.vectors is None else _batch(parts.vectors)


def _batch(given: Vectors) -> BatchReading:
    return BatchReading(
        tuple(read_attributes(given, given.attribute_count).to_pylist()),
        tuple(read_ids(given).to_pylist()),
        tuple(vector for even in _even_parts(given) for vector in _read_vectors(even)),
        given.most_nulls,
        given.has_nulls,
    )


def _even_parts(given: Vectors) -> list[Vectors]:
    """All vectors if they have the same slots, or else each of them as a batch of its own."""
    if given.is_even(given.most, given.most_nulls):
        return [given]
    message = given.message
    values = list_values(message, VECTORS, given.row_count)
    ends = [message.at, *(values.starts + values.sizes).tolist()]
    return [
        replace(survey_vectors(Bytes(message.data, start, end, message.depth)), attribute_count=given.attribute_count)
        for start, end in pairwise(ends)
    ]


def _read_vectors(given: Vectors) -> list[VectorReading]:
    columns, rows, data = read_columns(given), given.row_count, given.message.data
    doubles = [[struct.pack("<d", value) for value in column.tolist()] for column in columns.doubles]
    bools = [unpack(plane, rows).tolist() for plane in columns.bools]
    strings = [join_texts(data, columns.strings[place]).to_pylist() for place in range(given.most[3])]
    lists = [_lists(*read_lists(data, columns.lists[place])) for place in range(given.most[4])]
    fields = (doubles, columns.integers.tolist(), bools, strings, lists)
    absent = [unpack(plane, rows).tolist() for plane in columns.absent]
    return [
        VectorReading(
            tuple(tuple(place[row] for place in field) for field in fields),
            tuple(index for index, plane in enumerate(absent) if plane[row]),
        )
        for row in range(rows)
    ]


def _lists(lengths: Any, elements: Any) -> list[tuple[str, ...]]:
    texts, ends = elements.to_pylist(), lengths.cumsum().tolist()
    return [tuple(texts[end - length : end]) for end, length in zip(ends, lengths.tolist(), strict=True)]


def _written(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)
