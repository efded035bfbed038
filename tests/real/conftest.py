"""Fixtures of the real bank: its population, its definitions, and what SQL says about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from segmentd.client import Client
from tests.berka import berka_directory
from tests.real.definitions import Definitions, read_definitions
from tests.real.expected import Customers, Verdict
from tests.real.population import write_population
from tests.real.service import serving


@pytest.fixture(scope="session")
def berka() -> Path:
    """The directory of the bank's eight files."""
    return berka_directory()


@pytest.fixture(scope="session")
def population(berka: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The population, a Parquet file."""
    target = tmp_path_factory.mktemp("berka") / "customers.parquet"
    write_population(berka, target)
    return target


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    """The segments and computed attributes."""
    return read_definitions()


@pytest.fixture(scope="session")
def customers(population: Path) -> Customers:
    """The population as SQL sees it."""
    return Customers(population)


@pytest.fixture(scope="session")
def expected(customers: Customers, definitions: Definitions) -> Mapping[str, Verdict]:
    """What SQL says about every segment."""
    return {name: customers.verdict(segment) for name, segment in definitions.segments.items()}


@pytest.fixture(scope="module")
def bank(population: Path, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a running server that holds the population and all definitions."""
    with serving(population, definitions, tmp_path_factory.mktemp("bank")) as client:
        yield client
