"""What a request repeats is counted before it is copied out of its message."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from segmentd.api.errors import InvalidFieldError
from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.api.v1 import scoring_service_pb2, subject_pb2
from segmentd.columns.build import RowLimit
from segmentd.columns.column import Batch
from segmentd.columns.errors import ColumnError
from segmentd.columns.messages import decode_columns
from segmentd.engine.requests.message import whole_message
from segmentd.engine.requests.vectors import read_sample, survey_vectors
from segmentd.errors import ErrorReason
from segmentd.schema import BOOL, LIST, STRING, AttributeSpec, Schema, Subject
from segmentd.scoring.batch_vectors import decode_vectors
from segmentd.scoring.requests import evaluation_question, score_question

SCHEMA = Schema(
    Subject.CUSTOMER,
    (
        AttributeSpec("active", BOOL),
        AttributeSpec("city", STRING),
        AttributeSpec("tags", LIST),
        *(AttributeSpec(f"f{index}", BOOL) for index in range(4_096)),
    ),
)
LIMIT = RowLimit(1_000)
ROWS = 200_000


@pytest.fixture(scope="module", autouse=True)
def kernels() -> None:
    """Loading machine code allocates too: it is done before anything is measured."""
    read_sample()


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """The most bytes that Python has allocated during the test so far."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def refusal(message: pb.ColumnBatch | bytes, limit: RowLimit = LIMIT) -> ColumnError:
    """The error that a batch is refused with."""
    with pytest.raises(ColumnError) as caught:
        decode(message, limit)
    return caught.value


def decode(message: pb.ColumnBatch | bytes, limit: RowLimit) -> Batch:
    """The batch of a ColumnBatch, or of the bytes of a VectorBatch."""
    if isinstance(message, bytes):
        return decode_vectors(survey_vectors(whole_message(message)), SCHEMA, limit, "vectors")
    return decode_columns(message, SCHEMA, limit, "columns")


@pytest.mark.parametrize(
    "message",
    [
        pb.VectorBatch(attributes=["active"], vectors=[pb.FeatureVector()] * ROWS).SerializeToString(),
        pb.ColumnBatch(columns=[pb.Column(attribute="active", bools=pb.BoolValues(values=[True] * ROWS))]),
        pb.ColumnBatch(columns=[pb.Column(attribute="city", strings=pb.StringValues(values=["x"] * ROWS))]),
        pb.ColumnBatch(columns=[pb.Column(attribute="city", dictionary=pb.DictionaryValues(codes=[0] * ROWS))]),
        pb.ColumnBatch(columns=[pb.Column(attribute="tags", lists=pb.StringListValues(lengths=[0] * ROWS))]),
    ],
    ids=["vectors", "bools", "strings", "codes", "lists"],
)
def test_rows_are_counted_before_they_are_read(message: pb.ColumnBatch | bytes, peak: Callable[[], int]) -> None:
    """Too many rows are refused without an object or an array of them, whatever form they have."""
    error = refusal(message)
    assert (error.reason, error.metadata["rows"]) == (ErrorReason.TOO_MANY_ROWS, str(ROWS))
    assert peak() < ROWS


def test_columns_are_named_before_all_of_them_are_read(peak: Callable[[], int]) -> None:
    """Of many columns of one name the second is refused; the others are not looked at."""
    message = pb.ColumnBatch(columns=[pb.Column(attribute="active")] * ROWS)
    tracemalloc.reset_peak()
    error = refusal(message)
    assert error.reason is ErrorReason.DUPLICATE_COLUMN
    assert peak() < ROWS


def test_slots_are_counted_before_missing_values_are_unpacked(peak: Callable[[], int]) -> None:
    """Empty vectors that only have a bit for a missing value cost no byte an attribute."""
    names = [f"f{index}" for index in range(4_096)]
    message = pb.VectorBatch(attributes=names, vectors=[pb.FeatureVector(nulls=b"\x01")] * 1_000)
    error = refusal(message.SerializeToString())
    assert (error.reason, error.metadata["slot"]) == (ErrorReason.RAGGED_COLUMNS, "bools")
    assert peak() < 4_000_000


def test_vectors_times_attributes_are_bounded() -> None:
    """More values than the largest request has bytes are too many rows; the error says how many would do."""
    names = [f"f{index}" for index in range(4_096)]
    message = pb.VectorBatch(attributes=names, vectors=[pb.FeatureVector()] * 10_000)
    error = refusal(message.SerializeToString(), RowLimit(1 << 20))
    assert (error.reason, error.metadata["limit"]) == (ErrorReason.TOO_MANY_ROWS, "8192")


@pytest.mark.parametrize("field", ["segments", "computed_attributes"])
def test_names_are_counted_before_they_are_read(field: str, peak: Callable[[], int]) -> None:
    """A request that names too many segments or attributes is refused without an object a name."""
    request = scoring_service_pb2.ScoreRequest(parent="ledgers/main", subject=subject_pb2.SUBJECT_CUSTOMER)
    getattr(request, field).extend(["x"] * ROWS)
    tracemalloc.reset_peak()
    with pytest.raises(InvalidFieldError, match=f"{ROWS} entries"):
        score_question(request)
    assert peak() < ROWS


def test_segments_to_evaluate_are_counted_too() -> None:
    """EvaluateSegments has the same limit."""
    request = scoring_service_pb2.EvaluateSegmentsRequest(parent="ledgers/main", segments=["x"] * 4_097)
    with pytest.raises(InvalidFieldError, match="4097 entries"):
        evaluation_question(request)
