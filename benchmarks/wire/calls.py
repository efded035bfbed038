"""Score of one customer: processor time of the server beyond a bare call, and calls a second of many callers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import numpy as np
from rich.console import Console

from benchmarks.dialects.arrays import holds
from benchmarks.dialects.cel import cel
from benchmarks.scenario import Scenario
from benchmarks.scenarios.bank import bank
from benchmarks.wire import bare
from benchmarks.wire.connection import OPTIONS, Connection
from benchmarks.wire.exchange import WrongAnswerError
from benchmarks.wire.figures import BARE, Figure, Target, difference, ratio
from benchmarks.wire.processes import Child
from benchmarks.wire.requests import COUNTS, LISTS, SCORE, member_counts, score_bytes
from benchmarks.wire.servers import Pair, define, pair
from benchmarks.wire.turns import Run, in_turn
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.schema import INT64

CALLS: Final = 1_000
"""Of a run, one after the other."""

CALLERS: Final = 64
CALLS_OF_A_CALLER: Final = 40

RUNS: Final = 9
BANK: Final = "bank"

CPU_TARGET: Final = Target("≤", 50.0)
"""Microseconds."""

CALLERS_TARGET: Final = Target("≥", 0.9)


@dataclass(frozen=True, slots=True)
class Answerer:
    """A server, and the method and the request that it is called with."""

    server: Child
    method: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Session:
    """Of each run, a call's seconds: of the server's processors; on the clock the median and the 99th percentile."""

    cpu_s: list[float]
    median_s: list[float]
    p99_s: list[float]


def measure(directory: Path, progress: Console) -> Iterator[Figure]:
    """One customer of the scenario *bank* in 100 segments, as columns and as a vector."""
    scenario = bank()
    with pair(directory) as servers:
        attributes = {spec.id: spec.type for spec in scenario.columns}
        define(servers.ours.target, BANK, attributes, {each.id: cel(each.rule) for each in scenario.segments})
        for name, batch, form in (("columns, counts", _columns, COUNTS), ("a vector, lists", _vector, LISTS)):
            progress.print(f"Score of one customer, {name}")
            pair_of = _answerers(servers, score_bytes(BANK, batch(scenario), form), scenario)
            yield from _alone(f"Score, {name}", *pair_of)
            yield from _together(f"Score, {name}, {CALLERS} callers", *pair_of)


def _columns(scenario: Scenario) -> features.FeatureBatch:
    """A customer as the Python client sends lists of one value."""
    columns = []
    for spec in scenario.columns:
        values = scenario.populate(1)[spec.id].tolist()
        if spec.type == INT64:
            columns.append(features.Column(attribute=spec.id, integers=features.IntegerValues(values=values)))
        else:
            columns.append(features.Column(attribute=spec.id, doubles=features.DoubleValues(values=values)))
    return features.FeatureBatch(columns=features.ColumnBatch(columns=columns))


def _vector(scenario: Scenario) -> features.FeatureBatch:
    """A customer as a service that holds one would send it."""
    customer = {id_: values[0] for id_, values in scenario.populate(1).items()}
    integers = [int(customer[spec.id]) for spec in scenario.columns if spec.type == INT64]
    doubles = [float(customer[spec.id]) for spec in scenario.columns if spec.type != INT64]
    vectors = [features.FeatureVector(doubles=doubles, integers=integers)]
    return features.FeatureBatch(vectors=features.VectorBatch(attributes=list(customer), vectors=vectors))


def _answerers(servers: Pair, request: bytes, scenario: Scenario) -> tuple[Answerer, Answerer]:
    """Our server and the bare one, which replies with as many bytes. Raises WrongAnswerError."""
    answer = servers.to_ours.call(SCORE, request)
    customer = scenario.populate(1)
    expected = [int(holds(segment.rule, customer)[0]) for segment in scenario.segments]
    if member_counts(scoring.ScoreResponse.FromString(answer).memberships) != expected:
        raise WrongAnswerError("the customer is in the wrong segments")
    bare.set_replies(servers.to_bare, [len(answer)])
    return Answerer(servers.ours, SCORE, request), Answerer(servers.bare, bare.UNARY, request)


def _alone(name: str, ours: Answerer, limit: Answerer) -> Iterator[Figure]:
    """A caller that waits for each answer, with the two servers in turn."""
    with Connection(ours.server.target) as to_ours, Connection(limit.server.target) as to_bare:
        callers = ((to_ours, ours), (to_bare, limit))
        sessions = {answerer.method: Session([], [], []) for _, answerer in callers}
        for turn in range(RUNS + 1):
            for connection, answerer in callers if turn % 2 else reversed(callers):
                _call(connection, answerer, sessions[answerer.method])
    own, other = (_after_the_first(sessions[answerer.method]) for answerer in (ours, limit))
    yield difference(f"{name}, server CPU", "µs", own.cpu_s, other.cpu_s, peer=BARE, target=CPU_TARGET)
    yield ratio(f"{name}, median latency", "µs", own.median_s, other.median_s, peer=BARE)
    yield ratio(f"{name}, p99 latency", "µs", own.p99_s, other.p99_s, peer=BARE)


def _call(connection: Connection, answerer: Answerer, session: Session) -> None:
    cpu_s = answerer.server.cpu_s()
    moments = [time.perf_counter()]
    moments += [time.perf_counter() for _ in connection.calls(answerer.method, answerer.request, CALLS)]
    session.cpu_s.append((answerer.server.cpu_s() - cpu_s) / CALLS)
    median_s, p99_s = np.quantile(np.diff(moments), (0.5, 0.99))
    session.median_s.append(float(median_s))
    session.p99_s.append(float(p99_s))


def _after_the_first(session: Session) -> Session:
    """Without the run that met cold caches, in microseconds."""

    def micros(seconds: Sequence[float]) -> list[float]:
        return [each * 1e6 for each in seconds[1:]]

    return Session(micros(session.cpu_s), micros(session.median_s), micros(session.p99_s))


def _together(name: str, ours: Answerer, limit: Answerer) -> Iterator[Figure]:
    """Many callers on one connection, each of which waits for its answers."""
    with asyncio.Runner() as runner:
        with_ours, with_bare = (runner.run(_callers(answerer)) for answerer in (ours, limit))
        runs = {
            "ours": Run(lambda: runner.run(with_ours()), ours.server),
            "bare": Run(lambda: runner.run(with_bare()), limit.server),
        }
        taken = in_turn(runs, RUNS)
    calls = CALLERS * CALLS_OF_A_CALLER
    own, other = ([calls / seconds for seconds in taken[which].seconds] for which in ("ours", "bare"))
    cpu_us = {which: float(np.median(each.cpu_s)) / calls * 1e6 for which, each in taken.items()}
    note = f"server CPU {cpu_us['ours']:.0f} µs a call, bare {cpu_us['bare']:.0f} µs"
    yield ratio(name, "calls/s", own, other, peer=BARE, target=CALLERS_TARGET, note=note)


async def _callers(answerer: Answerer) -> Any:
    """What makes all calls, over a channel of the running loop."""
    send: Any = grpc.aio.insecure_channel(answerer.server.target, OPTIONS).unary_unary(answerer.method)

    async def call_often() -> None:
        for _ in range(CALLS_OF_A_CALLER):
            await send(answerer.request)

    async def act() -> None:
        await asyncio.gather(*(call_often() for _ in range(CALLERS)))

    return act
