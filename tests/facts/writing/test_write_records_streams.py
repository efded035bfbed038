"""Many streams, streams that are not read, streams of large requests, and streams of a server that stops."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.v1 import record_pb2
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from tests.facts.decoding.records import NUMBERS
from tests.facts.writing.streams import accounts, counts, customers, make_ledger, refusals, request, results, write
from tests.server.api import Api, refusal_of

PATH = "/segmentd.api.v1.LedgerService/WriteRecords"
STREAMS = 8
BATCHES = 60


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[Api]:
    """The API of the module's server, with the ledgers of the tests."""
    for name in ("many", "unread", "garbage", "size"):
        make_ledger(server.port, name).close()
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield Api(channel)


def test_streams_write_beside_each_other(api: Api) -> None:
    """Eight streams at a time: every batch makes one version, in the order of its own stream."""

    def run(stream: int) -> list[int]:
        batches = [customers(f"{stream}-{number}-a", f"{stream}-{number}-b") for number in range(BATCHES)]
        written = write(api, "many", *batches)
        assert [counts(each) for each in written] == [(2, 0, 0, 0, 0)] * BATCHES
        return [each.data_version for each in written]

    with ThreadPoolExecutor(STREAMS) as callers:
        versions = list(callers.map(run, range(STREAMS)))
    assert all(each == sorted(each) for each in versions)
    assert sorted(version for each in versions for version in each) == list(range(1, STREAMS * BATCHES + 1))


def test_one_record_in_many_streams_is_one_record(api: Api) -> None:
    """Whoever comes first inserts it; for the others it is unchanged."""

    def run(_stream: int) -> tuple[int, ...]:
        return counts(write(api, "many", customers("contended"))[0])

    with ThreadPoolExecutor(STREAMS) as callers:
        told = sorted(callers.map(run, range(STREAMS)))
    assert told == [(0, 0, 1, 0, 0)] * (STREAMS - 1) + [(1, 0, 0, 0, 0)]


LARGE_ANSWER = 1_000
"""Rejected rows of a request, whose answer has some tens of kilobytes."""


async def test_a_stream_that_is_not_read_is_not_written_ahead(api: Api, server: Server) -> None:
    """Without a reader of its answers a stream stalls, others go on, and once read every batch is answered."""
    total, stalled = 1_500, False
    batches = [customers(f"c{number}", *[""] * LARGE_ANSWER) for number in range(total)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        call: Any = channel.stream_stream(PATH, response_deserializer=pb.WriteRecordsResponse.FromString)()
        taken = 0
        while taken < total and not stalled:
            message = request("unread", batches[taken]).SerializeToString()
            writing = asyncio.ensure_future(call.write(message))
            done, _ = await asyncio.wait([writing], timeout=5)
            stalled = not done
            taken += not stalled
        assert stalled, "the server took all requests, though nobody read an answer"
        other = await asyncio.to_thread(write, api, "unread", customers("other"))
        assert counts(other[0]) == (1, 0, 0, 0, 0)
        answers = [await call.read() for _ in range(taken)]
        await writing
        await call.done_writing()
        answers.append(await call.read())
    assert [counts(answer.result) for answer in answers] == [(1, 0, 0, 0, LARGE_ANSWER)] * (taken + 1)


def test_random_bytes_are_answered_and_do_no_harm(api: Api) -> None:
    """Requests of garbage, cut and changed ones among them, are each answered, and good ones between them written."""
    good = request("garbage", customers("c"), batch_id="b").SerializeToString()
    chance = random.Random(5)  # noqa: S311 - the same bytes in each run
    damaged = [chance.randbytes(size) for size in range(1, 60)]
    damaged += [good[:size] for size in range(1, len(good))]
    damaged += [good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :] for place in range(len(good))]
    requests: list[Any] = [each for pair in zip(damaged, [good] * len(damaged), strict=True) for each in pair]
    answers = api.call("WriteRecords", requests)
    assert len(answers) == len(requests)
    found = refusals(answers)
    assert found[1::2] == [None] * len(damaged)
    assert {refusal.status for refusal in found if refusal} <= {"INVALID_ARGUMENT", "NOT_FOUND"}


