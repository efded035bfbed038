"""100 segments through the Python client, loopback gRPC and a server in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.contenders.contender import Planes
from benchmarks.dialects.arrays import count_members, holds
from benchmarks.population import Values
from benchmarks.scenario import Scenario
from segmentd.client import Client, EvaluationResult, Form, ScoreResult, SegmentdCallError

BATCH_ROWS = 65_536
BATCHES = 8
"""Batches of one stream."""


@pytest.mark.benchmark(group="rpc")
def test_score_one_row(benchmark: BenchmarkFixture, client: Client, scenario: Scenario) -> None:
    """Score: one customer, all segments."""
    columns = scenario.populate(1)
    _check_scores(client.score(columns), scenario, columns)
    benchmark(client.score, columns)


@pytest.mark.benchmark(group="rpc")
@pytest.mark.parametrize("form", [Form.COUNTS, Form.PLANES])
def test_score_65536_rows(benchmark: BenchmarkFixture, client: Client, scenario: Scenario, form: Form) -> None:
    """Score: a batch of ten columns, all segments."""
    columns = scenario.populate(BATCH_ROWS)
    _check_scores(client.score(columns, form=Form.PLANES), scenario, columns)
    _check_counts(client.score(columns, form=form), scenario, columns)
    benchmark(client.score, columns, form=form)


@pytest.mark.benchmark(group="rpc")
def test_stream_8_batches_of_65536_rows(benchmark: BenchmarkFixture, client: Client, scenario: Scenario) -> None:
    """StreamScores: the same batch again and again on one stream, planes."""
    columns = scenario.populate(BATCH_ROWS)

    def stream() -> list[ScoreResult | SegmentdCallError]:
        return list(client.stream_scores([columns] * BATCHES, form=Form.PLANES))

    answers = stream()
    assert len(answers) == BATCHES
    for answer in answers:
        assert isinstance(answer, ScoreResult), answer
        _check_scores(answer, scenario, columns)
    benchmark(stream)


@pytest.mark.benchmark(group="rpc")
@pytest.mark.parametrize("form", [Form.COUNTS, Form.PLANES])
def test_evaluate_population(
    benchmark: BenchmarkFixture, client: Client, scenario: Scenario, expected: Planes, form: Form
) -> None:
    """EvaluateSegments: the whole resident population, read to the end."""
    _check_evaluation(client.evaluate(form=Form.PLANES), scenario, expected)
    found = client.evaluate(form=form)
    assert [count.members for count in found.counts.values()] == count_members(expected).tolist()
    benchmark(client.evaluate, form=form)


def _check_counts(answer: ScoreResult, scenario: Scenario, columns: Mapping[str, Values]) -> None:
    for segment in scenario.segments:
        count = answer.counts[segment.id]
        assert (count.members, count.unknown) == (int(holds(segment.rule, columns).sum()), 0), segment.id


def _check_scores(answer: ScoreResult, scenario: Scenario, columns: Mapping[str, Values]) -> None:
    _check_counts(answer, scenario, columns)
    for segment in scenario.segments:
        np.testing.assert_array_equal(answer.members(segment.id), holds(segment.rule, columns))


def _check_evaluation(found: EvaluationResult, scenario: Scenario, expected: Planes) -> None:
    assert list(found.counts) == [segment.id for segment in scenario.segments]
    for segment, plane in zip(scenario.segments, expected, strict=True):
        bits = np.unpackbits(plane.view(np.uint8), count=found.rows, bitorder="little").view(np.bool_)
        np.testing.assert_array_equal(found.members(segment.id), bits)
