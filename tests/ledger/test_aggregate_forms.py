"""Aggregates as messages and as documents: nothing is lost on the way there and back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from segmentd.api.v1 import aggregate_pb2 as pb
from segmentd.ledger.aggregate_documents import from_document, to_document
from segmentd.ledger.aggregate_messages import decode_aggregate, encode_aggregate
from segmentd.ledger.aggregates import (
    Aggregate,
    AllTime,
    Between,
    CompleteMonths,
    Function,
    MonthToDate,
    Source,
    TrailingDays,
    TrailingSeconds,
    Window,
)

FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The first and the last moment of the API."""

MOMENTS = st.integers(FIRST_US, LAST_US)
SPANS = st.one_of(
    st.builds(TrailingSeconds, st.integers(1, 3_153_600_000)),
    st.builds(TrailingDays, st.integers(1, 36_500)),
    st.builds(CompleteMonths, st.integers(1, 120)),
    st.just(MonthToDate()),
    st.builds(Between, MOMENTS, MOMENTS),
)
AGGREGATES = st.builds(
    Aggregate,
    source=st.sampled_from(Source),
    function=st.sampled_from(Function),
    measure=st.text(max_size=8),
    filter=st.text(max_size=8),
    account_filter=st.text(max_size=8),
    window=st.one_of(st.just(Window(AllTime())), st.builds(Window, SPANS, st.booleans())),
    percentile_hundredths=st.integers(0, 10_000),
    threshold_minor=st.integers(-(2**63), 2**63 - 1),
    min_count=st.integers(0, 1_000_000),
    roles=st.lists(st.text(max_size=8), max_size=3).map(tuple),
)


@given(AGGREGATES)
def test_messages_keep_everything(aggregate: Aggregate) -> None:
    """Over the wire too."""
    sent = encode_aggregate(aggregate).SerializeToString()
    assert decode_aggregate(pb.Aggregate.FromString(sent)) == aggregate


@given(AGGREGATES)
def test_documents_keep_everything(aggregate: Aggregate) -> None:
    """As the text of JSON too."""
    assert from_document(json.loads(json.dumps(to_document(aggregate)))) == aggregate


def test_the_model_and_the_api_have_the_same_words() -> None:
    """Every source and function of the one is one of the other."""
    sources = {name.removeprefix("AGGREGATE_SOURCE_") for name in pb.AggregateSource.keys()[1:]}
    functions = {name.removeprefix("AGGREGATE_FUNCTION_") for name in pb.AggregateFunction.keys()[1:]}
    assert sources == set(Source)
    assert functions == set(Function)
