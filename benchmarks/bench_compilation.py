"""From the text of segments to a program that can run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.dialects.arrays import count_members, expected_planes
from benchmarks.dialects.cel import cel
from benchmarks.inputs import batch_of, program_of, schema_of
from benchmarks.rules import columns_of, conditions
from benchmarks.scenario import Scenario
from segmentd.engine import Engine
from segmentd.language import Environment
from segmentd.language.tree import Node
from segmentd.plan import Program, compile_program

ROWS = 10_000
"""A program is right if it counts the members among so many customers."""


@pytest.fixture(scope="module")
def trees(scenario: Scenario) -> Mapping[str, Node]:
    """The typed trees of the segments."""
    environment = Environment(schema_of(scenario))
    return {segment.id: environment.compile(cel(segment.rule)).tree for segment in scenario.segments}


@pytest.mark.benchmark(group="compilation")
def test_environment(benchmark: BenchmarkFixture, scenario: Scenario) -> None:
    """A schema of ten attributes → what compiles expressions over it."""
    schema = schema_of(scenario)
    text = cel(scenario.segments[0].rule)
    assert Environment(schema).compile(text).attributes == _columns_of(scenario, 0)
    benchmark(Environment, schema)


@pytest.mark.benchmark(group="compilation")
def test_one_expression(benchmark: BenchmarkFixture, scenario: Scenario) -> None:
    """CEL text of the longest segment → typed tree."""
    index = max(range(len(scenario.segments)), key=lambda i: len(cel(scenario.segments[i].rule)))
    environment, text = Environment(schema_of(scenario)), cel(scenario.segments[index].rule)
    compiled = benchmark(environment.compile, text)
    assert compiled.given == _columns_of(scenario, index)


@pytest.mark.benchmark(group="compilation")
def test_program_of_100_trees(
    benchmark: BenchmarkFixture, scenario: Scenario, trees: Mapping[str, Node], engine: Engine
) -> None:
    """Typed trees of 100 segments → one program."""
    schema, ids = schema_of(scenario), list(trees)
    _check(compile_program(ids, [], trees, schema), scenario, engine)
    benchmark(compile_program, ids, [], trees, schema)


@pytest.mark.benchmark(group="compilation")
def test_program_of_100_texts(benchmark: BenchmarkFixture, scenario: Scenario, engine: Engine) -> None:
    """CEL text of 100 segments → one program, the environment included: what a change of attributes costs."""
    _check(program_of(scenario), scenario, engine)
    benchmark(program_of, scenario)


@pytest.mark.benchmark(group="compilation")
def test_binding(benchmark: BenchmarkFixture, scenario: Scenario, engine: Engine) -> None:
    """A program and the columns that it reads → ready to run; what each request with new columns costs at least."""
    program, columns = program_of(scenario), scenario.populate(ROWS)
    _check(program, scenario, engine)
    benchmark(engine.bind, program, batch_of(scenario, columns), 0)


def _columns_of(scenario: Scenario, index: int) -> set[str]:
    return {name for condition in conditions(scenario.segments[index].rule) for name in columns_of(condition)}


def _check(program: Program, scenario: Scenario, engine: Engine) -> None:
    columns = scenario.populate(ROWS)
    expected = count_members(expected_planes(scenario.segments, columns))
    answer = engine.evaluate(program, batch_of(scenario, columns), 0, planes=False)
    np.testing.assert_array_equal(answer.member_counts, expected)
