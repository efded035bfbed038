"""What the rows of pytest-benchmark share: the scenario *bank*, its population, what is expected, a real server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import pytest

from benchmarks.contenders.contender import Planes
from benchmarks.dialects.arrays import expected_planes
from benchmarks.population import Values
from benchmarks.scenario import Scenario
from benchmarks.scenarios.bank import bank
from benchmarks.serving import serve_population
from segmentd.client import Client
from segmentd.engine import Engine, warm

THREADS = 2
"""Of the engine, in every row; the side-by-side takes as many by default."""


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """100 segments over ten columns."""
    return bank()


@pytest.fixture(scope="session")
def columns(scenario: Scenario) -> Mapping[str, Values]:
    """A million customers, or as many as SEGMENTD_BENCH_ROWS says."""
    return scenario.populate(int(os.environ.get("SEGMENTD_BENCH_ROWS", "1000000")))


@pytest.fixture(scope="session")
def expected(scenario: Scenario, columns: Mapping[str, Values]) -> Planes:
    """Who is in which segment."""
    return expected_planes(scenario.segments, columns)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine, its kernels loaded."""
    warm()
    with Engine(THREADS) as started:
        yield started


@pytest.fixture(scope="session")
def client(
    scenario: Scenario, columns: Mapping[str, Values], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """A client of a server in a process of its own, with the population and the segments of the scenario."""
    with serve_population(scenario, columns, tmp_path_factory.mktemp("server"), THREADS) as connected:
        yield connected
