"""A score of one customer in 100 segments without gRPC: from the request's bytes to the answer's."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.dialects.arrays import holds
from benchmarks.dialects.cel import cel
from benchmarks.scenario import Scenario
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import membership_pb2
from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.engine.short_scores.program import short_program
from segmentd.engine.short_scores.requests import ShortPlan, ShortRequests, Slot, plan_short
from segmentd.ledger.model import Attribute, Ledger
from segmentd.plan import compile_program
from segmentd.schema import AttributeSpec, Subject
from segmentd.segments.catalogue import build_catalogue
from segmentd.segments.model import Segment, State

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.benchmark(group="short scores")
def test_scan_a_request(benchmark: BenchmarkFixture, scenario: Scenario) -> None:
    """The shape of a request of ten columns, and its values."""
    requests, request = ShortRequests(), _request(scenario)
    assert requests.scan(request) == requests.scan(request) is not None
    benchmark(requests.scan, request)


@pytest.mark.benchmark(group="short scores")
def test_answer_a_request(benchmark: BenchmarkFixture, scenario: Scenario) -> None:
    """What is done with a request once it was scanned."""
    requests, plan = ShortRequests(), _plan(scenario)
    requests.scan(_request(scenario))
    answer = requests.answer(plan)
    assert answer is not None
    counts = [each.member_count for each in membership_pb2.Memberships.FromString(answer).segments]
    assert counts == [int(holds(segment.rule, scenario.populate(1)).sum()) for segment in scenario.segments]
    benchmark(requests.answer, plan)


def _request(scenario: Scenario) -> bytes:
    batch = features.ColumnBatch()
    for name, values in scenario.populate(1).items():
        column = batch.columns.add(attribute=name)
        if values.dtype.kind == "f":
            column.doubles.values.extend(values.tolist())
        else:
            column.integers.values.extend(values.astype(np.int64).tolist())
    return pb.ScoreRequest(parent="ledgers/main", features=features.FeatureBatch(columns=batch)).SerializeToString()


def _plan(scenario: Scenario) -> ShortPlan:
    ledger = Ledger("main", "", "EUR", "UTC", NOW, NOW, "e")
    specs = [AttributeSpec(column.id, column.type) for column in scenario.columns]
    attributes = [Attribute(Subject.CUSTOMER, spec, "", "", None, NOW, NOW, "e") for spec in specs]
    segments = [
        Segment(each.id, "", "", Subject.CUSTOMER, cel(each.rule), (), {}, State.ACTIVE, NOW, NOW, "e")
        for each in scenario.segments
    ]
    catalogue = build_catalogue(ledger, attributes, segments)
    names = [segment.id for segment in scenario.segments]
    definitions = catalogue.definitions(Subject.CUSTOMER)
    program = short_program(compile_program(names, [], definitions, catalogue.schemas[Subject.CUSTOMER]))
    assert program is not None
    slots = [Slot(spec.id, place) for place, spec in enumerate(specs)]
    fields = [membership_pb2.SegmentMembership(segment=name).SerializeToString() for name in names]
    plan = plan_short(program, slots, 1, membership_pb2.MEMBERSHIP_FORM_COUNTS, fields)
    assert plan is not None
    return plan
