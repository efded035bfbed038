"""What happens around every call: its size is checked, its failure explained, its end logged."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import grpc
from google.protobuf.message import Message
from google.rpc import code_pb2, status_pb2

from segmentd.errors import SegmentdError
from segmentd.server.draining import Drain
from segmentd.server.errors import DefectError, MessageTooLargeError, NotReadyError, OutOfMemoryError, TooManyCallsError
from segmentd.server.logs import log_call, log_event, stack_of
from segmentd.server.status import clip, to_status

Context = grpc.aio.ServicerContext[Any, Any]
Response = Message | bytes
Unary = Callable[[bytes, Context], Awaitable[Response]]
Responses = AsyncGenerator[Response, None]
ServerStream = Callable[[bytes, Context], Responses]
BidirectionalStream = Callable[[AsyncIterator[bytes], Context], Responses]

DETAILS_KEY: Final = "grpc-status-details-bin"
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}
SCORING: Final = "/segmentd.api.v1.ScoringService/"
"""What the methods begin with whose requests may be large."""

MAX_DEFINITION_BYTES: Final = 1 << 20
"""Bytes of a request of all other methods."""

_STATUS_MESSAGE_BYTES: Final = 1_000


@dataclass(slots=True)
class Call:
    """One call as the log tells it."""

    method: str
    started: float = field(default_factory=time.monotonic)
    rows: int | None = None
    code: str = "OK"
    reason: str | None = None
    event_id: str | None = None

    def fail(self, error: Exception) -> status_pb2.Status:
        """Note the failure; its status."""
        status = explain(error)
        self.code = code_pb2.Code.Name(status.code)
        self.reason = str(error.reason) if isinstance(error, SegmentdError) else None
        return status

    def log(self) -> None:
        """Log that the call has ended."""
        duration_ms = round((time.monotonic() - self.started) * 1e3, 3)
        if self.reason is None and self.event_id is None:
            log_call(self.method, self.code, duration_ms, self.rows)
            return
        log_event(
            "call",
            method=self.method,
            code=self.code,
            reason=self.reason,
            event_id=self.event_id,
            duration_ms=duration_ms,
            rows=self.rows,
        )


_CURRENT: Final[ContextVar[Call | None]] = ContextVar("call", default=None)


def note_rows(rows: int) -> None:
    """Add to the rows that the current call is said to have been about."""
    call = _CURRENT.get()
    if call is not None:
        call.rows = (call.rows or 0) + rows


def explain(error: Exception) -> status_pb2.Status:
    """The status of any failure. What is no SegmentdError is a defect: logged with its stack, without its message.

    After that, the failure holds no frames any more, and so nothing of the request.
    """
    try:
        return _explain(error)
    finally:
        _forget_frames(error)


def _explain(error: Exception) -> status_pb2.Status:
    if isinstance(error, SegmentdError):
        return to_status(error)
    if isinstance(error, MemoryError):
        return to_status(OutOfMemoryError())
    event_id = secrets.token_hex(8)
    call = _CURRENT.get()
    log_event(
        "defect",
        level=logging.ERROR,
        event_id=event_id,
        method=call.method if call else None,
        error=type(error).__name__,
        stack=stack_of(error.__traceback__),
    )
    if call is not None:
        call.event_id = event_id
    return to_status(DefectError(event_id))


def _forget_frames(error: BaseException) -> None:
    """Free what the frames of a failure, and of those that led to it, refer to: a request of megabytes, perhaps."""
    failures: list[BaseException | None] = [error]
    seen: set[int] = set()
    while failures:
        failure = failures.pop()
        if failure is None or id(failure) in seen:
            continue
        seen.add(id(failure))
        traceback.clear_frames(failure.__traceback__)
        failure.__traceback__ = None
        failures += failure.__cause__, failure.__context__


class Gate:
    """Lets calls in while the server is `serving`; before and after they are told its state."""

    def __init__(self, max_request_bytes: int, max_calls: int = 1_024) -> None:
        self._max_request_bytes = max_request_bytes
        self._max_calls = max_calls
        self._open = OpenCalls()
        self._drain = Drain()
        self.state = "starting"

    def stop(self) -> None:
        """Let no more calls in, and take no more requests of open streams: they end once what was read is answered."""
        self.state = "stopping"
        self._drain.begin()

    def check_state(self) -> None:
        """Raises NotReadyError unless the server is serving, TooManyCallsError if it has too many calls."""
        if self.state != "serving":
            raise NotReadyError(self.state)
        if self._open.count > self._max_calls:
            raise TooManyCallsError(self._max_calls)

    def check_size(self, request: bytes) -> None:
        """Raises MessageTooLargeError if the request is larger than accepted."""
        _check_size(request, self._max_request_bytes)

    def _limit(self, method: str) -> int:
        """The bytes that a request of a method may have: only scores are sent many rows."""
        if method.startswith(SCORING):
            return self._max_request_bytes
        return min(self._max_request_bytes, MAX_DEFINITION_BYTES)

    def unary(self, method: str, behaviour: Unary) -> Unary:
        """The behaviour of a method of one answer, guarded."""

        async def answer(request: bytes, context: Context) -> Response:
            with _logged(method, self._open) as call:
                try:
                    self.check_state()
                    _check_size(request, self._limit(method))
                    return await behaviour(request, context)
                except Exception as error:  # noqa: BLE001 - whatever fails, the caller gets a status with a reason
                    status = call.fail(error)
                finally:
                    # What `context.abort` raises is kept with the call, and this frame with it.
                    del request
                return await _abort(context, status)

        return answer

    def server_stream(self, method: str, behaviour: ServerStream) -> ServerStream:
        """The behaviour of a method that streams its answers, guarded."""

        async def answer(request: bytes, context: Context) -> Responses:
            with _logged(method, self._open) as call:
                try:
                    self.check_state()
                    _check_size(request, self._limit(method))
                    async with aclosing(behaviour(request, context)) as messages:
                        async for message in messages:
                            yield message
                    return
                except Exception as error:  # noqa: BLE001 - whatever fails, the caller gets a status with a reason
                    status = call.fail(error)
                finally:
                    # What `context.abort` raises is kept with the call, and this frame with it.
                    del request
                await _abort(context, status)

        return answer

    def bidirectional(self, method: str, behaviour: BidirectionalStream) -> BidirectionalStream:
        """The behaviour of a method that streams both ways, guarded. It checks the size of its requests itself.

        When the server stops, its requests end with NotReadyError.
        """

        async def answer(requests: AsyncIterator[bytes], context: Context) -> Responses:
            with _logged(method, self._open) as call:
                try:
                    self.check_state()
                    given = self._drain.requests(requests)
                    async with aclosing(given), aclosing(behaviour(given, context)) as messages:
                        async for message in messages:
                            yield message
                    return
                except Exception as error:  # noqa: BLE001 - whatever fails, the caller gets a status with a reason
                    status = call.fail(error)
                await _abort(context, status)

        return answer


def _check_size(request: bytes, limit: int) -> None:
    if len(request) > limit:
        raise MessageTooLargeError(len(request), limit)


@dataclass(slots=True)
class OpenCalls:
    """How many calls have begun and not ended. Of one event loop."""

    count: int = 0


class _logged:  # noqa: N801 - used as a function
    """Makes a call the current one, counts it as open, and logs its end, cancelled or not."""

    def __init__(self, method: str, open_calls: OpenCalls) -> None:
        self._call = Call(method)
        self._open = open_calls

    def __enter__(self) -> Call:
        self._open.count += 1
        _CURRENT.set(self._call)
        return self._call

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._open.count -= 1
        if kind is not None and issubclass(kind, asyncio.CancelledError | GeneratorExit):
            self._call.code = "CANCELLED"
        self._call.log()


async def _abort(context: Context, status: status_pb2.Status) -> NoReturn:
    """End the call with the status; it is what `context.abort` raises that leaves here."""
    await context.abort(
        _CODES[status.code],
        clip(status.message, _STATUS_MESSAGE_BYTES),
        ((DETAILS_KEY, status.SerializeToString()),),
    )
