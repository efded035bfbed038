"""A real server for the client's tests: `main` with four customers, shared by a module."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from segmentd.client import Client
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig

CUSTOMERS = {
    "customer_id": ["c0", "c1", "c2", "c3"],
    "income": [1200.0, 5300.0, None, 3000.0],
    "country": ["CZ", "DE", "CZ", None],
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server whose ledger `main` has the customers above."""
    directory: Path = tmp_path_factory.mktemp("server")
    pa.parquet.write_table(pa.table(CUSTOMERS), directory / "customers.parquet")
    config = ServerConfig(data_dir=directory / "data", port=0, population=directory / "customers.parquet", threads=1)
    with running_server(config) as server:
        yield f"127.0.0.1:{server.port}"


@pytest.fixture
def client(target: str) -> Iterator[Client]:
    """A client for ledger `main`."""
    with Client(target) as connected:
        yield connected