def test_a_request_that_is_too_large_is_answered_in_its_place(tmp_path: Path) -> None:
    """It is told its size and the limit; those around it are written."""
    limit = 1 << 16
    config = ServerConfig(data_dir=tmp_path, port=0, threads=1, max_request_bytes=limit)
    with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        make_ledger(server.port, "main").close()
        large = request("main", customers(*map(str, range(10_000))))
        small = [request("main", customers("a")), large, request("", customers("b"))]
        answers = Api(channel).call("WriteRecords", small)
    first, second, third = refusals(answers)
    assert (first, third) == (None, None)
    assert second is not None
    assert (second.reason, second.metadata["limit_bytes"]) == ("MESSAGE_TOO_LARGE", str(limit))


def test_a_batch_has_at_most_so_many_rows(api: Api) -> None:
    """1,048,576 rows are written at once, and one more is refused."""
    most = 1 << 20
    ids = [f"{number:x}" for number in range(most + 1)]
    allowed = record_pb2.RecordBatch(kind=NUMBERS["customer"], columns=features.ColumnBatch(ids=ids[:most]))
    assert counts(write(api, "size", allowed)[0]) == (most, 0, 0, 0, 0)
    beyond = record_pb2.RecordBatch(kind=NUMBERS["customer"], columns=features.ColumnBatch(ids=ids))
    (refused,) = refusals(api.call("WriteRecords", [request("size", beyond)]))
    assert refused is not None
    assert (refused.reason, refused.fields) == ("TOO_MANY_ROWS", ("batch.columns",))


async def test_a_server_that_stops_answers_what_it_has_read(tmp_path: Path) -> None:
    """An open stream gets the answers to its batches, then NOT_READY; they are there after the next start."""
    config = ServerConfig(data_dir=tmp_path, port=0, threads=1, drain_s=10)
    server = Server(config)
    await server.start()
    await asyncio.to_thread(lambda: make_ledger(server.port, "main").close())
    sent: asyncio.Queue[bytes] = asyncio.Queue()

    async def batches() -> AsyncIterator[bytes]:
        while True:
            yield await sent.get()

    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        make: Any = channel.stream_stream(PATH, response_deserializer=pb.WriteRecordsResponse.FromString)
        call = make(batches())
        for number in range(20):
            sent.put_nowait(request("main", accounts(f"a{number}")).SerializeToString())
        answers = [await call.read()]
        stopping = asyncio.create_task(server.stop())
        with contextlib.suppress(grpc.aio.AioRpcError):
            while (answer := await call.read()) is not grpc.aio.EOF:
                answers.append(answer)
        assert await call.code() is grpc.StatusCode.UNAVAILABLE
        assert "NOT_READY" in str(await call.trailing_metadata())
        await stopping
    assert [counts(answer) for answer in results(answers)] == [(1, 0, 0, 0, 0)] * len(answers)
    with running_server(config) as again, grpc.insecure_channel(f"127.0.0.1:{again.port}") as connected:
        everything = accounts(*(f"a{number}" for number in range(len(answers))))
        assert counts(write(Api(connected), "main", everything)[0]) == (0, 0, len(answers), 0, 0)


def test_a_server_that_starts_takes_no_batches(server: Server) -> None:
    """Of a stream that comes too early nothing is read: it is UNAVAILABLE with NOT_READY."""
    state = server._gate.state
    server._gate.state = "starting"
    try:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel, pytest.raises(grpc.RpcError) as refused:
            list(Api(channel).start("WriteRecords", [request("many", customers("early"))]))
    finally:
        server._gate.state = state
    assert refusal_of(refused.value).reason == "NOT_READY"
