"""Requests with a message a row, from their bytes to columns: 65,536 vectors of 8 values, or records, one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from pytest_benchmark.fixture import BenchmarkFixture

from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.api.v1 import ledger_service_pb2, record_pb2, scoring_service_pb2
from segmentd.columns.column import Batch, BoolColumn, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import unpack
from segmentd.engine import warm
from segmentd.facts.records import RecordBatch
from segmentd.facts.writing.requests import decode_request
from segmentd.ledger.model import Ledger
from segmentd.ledger.vocabulary import Vocabulary, build_vocabulary
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


def _transaction(place: int, number: int) -> record_pb2.Transaction:
    return record_pb2.Transaction(
        id=f"transaction-{place}",
        account=f"account-{number % 3_000}",
        booking_time=Timestamp(seconds=1_700_000_000 + number),
        amount_minor=number,
        counterparty=f"shop {number % 1_000}",
        purpose=f"purchase {number % 5_000}",
    )


def _balance(place: int, number: int) -> record_pb2.BalanceSnapshot:
    time = Timestamp(seconds=1_700_000_000 + place)
    return record_pb2.BalanceSnapshot(
        id=f"balance-{place}", account=f"account-{number % 3_000}", time=time, amount_minor=number
    )


def _engagement(place: int, number: int) -> record_pb2.Engagement:
    return record_pb2.Engagement(
        id=f"visit-{place}",
        customer=f"customer-{number % 3_000}",
        time=Timestamp(seconds=1_700_000_000 + place),
        channel="WEB",
        duration_s=number,
    )


RECORDS: Final[Mapping[str, Callable[[int, int], Any]]] = {
    "transaction": _transaction,
    "balance": _balance,
    "engagement": _engagement,
}
"""A message of a kind of record, by its place and a number."""


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


@pytest.mark.benchmark(group="decoding, records as messages")
@pytest.mark.parametrize("rows", [1_000, ROWS])
@pytest.mark.parametrize("kind", RECORDS)
def test_decode_records(benchmark: BenchmarkFixture, kind: str, rows: int) -> None:
    """The records have the ids and numbers that the messages were made of; `records_per_s` says how fast."""
    numbers = np.random.default_rng(0).integers(0, 100_000, rows).tolist()
    messages = [RECORDS[kind](place, number) for place, number in enumerate(numbers)]
    batch = record_pb2.RecordBatch(
        kind=record_pb2.RecordKind.Value(f"RECORD_KIND_{kind.upper()}"),
        rows=record_pb2.RecordRows(**{f"{kind}s": messages}),
    )
    raw = ledger_service_pb2.WriteRecordsRequest(parent="ledgers/main", batch=batch).SerializeToString()
    ledger = Ledgers()

    def decode() -> Batch:
        return decode_request(raw, "", ledger, ledger).batch.records

    decoded = decode()
    assert decoded.ids is not None
    assert decoded.ids.to_pylist() == [message.id for message in messages]
    measured = decoded.columns["duration_s" if kind == "engagement" else "amount"]
    assert isinstance(measured, FixedColumn)
    assert measured.values.tolist() == numbers
    benchmark(decode)
    benchmark.extra_info["bytes_per_record"] = len(raw) / rows
    if benchmark.stats is not None:
        benchmark.extra_info["records_per_s"] = rows / benchmark.stats.stats.median


class Ledgers:
    """One ledger in euros, without attributes and rules."""

    def __init__(self) -> None:
        then = datetime(2026, 1, 1, tzinfo=UTC)
        self._vocabulary = build_vocabulary(Ledger("main", "", "EUR", "Europe/Prague", then, then, "e"), [])

    def vocabulary(self, _ledger_id: str) -> Vocabulary:
        """The ledger's."""
        return self._vocabulary

    def edition(self, _ledger_name: str) -> str:
        """No rules."""
        return ""

    def categorize(self, batch: RecordBatch, _ledger: Ledger, _cancelled: object = None) -> RecordBatch:
        """As it is."""
        return batch


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
