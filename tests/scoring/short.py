"""Two servicers over the same definitions: one that keeps what it learns of short requests, and one that never does."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from google.rpc import status_pb2
from hypothesis import strategies as st

from segmentd.api.surroundings import Surroundings
from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.api.v1 import membership_pb2, scoring_service_pb2
from segmentd.engine import Engine
from segmentd.errors import SegmentdError
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.population import Populations
from segmentd.schema import BOOL, DATE, DOUBLE, INT64, STRING, TIMESTAMP, AttributeSpec, DataType, Kind, Subject
from segmentd.scoring.model import Answer, Plan
from segmentd.scoring.service import Scoring
from segmentd.scoring.servicer import ScoringServicer
from segmentd.scoring.short_scores import ShortScores
from segmentd.scoring.workers import Workers
from segmentd.segments.catalogue import Catalogue, Catalogues, build_catalogue
from segmentd.segments.model import Benefit, Segment, State

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NOW_US = 1_767_225_600_000_001
LEDGER = Ledger("main", "", "EUR", "UTC", NOW, NOW, "e")
SPECS = (
    AttributeSpec("income", DOUBLE),
    AttributeSpec("age", INT64, required=True),
    AttributeSpec("balance", DataType(Kind.DECIMAL, scale=2, currency="EUR")),
    AttributeSpec("active", BOOL),
    AttributeSpec("seen", TIMESTAMP),
    AttributeSpec("born", DATE),
    AttributeSpec("city", STRING),
    AttributeSpec("unread", INT64, required=True),
)
EXPRESSIONS = {
    "affluent": "customer.income >= 3000.0 && customer.balance > 10.00",
    "adult": "customer.age >= 18",
    "young": "customer.age < 30 || customer.age == 77",
    "active": "customer.active",
    "recent": 'customer.seen > timestamp("2025-06-01T00:00:00Z")',
    "known": "has(customer.income) && !customer.active",
    "both": '"adult" in customer.segments && !("affluent" in customer.segments)',
    "poor": "!(customer.income < 100.0) == false || customer.balance <= -5.00",
    "everybody": "true",
    "retired": "customer.age > 65",
}
INACTIVE = "retired"
FORMS = membership_pb2.MembershipForm


LOUNGE = Benefit("lounge", "Lounge", "Free entry")


def catalogue(version: int = 1, adult_age: int = 18, benefits: tuple[Benefit, ...] = (LOUNGE,)) -> Catalogue:
    """The definitions; of each version another object. `benefits` are those of "affluent"."""
    attributes = [Attribute(Subject.CUSTOMER, spec, "", "", None, NOW, NOW, "e") for spec in SPECS]
    expressions = EXPRESSIONS | {"adult": f"customer.age >= {adult_age}"}
    segments = [
        Segment(
            name,
            "",
            "",
            Subject.CUSTOMER,
            expression,
            benefits if name == "affluent" else (),
            {},
            State.INACTIVE if name == INACTIVE else State.ACTIVE,
            NOW,
            NOW,
            "e",
        )
        for name, expression in expressions.items()
    ]
    return build_catalogue(replace(LEDGER, catalogue_version=version), attributes, segments)


class _Forgetful(ShortScores):
    """Learns nothing."""

    def learn(self, shape: bytes, request: bytes, plan: Plan, answer: Answer) -> None:
        """Do not."""


_CONTEXT: Any = SimpleNamespace(time_remaining=lambda: None)


def _explain(error: Exception) -> status_pb2.Status:
    raise error


@dataclass
class Pair:
    """The two servicers; `answered_short` counts the answers that the first one gave in one go."""

    engine: Engine
    workers: Workers
    _loop: asyncio.Runner
    catalogues: Catalogues
    answered_short: int = 0
    rows: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        scoring = Scoring(self.engine, self.catalogues, Populations(), clock=lambda: NOW_US)
        surroundings = Surroundings(_explain, lambda _: None, self.rows.append)
        self.learning, self.forgetful = (ScoringServicer(scoring, self.workers, surroundings) for _ in range(2))
        self.forgetful._short = _Forgetful(scoring)
        answer = self.learning._short.answer

        def counted(shape: bytes) -> tuple[bytes, int] | None:
            found = answer(shape)
            self.answered_short += found is not None
            return found

        self.learning._short.answer = counted  # type: ignore[method-assign]

    def outcome(self, servicer: ScoringServicer, request: bytes) -> object:
        """The answer's bytes and rows, or what the caller is told instead."""
        self.rows.clear()
        try:
            return self._loop.run(servicer.Score(request, _CONTEXT)), tuple(self.rows)
        except SegmentdError as error:
            return error.reason, error.message, error.fields, dict(error.metadata)

    def stream(self, requests: Sequence[bytes]) -> list[scoring_service_pb2.StreamScoresResponse]:
        """What the first servicer answers on a stream to these ScoreRequests."""

        async def given() -> AsyncIterator[bytes]:
            for request in requests:
                parsed = scoring_service_pb2.ScoreRequest.FromString(request)
                yield scoring_service_pb2.StreamScoresRequest(request=parsed).SerializeToString()

        async def taken() -> list[bytes]:
            return [answer async for answer in self.learning.StreamScores(given(), _CONTEXT)]

        return [scoring_service_pb2.StreamScoresResponse.FromString(each) for each in self._loop.run(taken())]

    def teach(self, request: bytes) -> None:
        """Have the first servicer answer so often that it knows the request's shape."""
        for _ in range(2):
            self.outcome(self.learning, request)


