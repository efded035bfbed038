"""The client for programs with asyncio: the methods of `Client`, awaited."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import grpc
import grpc.aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from segmentd.client import (
    apply,
    attributes,
    balances,
    category_rules,
    erasure,
    evaluation,
    imports,
    ledgers,
    records,
    scores,
    segments,
    snapshots,
    verification,
)
from segmentd.client.call import Call, Delivery, Exchange, Scope, Steps, Stream, method_path, resume, serialize
from segmentd.client.channel import CHANNEL_OPTIONS, WATCH, Timeouts, Tls
from segmentd.client.errors import SegmentdCallError, read_failure
from segmentd.client.feed import Feed

P = ParamSpec("P")
Answer = TypeVar("Answer")
Item = TypeVar("Item")


def unary(
    build: Callable[Concatenate[Scope, P], Call[Answer]],
) -> Callable[Concatenate[AsyncClient, P], Awaitable[Answer]]:
    """The method that makes the call which `build` describes."""

    @functools.wraps(build)
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        return await self.call(build(self.scope, *args, **kwargs))

    return method


def several(
    build: Callable[Concatenate[Scope, P], Steps[Answer]],
) -> Callable[Concatenate[AsyncClient, P], Awaitable[Answer]]:
    """The method that makes the calls which `build` describes, one after the other."""

    @functools.wraps(build)
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        return await self.follow(build(self.scope, *args, **kwargs))

    return method


def pages(
    build: Callable[Concatenate[Scope, P], Stream[Answer]],
) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[Answer]]:
    """The method that yields the answers of the stream which `build` describes, as they arrive."""

    @functools.wraps(build)
    def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Answer]:
        return self.receive(build(self.scope, *args, **kwargs))

    return method


def collected(
    build: Callable[Concatenate[Scope, P], Stream[Item]],
    collect: Callable[[Sequence[Item]], Answer],
    name: str,
    doc: str,
) -> Callable[Concatenate[AsyncClient, P], Awaitable[Answer]]:
    """The method of this name that reads the stream which `build` describes to its end, and collects its answers."""

    @functools.wraps(build)
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        return collect([page async for page in self.receive(build(self.scope, *args, **kwargs))])

    method.__name__, method.__doc__ = name, doc
    return method


def exchanged(
    build: Callable[Concatenate[Scope, P], Exchange[Item, Answer]],
) -> Callable[Concatenate[AsyncClient, Iterable[Item] | AsyncIterable[Item], P], AsyncIterator[Answer]]:
    """The method that sends what its first argument yields, and yields the answers, as `build` describes."""

    @functools.wraps(build)
    def method(
        self: AsyncClient, items: Iterable[Item] | AsyncIterable[Item], /, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncIterator[Answer]:
        return self.exchange(build(self.scope, *args, **kwargs), items)

    return method


def delivered(
    build: Callable[Concatenate[Scope, P], Delivery[Any, Any, Answer]],
) -> Callable[Concatenate[AsyncClient, P], Awaitable[Answer]]:
    """The method that sends all that `build` describes, and returns what the answers come to."""

    @functools.wraps(build)
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        delivery = build(self.scope, *args, **kwargs)
        return delivery.collect([each async for each in self.exchange(delivery.exchange, delivery.items)])

    return method


class AsyncClient:
    """A connection to a server for one event loop; an asynchronous context manager that closes it.

    `target` is `host:port`. Calls are about `ledger` and end after `timeouts`. Without `tls` the connection is plain.
    Every method raises SegmentdCallError where the call fails.
    """

    def __init__(
        self, target: str, *, ledger: str = "main", tls: Tls | None = None, timeouts: Timeouts | None = None
    ) -> None:
        self.target = target
        self.scope = Scope(ledger)
        self.timeouts = timeouts or Timeouts()
        self._channel = (
            grpc.aio.secure_channel(target, tls.credentials(), CHANNEL_OPTIONS)
            if tls
            else grpc.aio.insecure_channel(target, CHANNEL_OPTIONS)
        )

    create_ledger = unary(ledgers.create_ledger)
    get_ledger = unary(ledgers.get_ledger)
    get_ledger_status = unary(ledgers.get_ledger_status)
    list_ledgers = several(ledgers.list_ledgers)
    update_ledger = unary(ledgers.update_ledger)

    write_records = delivered(records.write_records)
    stream_records = exchanged(records.stream_records)
    delete_records = delivered(records.delete_records)
    delete_customer = unary(erasure.delete_customer)
    verify_ledger = pages(verification.verify_ledger)
    get_category_rules = unary(category_rules.get_category_rules)
    update_category_rules = unary(category_rules.update_category_rules)

    import_records = unary(imports.import_records)
    get_import_job = unary(imports.get_import_job)
    list_import_jobs = several(imports.list_import_jobs)
    cancel_import_job = unary(imports.cancel_import_job)
    watch_import_job = pages(imports.watch_import_job)
    list_import_rejects = several(imports.list_import_rejects)

    create_attribute = unary(attributes.create_attribute)
    get_attribute = unary(attributes.get_attribute)
    list_attributes = several(attributes.list_attributes)
    update_attribute = unary(attributes.update_attribute)
    delete_attribute = unary(attributes.delete_attribute)
    apply_attributes = several(apply.apply_attributes)

    create_segment = unary(segments.create_segment)
    get_segment = unary(segments.get_segment)
    list_segments = several(segments.list_segments)
    update_segment = unary(segments.update_segment)
    delete_segment = unary(segments.delete_segment)
    check_expression = unary(segments.check_expression)
    apply_segments = several(apply.apply_segments)

    create_snapshot = unary(snapshots.create_snapshot)
    get_snapshot = unary(snapshots.get_snapshot)
    list_snapshots = several(snapshots.list_snapshots)
    delete_snapshot = unary(snapshots.delete_snapshot)
    compare_snapshots = pages(snapshots.compare_snapshots)

    score = unary(scores.score)
    stream_scores = exchanged(scores.stream_scores)
    evaluate_pages = pages(evaluation.evaluate_pages)
    evaluate = collected(evaluation.evaluate_pages, evaluation.collect, "evaluate", evaluation.COLLECTED_DOC)
    balance_pages = pages(balances.balance_pages)
    aggregate_balances = collected(
        balances.balance_pages, balances.collect, "aggregate_balances", balances.COLLECTED_DOC
    )

    async def call(self, call: Call[Answer]) -> Answer:
        """Make one call."""
        send = self._channel.unary_unary(method_path(call.method), serialize, call.response.FromString)
        try:
            response = await send(call.request, timeout=self.timeouts.unary_s)
        except grpc.aio.AioRpcError as failure:
            raise read_failure(failure, self.target) from None
        return call.read(response)

    async def follow(self, steps: Steps[Answer]) -> Answer:
        """Make several calls, each depending on the answers before."""
        outcome: object = None
        while True:
            try:
                call = resume(steps, outcome)
            except StopIteration as end:
                answer: Answer = end.value
                return answer
            outcome = await self._outcome(call)

    def receive(self, stream: Stream[Answer]) -> AsyncIterator[Answer]:
        """Make one request and yield the answers; a caller that stops early cancels the call."""
        send = self._channel.unary_stream(method_path(stream.method), serialize, stream.response.FromString)
        return self._read(send(stream.request, timeout=self.timeouts.stream_s), stream.read)

    async def exchange(
        self, exchange: Exchange[Item, Answer], items: Iterable[Item] | AsyncIterable[Item]
    ) -> AsyncIterator[Answer]:
        """Send a request for each item and yield the answers, in order; a caller that stops early cancels the call."""
        feed = Feed(exchange.encode)
        send = self._channel.stream_stream(method_path(exchange.method), serialize, exchange.response.FromString)
        responses = send(feed.async_requests(items), timeout=self.timeouts.stream_s)
        async for answer in self._read(responses, exchange.read):
            yield answer
        feed.check()

    async def wait_for_ready(self, timeout_s: float) -> bool:
        """Wait until the server serves, such as one that starts now; False if it does not after that time."""
        watch = self._channel.unary_stream(WATCH, serialize, HealthCheckResponse.FromString)
        states = watch(HealthCheckRequest(), timeout=timeout_s, wait_for_ready=True)
        try:
            async for state in states:
                if state.status == HealthCheckResponse.SERVING:
                    return True
        except grpc.aio.AioRpcError:
            return False
        finally:
            states.cancel()
        return False

    async def close(self) -> None:
        """Close the connection. Calls that still run are cancelled."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _outcome(self, call: Call[Any]) -> object:
        try:
            return await self.call(call)
        except SegmentdCallError as error:
            return error

    async def _read(self, responses: Any, read: Callable[[Any], Answer]) -> AsyncIterator[Answer]:
        try:
            async for response in responses:
                yield read(response)
        except grpc.aio.AioRpcError as failure:
            raise read_failure(failure, self.target) from None
        finally:
            responses.cancel()
