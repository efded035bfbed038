"""What the gate refuses: requests that are too large for their method, and calls beyond the limit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from tests.server.api import Api

MEBIBYTE = 1 << 20


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[grpc.Channel]:
    """A channel to a server of one call at a time."""
    config = ServerConfig(data_dir=tmp_path / "data", port=0, threads=1, max_calls=1, drain_s=0.0)
    with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


def test_only_scores_may_be_large(channel: grpc.Channel) -> None:
    """A definition of more than a mebibyte is refused with that limit; a score of as much is looked at."""
    large = "x" * MEBIBYTE
    refusal = Api(channel).refusal("GetLedger", ledgers.GetLedgerRequest(name=large))
    assert (refusal.reason, refusal.metadata["limit_bytes"]) == ("MESSAGE_TOO_LARGE", str(MEBIBYTE))
    assert Api(channel).refusal("Score", scoring.ScoreRequest(parent=large)).reason == "INVALID_RESOURCE_NAME"


async def test_many_callers_share_a_connection(server: Server) -> None:
    """200 callers on one connection, each of which calls again as soon as it is answered, are all answered."""
    request = ledgers.ListLedgersRequest().SerializeToString()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as connection:
        call: Any = connection.unary_unary("/segmentd.api.v1.LedgerService/ListLedgers")

        async def call_again_and_again() -> int:
            return len([await call(request) for _ in range(10)])

        assert await asyncio.gather(*(call_again_and_again() for _ in range(200))) == [10] * 200


def test_health_answers_when_no_call_is_let_in(channel: grpc.Channel) -> None:
    """With as many calls open as allowed, the next is OVERLOADED, and health says SERVING all the same."""
    stream: Any = channel.stream_stream("/segmentd.api.v1.ScoringService/StreamScores")
    requests = iter(lambda: scoring.StreamScoresRequest().SerializeToString(), None)
    open_call = stream(requests)
    next(open_call)
    refusal = Api(channel).refusal("ListLedgers", ledgers.ListLedgersRequest())
    assert (refusal.reason, refusal.metadata["limit"]) == ("OVERLOADED", "1")
    health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    open_call.cancel()
