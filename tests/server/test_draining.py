"""Open streams when a server is told to stop: what was read is answered, nothing more is taken, and the call ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest

from segmentd.api.read_ahead import answer_in_order
from segmentd.api.v1 import scoring_service_pb2
from segmentd.server.calls import Gate
from segmentd.server.config import ServerConfig
from segmentd.server.draining import Drain
from segmentd.server.errors import NotReadyError
from segmentd.server.handlers import generic_handler
from segmentd.server.transport import STREAM_WINDOW_BYTES, Transport
from tests.server.api import refusal_of

SERVICE = scoring_service_pb2.DESCRIPTOR.services_by_name["ScoringService"]
STREAM = f"/{SERVICE.full_name}/StreamScores"


class Echo:
    """A servicer that answers requests of a stream by themselves, once it is let to; `read` has how many it took."""

    def __init__(self) -> None:
        self.read: asyncio.Queue[bytes] = asyncio.Queue()
        self.go_on = asyncio.Event()

    async def stream(self, requests: AsyncIterator[bytes], _context: Any) -> AsyncGenerator[bytes, None]:
        """Answer each, four at a time."""
        async for each in answer_in_order(requests, self._answer, read_ahead=4):
            yield each

    async def _answer(self, request: bytes) -> bytes:
        self.read.put_nowait(request)
        await self.go_on.wait()
        return request


async def test_what_was_read_is_answered_and_the_stream_ends() -> None:
    """Two requests that were read are answered although the server stops; then the call is UNAVAILABLE, NOT_READY."""
    echo, gate = Echo(), Gate(1_000)
    gate.state = "serving"
    server = grpc.aio.server()
    servicer = SimpleNamespace(**dict.fromkeys(SERVICE.methods_by_name, echo.stream))
    server.add_generic_rpc_handlers((generic_handler(SERVICE, (servicer,), gate),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = cast("Any", channel.stream_stream(STREAM)(timeout=20))
        for request in (b"1", b"2"):
            await call.write(request)
            assert await asyncio.wait_for(echo.read.get(), 20) == request
        gate.stop()
        stopping = asyncio.create_task(server.stop(20))
        echo.go_on.set()
        assert [await call.read(), await call.read()] == [b"1", b"2"]
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await call.read()
        refusal = refusal_of(ended.value)
        assert (refusal.status, refusal.reason, refusal.metadata) == ("UNAVAILABLE", "NOT_READY", {"state": "stopping"})
        await asyncio.wait_for(stopping, 10)  # half of the grace, which an idle stream would have taken up
        assert echo.read.empty()


async def test_few_requests_are_taken_that_are_not_read(tmp_path: Path) -> None:
    """While the server reads nothing, the transport takes about a mebibyte of requests, and no more."""
    echo, gate = Echo(), Gate(1 << 20)
    gate.state = "serving"
    transport = Transport(ServerConfig(data_dir=tmp_path, port=0), [SERVICE.full_name])
    servicer = SimpleNamespace(**dict.fromkeys(SERVICE.methods_by_name, echo.stream))
    transport.server.add_generic_rpc_handlers((generic_handler(SERVICE, (servicer,), gate),))
    port = await transport.start()
    taken, request = 0, bytes(100_000)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = cast("Any", channel.stream_stream(STREAM)())
        with contextlib.suppress(TimeoutError):
            while taken < 100:
                await asyncio.wait_for(call.write(request), 1)
                taken += 1
        call.cancel()
    await transport.stop(0)
    assert echo.read.qsize() == 4
    assert taken * len(request) < 3 * STREAM_WINDOW_BYTES


async def endless() -> AsyncGenerator[bytes, None]:
    """A stream of one request, and then of none for ever."""
    yield b"1"
    await asyncio.Event().wait()


async def test_no_request_is_taken_once_draining_has_begun() -> None:
    """A stream that is opened too late, or whose next request was not asked for yet, ends without reading."""
    drain = Drain()
    requests = drain.requests(endless())
    assert await anext(requests) == b"1"
    drain.begin()
    with pytest.raises(NotReadyError):
        await anext(requests)
    with pytest.raises(NotReadyError):
        await anext(drain.requests(endless()))


async def test_a_cancelled_stream_stays_cancelled() -> None:
    """Whoever reads for a caller who has left is cancelled, draining or not."""
    drain = Drain()
    requests = drain.requests(endless())

    async def read() -> list[bytes]:
        return [each async for each in requests]

    for draining in (False, True):
        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        reading.cancel()
        if draining:
            drain.begin()
        with pytest.raises(asyncio.CancelledError):
            await reading
        requests = drain.requests(endless())
