"""Short requests whose fields stand as no serializer writes them are answered as the long way answers them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.engine import Engine
from segmentd.scoring.workers import Workers
from segmentd.segments.catalogue import Catalogues
from tests.scoring.rewritten import Field, fields_of, rewrite
from tests.scoring.short import Pair, alike, catalogue

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


@settings(max_examples=60)
@given(requests=alike(), seeds=st.lists(st.integers(0, 2**32), min_size=12, max_size=12, unique=True))
def test_the_order_of_fields_makes_no_difference(
    threads: Threads, requests: tuple[pb.ScoreRequest, ...], seeds: list[int]
) -> None:
    """Fields shuffled, between each other, twice or in parts: 2,160 requests, each asked three times."""
    pair = Pair(*threads, Catalogues([catalogue()]))
    written = [each.SerializeToString() for each in requests]
    for seed in seeds:
        for index, each in enumerate(written):
            asked = rewrite(pb.ScoreRequest.DESCRIPTOR, each, written[index - 1], seed)
            expected = pair.outcome(pair.forgetful, asked)
            for _ in range(3):
                assert pair.outcome(pair.learning, asked) == expected


@pytest.mark.parametrize("is_split", [False, True], ids=["integers-first", "doubles-amid-integers"])
def test_vectors_may_have_their_fields_in_any_order(pair: Pair, *, is_split: bool) -> None:
    """Which value is which attribute's does not depend on what a vector says first."""
    attributes = b"".join(Field(0x0A, name).bytes for name in (b"income", b"age", b"balance"))

    def scored(income: float, age: int) -> bytes:
        vector = features.FeatureVector(doubles=[income], integers=[age, 7])
        doubles, integers = fields_of(vector.SerializeToString())
        given = [integers, doubles]
        if is_split:
            given = [Field(0x12, integers.content[:-1]), doubles, Field(0x12, integers.content[-1:])]
        content = b"".join(field.bytes for field in given)
        batch = Field(0x12, attributes + Field(0x12, content).bytes).bytes
        return Field(0x0A, b"ledgers/main").bytes + Field(0x12, batch).bytes

    for income, age in [(0.0, 40), (9_000.0, 40), (0.0, 17), (9_000.0, 17), (5.0, 77)]:
        asked = scored(income, age)
        assert pair.outcome(pair.learning, asked) == pair.outcome(pair.forgetful, asked)
    assert pair.answered_short == 0
