"""Short requests are answered in one go once their shape is known, with the very bytes of the long way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.engine import Engine
from segmentd.errors import ErrorReason
from segmentd.scoring import responses, short_scores
from segmentd.scoring.memberships import Form
from segmentd.scoring.workers import Workers
from segmentd.segments.catalogue import Catalogues
from segmentd.segments.model import Benefit
from tests.scoring.short import FORMS, Pair, alike, catalogue, columns_batch, vectors_batch

VALUES: dict[str, list[float]] = {"income": [3_000.0], "age": [40], "balance": [1_001], "active": [1]}
SHORT_FORMS = [Form.COUNTS, Form.IDS, Form.LISTS, Form.PLANES]
LONG_FORM = FORMS.MEMBERSHIP_FORM_BITMAPS


Threads = tuple[Engine, Workers, asyncio.Runner]


@pytest.fixture(scope="module")
def threads() -> Iterator[Threads]:
    """Threads and an event loop of the module."""
    workers = Workers(1, 8)
    with Engine(1) as engine, asyncio.Runner() as loop:
        yield engine, workers, loop
    workers.close()


@pytest.fixture
def pair(threads: Threads) -> Pair:
    """Servicers that know no request yet."""
    return Pair(*threads, Catalogues([catalogue()]))


def request(batch: features.FeatureBatch | None = None, **fields: object) -> bytes:
    """A request to score one customer, or the given ones."""
    batch = columns_batch(VALUES, frozenset(), 0) if batch is None else batch
    return pb.ScoreRequest(parent="ledgers/main", features=batch, **fields).SerializeToString()  # type: ignore[arg-type]


def changed(**values: float) -> bytes:
    """The request with other values."""
    return request(columns_batch(VALUES | {name: [value] for name, value in values.items()}, frozenset(), 0))


@settings(max_examples=60)
@given(requests=alike())
def test_answers_are_those_of_the_long_way(threads: Threads, requests: tuple[pb.ScoreRequest, ...]) -> None:
    """A request whose like was asked twice gets the same bytes, or the same error, as one that nobody asked before."""
    pair = Pair(*threads, Catalogues([catalogue()]))
    first, *others = [each.SerializeToString() for each in requests]
    pair.teach(first)
    for other in others:
        assert pair.outcome(pair.learning, other) == pair.outcome(pair.forgetful, other)


@settings(max_examples=100)
@given(data=st.data())
def test_damaged_requests_are_told_what_the_long_way_tells(threads: Threads, data: st.DataObject) -> None:
    """Whatever bytes of a known request are changed, cut or doubled: no answer that the long way would not give."""
    pair = Pair(*threads, Catalogues([catalogue()]))
    known = data.draw(alike())[0].SerializeToString()
    pair.teach(known)
    for _ in range(20):
        damaged = bytearray(known)
        for _ in range(data.draw(st.integers(1, 2))):
            at = data.draw(st.integers(0, len(damaged) - 1))
            match data.draw(st.integers(0, 3)):
                case 0:
                    damaged[at] = data.draw(st.integers(0, 255))
                case 1:
                    del damaged[at : at + data.draw(st.integers(1, 4))]
                case 2:
                    damaged[at:at] = damaged[at : at + data.draw(st.integers(1, 8))]
                case _:
                    damaged[at] ^= 1 << data.draw(st.integers(0, 7))
            if not damaged:
                break
        given_bytes = bytes(damaged)
        assert pair.outcome(pair.learning, given_bytes) == pair.outcome(pair.forgetful, given_bytes)


@pytest.mark.parametrize("form", SHORT_FORMS)
@pytest.mark.parametrize("batch", [columns_batch, vectors_batch])
def test_the_third_request_of_a_shape_is_answered_in_one_go(pair: Pair, form: int, batch: object) -> None:
    """Two are answered the long way; from then on, other values, missing values and moments make no difference."""
    values = VALUES | {"seen": [5]}
    make = vectors_batch if batch is vectors_batch else lambda given, missing: columns_batch(given, missing, 0)
    first = pb.ScoreRequest(parent="ledgers/main", features=make(values, frozenset()), form=form)  # type: ignore[arg-type]
    first.now.seconds = 1
    pair.teach(first.SerializeToString())
    assert pair.answered_short == 0
    other = pb.ScoreRequest(parent="ledgers/main", features=make(values | {"age": [12]}, frozenset()), form=form)  # type: ignore[arg-type]
    other.now.seconds = 2
    answer = pair.outcome(pair.learning, other.SerializeToString())
    assert pair.answered_short == 1
    assert answer == pair.outcome(pair.forgetful, other.SerializeToString())


def test_streams_learn_from_single_scores(pair: Pair) -> None:
    """The request in a stream's message has the shape that it has alone, and its answer the same bytes."""
    pair.teach(request())
    (streamed,) = pair.stream([changed(age=3)])
    assert pair.answered_short == 1
    assert (streamed.response.SerializeToString(), (1,)) == pair.outcome(pair.forgetful, changed(age=3))


def test_a_change_of_the_definitions_is_seen_at_once(pair: Pair) -> None:
    """What was learnt goes with the catalogue it was made with: the next answer is of the new one, and names it."""
    pair.teach(request())
    pair.catalogues.publish(catalogue(version=2, adult_age=99))
    answer = pair.outcome(pair.learning, request())
    assert pair.answered_short == 0
    assert answer == pair.outcome(pair.forgetful, request())
    assert isinstance(answer, tuple)
    response = pb.ScoreResponse.FromString(answer[0])
    assert response.basis.catalogue_version == 2
    assert {each.segment: each.member_count for each in response.memberships.segments}["adult"] == 0
    assert not pair.learning._short._known


