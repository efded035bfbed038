"""The client for programs without asyncio."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import grpc
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


def unary(build: Callable[Concatenate[Scope, P], Call[Answer]]) -> Callable[Concatenate[Client, P], Answer]:
    """The method that makes the call which `build` describes."""

    @functools.wraps(build)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        return self.call(build(self.scope, *args, **kwargs))

    return method


def several(build: Callable[Concatenate[Scope, P], Steps[Answer]]) -> Callable[Concatenate[Client, P], Answer]:
    """The method that makes the calls which `build` describes, one after the other."""

    @functools.wraps(build)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        return self.follow(build(self.scope, *args, **kwargs))

    return method


def pages(
    build: Callable[Concatenate[Scope, P], Stream[Answer]],
) -> Callable[Concatenate[Client, P], Iterator[Answer]]:
    """The method that yields the answers of the stream which `build` describes, as they arrive."""

    @functools.wraps(build)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Answer]:
        return self.receive(build(self.scope, *args, **kwargs))

    return method


def collected(
    build: Callable[Concatenate[Scope, P], Stream[Item]],
    collect: Callable[[Sequence[Item]], Answer],
    name: str,
    doc: str,
) -> Callable[Concatenate[Client, P], Answer]:
    """The method of this name that reads the stream which `build` describes to its end, and collects its answers."""

    @functools.wraps(build)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        return collect(list(self.receive(build(self.scope, *args, **kwargs))))

    method.__name__, method.__doc__ = name, doc
    return method


def exchanged(
    build: Callable[Concatenate[Scope, P], Exchange[Item, Answer]],
) -> Callable[Concatenate[Client, Iterable[Item], P], Iterator[Answer]]:
    """The method that sends what its first argument yields, and yields the answers, as `build` describes."""

    @functools.wraps(build)
    def method(self: Client, items: Iterable[Item], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Answer]:
        return self.exchange(build(self.scope, *args, **kwargs), items)

    return method


def delivered(
    build: Callable[Concatenate[Scope, P], Delivery[Any, Any, Answer]],
) -> Callable[Concatenate[Client, P], Answer]:
    """The method that sends all that `build` describes, and returns what the answers come to."""

    @functools.wraps(build)
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        delivery = build(self.scope, *args, **kwargs)
        return delivery.collect(list(self.exchange(delivery.exchange, delivery.items)))

    return method


class Client:
    """A connection to a server, safe to share between threads; a context manager that closes it.

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
            grpc.secure_channel(target, tls.credentials(), CHANNEL_OPTIONS)
            if tls
            else grpc.insecure_channel(target, CHANNEL_OPTIONS)
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

    def call(self, call: Call[Answer]) -> Answer:
        """Make one call."""
        send = self._channel.unary_unary(method_path(call.method), serialize, call.response.FromString)
        try:
            response = send(call.request, timeout=self.timeouts.unary_s)
        except grpc.RpcError as failure:
            raise read_failure(failure, self.target) from None
        return call.read(response)

    def follow(self, steps: Steps[Answer]) -> Answer:
        """Make several calls, each depending on the answers before."""
        outcome: object = None
        try:
            while True:
                outcome = self._outcome(resume(steps, outcome))
        except StopIteration as end:
            answer: Answer = end.value
            return answer

    def receive(self, stream: Stream[Answer]) -> Iterator[Answer]:
        """Make one request and yield the answers; a caller that stops early cancels the call."""
        send = self._channel.unary_stream(method_path(stream.method), serialize, stream.response.FromString)
        responses = send(stream.request, timeout=self.timeouts.stream_s)
        return self._read(responses, stream.read)

    def exchange(self, exchange: Exchange[Item, Answer], items: Iterable[Item]) -> Iterator[Answer]:
        """Send a request for each item and yield the answers, in order; a caller that stops early cancels the call."""
        feed = Feed(exchange.encode)
        send = self._channel.stream_stream(method_path(exchange.method), serialize, exchange.response.FromString)
        responses = send(feed.requests(items), timeout=self.timeouts.stream_s)
        yield from self._read(responses, exchange.read)
        feed.check()

    def wait_for_ready(self, timeout_s: float) -> bool:
        """Wait until the server serves, such as one that starts now; False if it does not after that time."""
        watch = self._channel.unary_stream(WATCH, serialize, HealthCheckResponse.FromString)
        states = watch(HealthCheckRequest(), timeout=timeout_s, wait_for_ready=True)
        try:
            return any(state.status == HealthCheckResponse.SERVING for state in states)
        except grpc.RpcError:
            return False
        finally:
            states.cancel()

    def close(self) -> None:
        """Close the connection. Calls that still run are cancelled."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _outcome(self, call: Call[Any]) -> object:
        try:
            return self.call(call)
        except SegmentdCallError as error:
            return error

    def _read(self, responses: Any, read: Callable[[Any], Answer]) -> Iterator[Answer]:
        try:
            for response in responses:
                yield read(response)
        except grpc.RpcError as failure:
            raise read_failure(failure, self.target) from None
        finally:
            responses.cancel()
