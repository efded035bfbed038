"""A request's question and subjects are told apart without being parsed."""

from __future__ import annotations

import pytest

from segmentd.api.errors import MalformedRequestError
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.scoring.request_parts import RequestParts, Subjects, split_request

AGES = features.ColumnBatch(columns=[features.Column(attribute="age", integers=features.IntegerValues(values=[1, 2]))])
VECTORS = features.VectorBatch(attributes=["age"], vectors=[features.FeatureVector(integers=[7])])
QUESTION = scoring.ScoreRequest(parent="ledgers/main", segments=["premium", "gold"], include_benefits=True)


def asking(**subjects: object) -> scoring.ScoreRequest:
    """The question about some subjects."""
    request = scoring.ScoreRequest(**subjects)  # type: ignore[arg-type]
    request.MergeFrom(QUESTION)
    return request


def sized(data: bytes) -> bytes:
    """The data after their length, in three bytes."""
    return bytes([len(data) & 0x7F | 0x80, len(data) >> 7 & 0x7F | 0x80, len(data) >> 14]) + data


ASKED: list[tuple[scoring.ScoreRequest, Subjects, bytes]] = [
    (asking(), Subjects.NOBODY, b""),
    (asking(features=features.FeatureBatch()), Subjects.NO_FORM, b""),
    (asking(features=features.FeatureBatch(columns=AGES)), Subjects.COLUMNS, AGES.SerializeToString()),
    (asking(features=features.FeatureBatch(vectors=VECTORS)), Subjects.VECTORS, VECTORS.SerializeToString()),
    (asking(features=features.FeatureBatch(arrow=b"ARROW1")), Subjects.ARROW, b"ARROW1"),
    (asking(customers=scoring.ResidentCustomers(ids=["a"])), Subjects.CUSTOMERS, b"\x0a\x01a"),
    (asking(accounts=scoring.ResidentAccounts(ids=["a"])), Subjects.ACCOUNTS, b"\x0a\x01a"),
]


def both_ways(request: scoring.ScoreRequest) -> list[RequestParts]:
    """The parts of a request alone and of one in a stream."""
    streamed = scoring.StreamScoresRequest(request=request)
    return [
        split_request(request.SerializeToString(), streamed=False),
        split_request(streamed.SerializeToString(), streamed=True),
    ]


@pytest.mark.parametrize(("request_", "subjects", "body"), ASKED, ids=[row[1].name for row in ASKED])
def test_every_kind_of_subjects_is_found(request_: scoring.ScoreRequest, subjects: Subjects, body: bytes) -> None:
    """The kind, its bytes, and the same question each time, in a stream or not."""
    for parts in both_ways(request_):
        assert (parts.subjects, bytes(parts.body), bytes(parts.body.view())) == (subjects, body, body)
        assert parts.question == QUESTION.SerializeToString()
        assert parts.parse_question() == QUESTION


def test_columns_are_counted() -> None:
    """Of a ColumnBatch its columns, whatever lies between them, and of nothing else; broken fields are found."""
    column = AGES.SerializeToString()
    for columns in (0, 1, 2, 300):
        body = b"\x18\x02" + (column + b"\x7b\x0a\x00\x7c\x78\x01") * columns
        request = b"\x12" + sized(b"\x0a" + sized(body))
        assert split_request(request, streamed=False).columns == columns
        assert split_request(b"\x0a" + sized(request), streamed=True).columns == columns
        assert len(features.ColumnBatch.FromString(body).columns) == columns
        with pytest.raises(MalformedRequestError):
            split_request(b"\x12" + sized(b"\x0a" + sized(body + b"\x0a\x05")), streamed=False)
    assert split_request(b"\x12" + sized(b"\x12" + sized(VECTORS.SerializeToString())), streamed=False).columns == 0


def test_the_subjects_may_stand_anywhere() -> None:
    """Fields before and after the subjects are the question, in their order."""
    before, after = b"\x0a\x0cledgers/main", b"\x22\x04gold"
    body = asking(customers=scoring.ResidentCustomers(ids=["x"])).SerializeToString()
    body = body[body.index(b"\x1a") :][:5]
    assert split_request(before + body + after, streamed=False).question == before + after


def test_an_empty_request_asks_nothing_of_nobody() -> None:
    """No bytes are a request without any field; so is a streamed one that holds no request."""
    for streamed in (False, True):
        parts = split_request(b"", streamed=streamed)
        assert (parts.question, parts.subjects) == (b"", Subjects.NOBODY)


def test_what_comes_twice_is_merged_as_protobuf_does() -> None:
    """Features twice are merged, the last form wins, and customers after features drop them."""
    columns = scoring.ScoreRequest(features=features.FeatureBatch(columns=AGES)).SerializeToString()
    vectors = scoring.ScoreRequest(features=features.FeatureBatch(vectors=VECTORS)).SerializeToString()
    customers = scoring.ScoreRequest(customers=scoring.ResidentCustomers(ids=["a"])).SerializeToString()
    twice = split_request(columns + columns, streamed=False)
    assert twice.parse_body(features.ColumnBatch).columns == [AGES.columns[0]] * 2
    assert split_request(columns + vectors, streamed=False).subjects is Subjects.VECTORS
    assert split_request(columns + customers, streamed=False).subjects is Subjects.CUSTOMERS
    assert split_request(customers + vectors, streamed=False).vectors is not None
    accounts = scoring.ScoreRequest(accounts=scoring.ResidentAccounts(ids=["a"])).SerializeToString()
    assert split_request(accounts + customers, streamed=False).subjects is Subjects.CUSTOMERS
    assert split_request(customers + accounts, streamed=False).subjects is Subjects.ACCOUNTS
    streamed = scoring.StreamScoresRequest(request=QUESTION).SerializeToString()
    merged = split_request(streamed + b"\x0a" + bytes([len(vectors)]) + vectors, streamed=True)
    assert (merged.subjects, merged.parse_question()) == (Subjects.VECTORS, QUESTION)


def parse_all(raw: bytes, *, streamed: bool) -> None:
    """Parse both parts of a request about columns."""
    parts = split_request(raw, streamed=streamed)
    parts.parse_question()
    parts.parse_body(features.ColumnBatch)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "score",
    [
        b"\xff",
        b"\x12\x05",
        b"\x12\x02\x12\x05",
        b"\x12\x04\x12\x02\x12\x05",
        b"\x0f",
        b"\x0a\x01\xff",
        b"\x12\x04\x0a\x02\x0a\x05",
    ],
    ids=["tag", "features", "form", "vector", "wire type", "text of the question", "columns"],
)
def test_a_request_that_is_none_is_said_to_be_no_such_request(score: bytes, *, streamed: bool) -> None:
    """Wherever the damage is, the error names the type of the whole request."""
    raw = b"\x0a" + bytes([len(score)]) + score if streamed else score
    with pytest.raises(MalformedRequestError) as refused:
        parse_all(raw, streamed=streamed)
    expected = "StreamScoresRequest" if streamed else "ScoreRequest"
    assert refused.value.metadata["message"] == f"segmentd.api.v1.{expected}"