@pytest.mark.parametrize(
    "wrong",
    [
        features.Column(attribute="balance", doubles=features.DoubleValues(values=[0.001])),
        features.Column(attribute="balance", doubles=features.DoubleValues(values=[float("nan")])),
        features.Column(attribute="seen", integers=features.IntegerValues(values=[2**62])),
        features.Column(
            attribute="active", raw=features.RawValues(type=features.RawValues.ELEMENT_TYPE_INT8, data=b"\x02")
        ),
    ],
    ids=["part-of-a-cent", "nan", "year-146000", "neither-0-nor-1"],
)
def test_a_value_that_is_not_allowed_is_refused(pair: Pair, wrong: features.Column) -> None:
    """The error names field, row and value, as if the shape had been new."""
    batch = columns_batch({"age": [40]}, frozenset(), 0)
    batch.columns.columns.append(wrong)
    right = features.FeatureBatch.FromString(batch.SerializeToString())
    column = right.columns.columns[1]
    match column.WhichOneof("values"):
        case "doubles":
            column.doubles.values[0] = 0.01
        case "integers":
            column.integers.values[0] = 2**52
        case _:
            column.raw.data = b"\x01"
    pair.teach(request(right))
    pair.outcome(pair.learning, request(right))
    assert pair.answered_short == 1
    outcome = pair.outcome(pair.learning, request(batch))
    assert outcome == pair.outcome(pair.forgetful, request(batch))
    assert isinstance(outcome, tuple)
    assert outcome[0] is ErrorReason.INVALID_VALUE


def test_a_required_value_that_is_missing_is_refused(pair: Pair) -> None:
    """Whether a row has the value is no part of the shape, and is looked at in each request."""
    batch = columns_batch(VALUES, frozenset(), 0)
    batch.columns.columns[1].validity = b"\x01"
    pair.teach(request(batch))
    batch.columns.columns[1].validity = b"\x00"
    outcome = pair.outcome(pair.learning, request(batch))
    assert isinstance(outcome, tuple)
    assert outcome[0] is ErrorReason.REQUIRED_ATTRIBUTE_MISSING
    assert outcome == pair.outcome(pair.forgetful, request(batch))


def test_shapes_are_kept_by_number(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit, the shape that was not asked for the longest is learnt anew."""
    monkeypatch.setattr(short_scores, "MAX_KNOWN", 2)
    monkeypatch.setattr(short_scores, "MAX_SEEN", 1)
    shapes = [request(segments=[name]) for name in ("adult", "young", "active")]
    for each in shapes:
        pair.teach(each)
    short = pair.learning._short
    assert [short.answer(short.scan(each) or b"") is not None for each in shapes] == [False, True, True]
    assert len(short._seen) <= 1


def test_no_more_than_64_kib_of_answers_are_kept_of_a_shape(pair: Pair) -> None:
    """A shape whose answers repeat more than that goes the long way, unless it is asked without its benefits."""
    for version, kib, kept in ((2, 56, 1), (3, 72, 0)):
        benefits = tuple(Benefit(f"b{number}", "", "x" * 4_096) for number in range(kib // 4))
        pair.catalogues.publish(catalogue(version, benefits=benefits))
        for include in (True, False):
            pair.teach(request(include_benefits=include))
            answered = pair.answered_short
            assert pair.outcome(pair.learning, request(include_benefits=include)) == pair.outcome(
                pair.forgetful, request(include_benefits=include)
            )
            assert pair.answered_short == answered + (kept if include else 1)


def test_an_answer_that_is_too_large_is_refused(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests of one shape may have answers of different sizes: the second one is measured as well."""
    few, many = (request(columns_batch({"age": [age] * 64}, frozenset(), 0), form=Form.IDS) for age in (40, 20))
    pair.teach(few)
    size = len(pair.learning._short.answer(pair.learning._short.scan(few) or b"")[0])  # type: ignore[index]
    monkeypatch.setattr(responses, "MAX_RESPONSE_BYTES", size)
    assert pair.outcome(pair.learning, few) == pair.outcome(pair.forgetful, few)
    refused = pair.outcome(pair.learning, many)
    assert isinstance(refused, tuple)
    assert refused[0] is ErrorReason.RESPONSE_TOO_LARGE
    assert refused == pair.outcome(pair.forgetful, many)


@pytest.mark.parametrize("style", range(5), ids=["fields", "raw-64", "raw-32", "raw-16", "raw-8"])
@pytest.mark.parametrize("rows", [1, 9, 64])
def test_raw_columns_of_every_width_are_short(pair: Pair, style: int, rows: int) -> None:
    """Numbers of 1 to 8 bytes and bits are taken out of `raw`, as they are out of packed fields."""
    given, other = (
        request(columns_batch({name: [value[0] - more] * rows for name, value in VALUES.items()}, frozenset(), style))
        for more in (0, 1)
    )
    pair.teach(given)
    assert pair.outcome(pair.learning, other) == pair.outcome(pair.forgetful, other)
    assert pair.answered_short == 1


@pytest.mark.parametrize(
    "long",
    [
        request(form=LONG_FORM),
        request(features.FeatureBatch(arrow=b"x")),
        pb.ScoreRequest(parent="ledgers/main", customers=pb.ResidentCustomers(ids=["a"])).SerializeToString(),
        request(columns_batch({name: values * 65 for name, values in VALUES.items()}, frozenset(), 0)),
        b"",
    ],
    ids=["bitmaps", "arrow", "customers", "many-rows", "nothing"],
)
def test_what_is_not_short_goes_the_long_way(pair: Pair, long: bytes) -> None:
    """However often it is asked."""
    for _ in range(4):
        assert pair.outcome(pair.learning, long) == pair.outcome(pair.forgetful, long)
    assert pair.answered_short == 0
