"""Requests with a message a row, from their bytes to columns: 65,536 vectors of 8 values, one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.api.v1 import scoring_service_pb2
from segmentd.columns.column import Batch, BoolColumn, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import unpack
from segmentd.engine import warm
from segmentd.schema import BOOL, DOUBLE, INT64, LIST, STRING, AttributeSpec, DataType, Schema, Subject
from segmentd.scoring.batches import decode_batch
from segmentd.scoring.request_parts import split_request

ROWS: Final = 65_536
ATTRIBUTES: Final = 8
Rows = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """Rows of one type, and the vector that holds one of them."""

    id: str
    type: DataType
    rows: Callable[[np.random.Generator], Rows]
    vector: Callable[[list[Any]], pb.FeatureVector]


def _integers(low: int, high: int) -> Callable[[np.random.Generator], Rows]:
    return lambda random: random.integers(low, high, (ROWS, ATTRIBUTES)).tolist()


def _texts(random: np.random.Generator) -> Rows:
    return [[f"city {number}" for number in row] for row in random.integers(0, 1_000, (ROWS, ATTRIBUTES)).tolist()]


def _lists(random: np.random.Generator) -> Rows:
    return [[[f"tag {number}"] for number in row] for row in random.integers(0, 30, (ROWS, ATTRIBUTES)).tolist()]


CASES: Final = (
    Case(
        "8 doubles",
        DOUBLE,
        lambda random: random.random((ROWS, ATTRIBUTES)).tolist(),
        lambda row: pb.FeatureVector(doubles=row),
    ),
    Case("8 integers of 1 byte", INT64, _integers(-64, 64), lambda row: pb.FeatureVector(integers=row)),
    Case("8 integers of 1 to 3 bytes", INT64, _integers(0, 100_000), lambda row: pb.FeatureVector(integers=row)),
    Case(
        "8 truth values",
        BOOL,
        lambda random: (random.random((ROWS, ATTRIBUTES)) < 0.5).tolist(),
        lambda row: pb.FeatureVector(bools=row),
    ),
    Case("8 strings, 1,000 distinct", STRING, _texts, lambda row: pb.FeatureVector(strings=row)),
    Case(
        "8 lists of 1 string, 30 distinct",
        LIST,
        _lists,
        lambda row: pb.FeatureVector(lists=[pb.StringList(values=each) for each in row]),
    ),
)


@pytest.fixture(scope="module", autouse=True)
def kernels() -> None:
    """Loaded before anything is timed."""
    warm()


@pytest.mark.benchmark(group=f"decoding, {ROWS:,} vectors")
@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_decode_vectors(benchmark: BenchmarkFixture, case: Case) -> None:
    """The columns have the values that the vectors were made of; `vectors_per_s` says how fast."""
    names = [f"a{index}" for index in range(ATTRIBUTES)]
    schema = Schema(Subject.CUSTOMER, tuple(AttributeSpec(name, case.type) for name in names))
    rows = case.rows(np.random.default_rng(0))
    batch = pb.VectorBatch(attributes=names, vectors=map(case.vector, rows))
    raw = scoring_service_pb2.ScoreRequest(features=pb.FeatureBatch(vectors=batch)).SerializeToString()

    def decode() -> Batch:
        return decode_batch(split_request(raw, streamed=False), schema)

    assert list(_rows(decode().columns)) == rows
    benchmark(decode)
    benchmark.extra_info["bytes_per_vector"] = len(raw) / ROWS
    if benchmark.stats is not None:  # absent where benchmarks only run once, to be checked
        benchmark.extra_info["vectors_per_s"] = ROWS / benchmark.stats.stats.median


def _rows(columns: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    return map(list, zip(*map(_values, columns.values()), strict=True))


def _values(column: object) -> Any:
    match column:
        case FixedColumn():
            return column.values.tolist()
        case BoolColumn():
            return unpack(column.values, ROWS).tolist()
        case TextColumn() | ListColumn():
            return column.dictionary.take(column.codes).to_pylist()
    raise AssertionError(column)
