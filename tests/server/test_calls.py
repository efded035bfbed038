"""What happens around a call: failures are explained, defects hidden from callers and logged, sizes checked."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import weakref
from collections.abc import AsyncGenerator, Iterator
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from segmentd.api.v1 import ledger_service_pb2, scoring_service_pb2
from segmentd.server.calls import Gate, note_rows
from segmentd.server.handlers import generic_handler
from segmentd.server.logs import LOGGER
from tests.server.api import Refusal, refusal_of

PRIVATE = "Jana Nováková, 4,321.09"


CALLED = [
    service
    for module in (ledger_service_pb2, scoring_service_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
]
"""The services that are called here."""


def with_every_method(unary: Any, streaming: Any) -> object:
    """A servicer of those services, whose methods are these two."""
    methods = {method.name: method for service in CALLED for method in service.methods}
    return SimpleNamespace(
        **{name: streaming if method.server_streaming else unary for name, method in methods.items()}
    )


def failing(error: BaseException) -> object:
    """A servicer of both services whose methods fail; the streams answer once before."""

    async def fail_at_once(_request: bytes, _context: Any) -> Message:
        note_rows(7)
        raise error

    async def fail_later(_request: bytes, _context: Any) -> AsyncGenerator[Message, None]:
        yield scoring_service_pb2.ScoreResponse()
        raise error

    return with_every_method(fail_at_once, fail_later)


class Events(logging.Handler):
    """Keeps the events that are logged."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.fields.append({"event": record.msg, **vars(record)["fields"]})


@pytest.fixture
def events() -> Iterator[list[dict[str, Any]]]:
    """What the server logs during the test."""
    handler, level = Events(), LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    yield handler.fields
    LOGGER.setLevel(level)
    LOGGER.removeHandler(handler)


class Held:
    """Stands for the message that a method has decoded."""


def refusing(held: list[weakref.ref[Held]]) -> object:
    """A servicer whose methods fail with a message in their frames, noted in `held`."""

    def refuse(message: Held) -> None:
        held.append(weakref.ref(message))
        try:
            raise KeyError(message)
        except KeyError as error:
            failure = ValueError("refused")  # in this frame, which it refers to
            raise failure from error

    async def fail_at_once(_request: bytes, _context: Any) -> Message:
        message = Held()
        refuse(message)
        return scoring_service_pb2.ScoreResponse()

    async def fail_later(_request: bytes, _context: Any) -> AsyncGenerator[Message, None]:
        message = Held()
        yield scoring_service_pb2.ScoreResponse()
        refuse(message)

    return with_every_method(fail_at_once, fail_later)


PATHS = {
    "unary_unary": "/segmentd.api.v1.LedgerService/CreateLedger",
    "unary_stream": "/segmentd.api.v1.ScoringService/EvaluateSegments",
    "stream_stream": "/segmentd.api.v1.ScoringService/StreamScores",
}


async def fail(error: BaseException, kind: str) -> Refusal:
    """How a caller of a failing method sees it."""
    return await refusal(failing(error), kind)


async def refusal(servicer: object, kind: str) -> Refusal:
    """How a caller of a servicer's method sees that it fails."""
    gate = Gate(1_000)
    gate.state = "serving"
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(tuple(generic_handler(each, (servicer,), gate) for each in CALLED))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            return await asyncio.wait_for(call(channel, kind), 20)
    finally:
        await server.stop(0)


async def call(channel: grpc.aio.Channel, kind: str) -> Refusal:
    """The refusal of a call."""
    multicallable = getattr(channel, kind)(PATHS[kind])
    try:
        if kind == "unary_unary":
            await multicallable(b"")
        else:
            async for _ in multicallable(iter([b""]) if kind == "stream_stream" else b""):
                pass
    except grpc.aio.AioRpcError as error:
        return refusal_of(error)
    raise AssertionError("the call was answered")


@pytest.mark.parametrize("kind", sorted(PATHS))
async def test_a_defect_is_hidden_from_callers_and_logged(kind: str, events: list[dict[str, Any]]) -> None:
    """An unexpected exception is INTERNAL with the id of an event, which has the stack and no message."""
    refusal = await fail(ValueError(PRIVATE), kind)
    assert (refusal.status, refusal.reason) == ("INTERNAL", "INTERNAL")
    defect, ended = events
    assert (defect["event"], defect["error"]) == ("defect", "ValueError")
    assert defect["event_id"] == ended["event_id"] == refusal.metadata["event_id"]
    assert any("test_calls.py" in place for place in defect["stack"])
    assert "Jana" not in json.dumps(events, ensure_ascii=False) + refusal.message


@pytest.mark.parametrize("kind", sorted(PATHS))
async def test_what_a_refused_call_held_is_freed_at_once(kind: str) -> None:
    """Nothing refers to the message of a call that has failed; no garbage collection is needed."""
    held: list[weakref.ref[Held]] = []
    gc.disable()
    try:
        assert (await refusal(refusing(held), kind)).reason == "INTERNAL"
        assert [each() for each in held] == [None]
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", sorted(PATHS))
async def test_too_little_memory_is_no_defect(kind: str) -> None:
    """A MemoryError tells the caller to ask for less, and the server goes on."""
    refusal = await fail(MemoryError(PRIVATE), kind)
    assert (refusal.status, refusal.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
    assert "Jana" not in refusal.message


async def test_a_call_is_logged_with_its_rows(events: list[dict[str, Any]]) -> None:
    """The end of a call is an event with its method, code, reason, duration and rows."""
    await fail(RecursionError(), "unary_unary")
    ended = events[-1]
    assert ended["duration_ms"] > 0
    assert {name: ended[name] for name in ("event", "method", "code", "rows")} == {
        "event": "call",
        "method": "/segmentd.api.v1.LedgerService/CreateLedger",
        "code": "INTERNAL",
        "rows": 7,
    }


def test_a_servicer_that_lacks_a_method_is_refused() -> None:
    """Every method of a service's descriptor must be there before the server starts."""
    service = ledger_service_pb2.DESCRIPTOR.services_by_name["LedgerService"]
    with pytest.raises(AttributeError, match="CreateLedger"):
        generic_handler(service, (object(),), Gate(1))