def columns_batch(values: Mapping[str, Sequence[Any]], missing: frozenset[int], style: int) -> pb.FeatureBatch:
    """A batch with a column an attribute; `style` chooses among the fields that fit."""
    batch = pb.ColumnBatch()
    for name, given in values.items():
        column = batch.columns.add(attribute=name)
        _COLUMNS[name][style % len(_COLUMNS[name])](column, given)
        if missing and name not in ("age", "unread"):
            bits = sum(1 << row for row in range(len(given)) if row not in missing)
            column.validity = bits.to_bytes(-(-len(given) // 8), "little")
    return pb.FeatureBatch(columns=batch)


def _raw(element: int, code: str) -> Any:
    import struct  # noqa: PLC0415

    def add(column: pb.Column, values: Sequence[Any]) -> None:
        column.raw.type = element  # type: ignore[assignment]
        column.raw.data = struct.pack(f"<{len(values)}{code}", *values)

    return add


def _bits(column: pb.Column, values: Sequence[Any]) -> None:
    column.raw.type = pb.RawValues.ELEMENT_TYPE_BIT
    bits = sum(1 << row for row, value in enumerate(values) if value)
    column.raw.data = bits.to_bytes(-(-len(values) // 8), "little")


_INTEGERS = (
    lambda column, values: column.integers.values.extend(values),
    _raw(pb.RawValues.ELEMENT_TYPE_INT64, "q"),
)
_SMALL = (
    *_INTEGERS,
    _raw(pb.RawValues.ELEMENT_TYPE_INT32, "i"),
    _raw(pb.RawValues.ELEMENT_TYPE_INT16, "h"),
    _raw(pb.RawValues.ELEMENT_TYPE_INT8, "b"),
)
_COLUMNS: dict[str, tuple[Any, ...]] = {
    "income": (
        lambda column, values: column.doubles.values.extend(values),
        lambda column, values: column.floats.values.extend(values),
        _raw(pb.RawValues.ELEMENT_TYPE_FLOAT64, "d"),
        _raw(pb.RawValues.ELEMENT_TYPE_FLOAT32, "f"),
    ),
    "age": _SMALL,
    "balance": (*_INTEGERS, lambda column, values: column.doubles.values.extend(value / 100 for value in values)),
    "active": (
        lambda column, values: column.bools.values.extend(map(bool, values)),
        _bits,
        _raw(pb.RawValues.ELEMENT_TYPE_INT8, "b"),
    ),
    "seen": _INTEGERS,
    "unread": _SMALL,
}


def vectors_batch(values: Mapping[str, Sequence[Any]], missing: frozenset[int]) -> pb.FeatureBatch:
    """The same values, a message a row."""
    batch = pb.VectorBatch(attributes=list(values))
    for row in range(len(next(iter(values.values())))):
        vector = batch.vectors.add()
        nulls = 0
        for index, (name, given) in enumerate(values.items()):
            _vector_field(vector, name).append(given[row])
            if row in missing and name not in ("age", "unread"):
                nulls |= 1 << index
        vector.nulls = nulls.to_bytes(2, "little").rstrip(b"\0")
    return pb.FeatureBatch(vectors=batch)


def _vector_field(vector: pb.FeatureVector, name: str) -> Any:
    if name == "income":
        return vector.doubles
    return vector.bools if name == "active" else vector.integers


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "income": st.sampled_from([-1.0, 0.0, -0.0, 99.5, 100.0, 3_000.0, 2_999.5, float("inf"), float("nan")]),
    "age": st.sampled_from([-1, 0, 17, 18, 29, 30, 77, 127, -128]),
    "balance": st.sampled_from([-501, -500, -499, 0, 1_000, 1_001, 2**40]),
    "active": st.sampled_from([0, 1]),
    "seen": st.sampled_from([0, -1, 1_748_736_000_000_000, 1_748_736_000_000_001, 1_767_225_600_000_000]),
    "unread": st.sampled_from([0, 5]),
}


@st.composite
def batches(draw: st.DrawFn, names: Sequence[str], rows: int, style: int) -> pb.FeatureBatch:
    """A batch of these columns and rows. `style` -1: as vectors."""
    values = {name: draw(st.lists(_VALUES[name], min_size=rows, max_size=rows)) for name in names}
    missing = draw(st.frozensets(st.integers(0, rows - 1), max_size=rows))
    return vectors_batch(values, missing) if style < 0 else columns_batch(values, missing, style)


@st.composite
def alike(draw: st.DrawFn) -> tuple[scoring_service_pb2.ScoreRequest, ...]:
    """Three requests that ask the same of as many rows, with the same columns."""
    others = draw(st.lists(st.sampled_from(sorted(_VALUES.keys() - {"age"})), unique=True))
    names = draw(st.permutations(["age", *others]))
    rows = draw(st.sampled_from([1, 1, 1, 2, 7, 8, 9, 63, 64]))
    style = draw(st.integers(-1, 4))
    asked = draw(st.lists(st.sampled_from(sorted(EXPRESSIONS)), unique=True))
    form = draw(st.sampled_from(FORMS.values()))
    benefits = draw(st.booleans())
    moments = draw(st.sampled_from([None, (0, 1, 1_767_225_600), (-1, 5, 253_402_300_799)]))
    requests = []
    for index in range(3):
        request = scoring_service_pb2.ScoreRequest(
            parent="ledgers/main", segments=asked, form=form, include_benefits=benefits
        )
        request.features.CopyFrom(draw(batches(names, rows, style)))
        if moments is not None:
            request.now.seconds, request.now.nanos = moments[index], index * 1_001
        requests.append(request)
    return tuple(requests)
