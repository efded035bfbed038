"""100 segments over resident columns, without the wire: counts and planes, of few rows and of many."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.contenders.contender import Planes
from benchmarks.dialects.arrays import count_members, expected_planes
from benchmarks.inputs import batch_of, program_of
from benchmarks.population import Values
from benchmarks.scenario import Scenario
from segmentd.columns.column import Batch
from segmentd.engine import Engine
from segmentd.plan import Program


@pytest.fixture(scope="module")
def program(scenario: Scenario) -> Program:
    """One program for all segments."""
    return program_of(scenario)


@pytest.fixture(scope="module")
def batch(scenario: Scenario, columns: Mapping[str, Values]) -> Batch:
    """The whole population."""
    return batch_of(scenario, columns)


@pytest.mark.benchmark(group="evaluation, resident")
@pytest.mark.parametrize("planes", [False, True], ids=["counts", "planes"])
def test_resident(
    benchmark: BenchmarkFixture, engine: Engine, program: Program, batch: Batch, expected: Planes, *, planes: bool
) -> None:
    """The whole population, two threads."""
    _check(engine, program, batch, expected)
    benchmark(engine.evaluate, program, batch, 0, planes=planes)


@pytest.mark.benchmark(group="evaluation, resident")
@pytest.mark.parametrize("planes", [False, True], ids=["counts", "planes"])
def test_resident_one_thread(
    benchmark: BenchmarkFixture, program: Program, batch: Batch, expected: Planes, *, planes: bool
) -> None:
    """The whole population, one thread: twice the time above where threads pay off fully."""
    with Engine(1) as single:
        _check(single, program, batch, expected)
        benchmark(single.evaluate, program, batch, 0, planes=planes)


@pytest.mark.benchmark(group="evaluation, small")
@pytest.mark.parametrize("rows", [1, 64, 4_096, 65_536])
def test_batch(benchmark: BenchmarkFixture, scenario: Scenario, engine: Engine, program: Program, rows: int) -> None:
    """Planes of a batch as it comes with a request, binding included."""
    columns = scenario.populate(rows)
    batch = batch_of(scenario, columns)
    _check(engine, program, batch, expected_planes(scenario.segments, columns))
    benchmark(engine.evaluate, program, batch, 0, planes=True)


def _check(engine: Engine, program: Program, batch: Batch, expected: Planes) -> None:
    answer = engine.evaluate(program, batch, 0, planes=True)
    np.testing.assert_array_equal(answer.members, expected)
    np.testing.assert_array_equal(answer.member_counts, count_members(expected))
    assert not answer.unknown_counts.any()
    counted = engine.evaluate(program, batch, 0, planes=False)
    np.testing.assert_array_equal(counted.member_counts, answer.member_counts)
