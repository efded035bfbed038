"""A server with a small bank."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import grpc
import pyarrow.parquet as pq
import pytest

from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from tests.server.api import Api
from tests.server.bank import customers, define

LIMIT_BYTES: Final = 1 << 20
"""Requests that the bank takes, at most."""


@pytest.fixture(scope="module")
def bank_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose ledger `main` has customers and nothing else; ledger `empty` has nothing at all."""
    directory = tmp_path_factory.mktemp("bank")
    pq.write_table(customers(), directory / "customers.parquet")
    config = ServerConfig(
        data_dir=directory / "data",
        port=0,
        threads=2,
        drain_s=1.0,
        population=directory / "customers.parquet",
        max_request_bytes=LIMIT_BYTES,
    )
    with running_server(config) as server:
        yield server


@pytest.fixture(scope="module")
def bank(bank_server: Server) -> Iterator[Api]:
    """The bank's API, with all attributes and segments defined."""
    with grpc.insecure_channel(f"127.0.0.1:{bank_server.port}") as channel:
        api = Api(channel)
        empty = ledgers.Ledger(currency_code="EUR")
        api.call("CreateLedger", ledgers.CreateLedgerRequest(ledger_id="empty", ledger=empty))
        define(api)
        yield api
