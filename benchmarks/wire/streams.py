"""StreamScores: bytes a second against the bare rows a second against Flight with Polars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from rich.console import Console

from benchmarks.wire.exchange import WrongAnswerError, bare_run, check, count_members, fitting, score_run
from benchmarks.wire.figures import BARE, Figure, Target, ratio
from benchmarks.wire.flight import DOUBLES, FlightCounts
from benchmarks.wire.processes import Child
from benchmarks.wire.questions import Planes, doubles, expected_planes, segments
from benchmarks.wire.requests import COUNTS, PLANES, STREAM_SCORES, raw_columns, stream_bytes, vectors
from benchmarks.wire.servers import Pair, define, flight_server, pair, with_keeping_bare
from benchmarks.wire.turns import Run, Taken, in_turn
from segmentd.schema import DOUBLE

ROWS: Final = 65_536
"""Of a batch."""

LEDGER: Final = "doubles"
STREAM_S: Final = 0.3
ROUNDS: Final = 9

COLUMNS_TARGET: Final = Target("≥", 0.85)
VECTORS_TARGET: Final = Target("≥", 0.8)
FLIGHT_TARGET: Final = Target("≥", 1.0)
KEEPING: Final = "bare gRPC with our allocator settings"
FLIGHT: Final = "Flight + Polars"


@dataclass(frozen=True, slots=True)
class Batch:
    """A request of a stream, by name, and how much of the bare exchange's bytes a second it has to reach."""

    name: str
    request: bytes
    target: Target


@dataclass(frozen=True, slots=True)
class FlightPeer:
    """The Flight server and a client of it."""

    server: Child
    client: FlightCounts

    def run(self, batches: int) -> Run:
        """The same batches as counts."""
        return Run(lambda: self.client.counts(batches), self.server)


def measure(directory: Path, progress: Console) -> Iterator[Figure]:
    """Batches as columns and as vectors, as counts and as planes.

    Raises WrongAnswerError before anything is timed.
    """
    values = doubles(ROWS)
    columns = {f"{DOUBLES}{index}": column for index, column in enumerate(values)}
    expected = expected_planes(values)
    with (
        pair(directory) as servers,
        with_keeping_bare(servers, directory) as keeping,
        flight_server(directory) as flight,
    ):
        expressions = {segment.id: segment.cel(DOUBLES, lambda bound: f"{bound}.0") for segment in segments()}
        define(servers.ours.target, LEDGER, dict.fromkeys(columns, DOUBLE), expressions)
        peer = FlightPeer(flight, FlightCounts(flight.target, pa.RecordBatch.from_pydict(columns)))
        _check_peer(peer, expected)
        shapes = (("columns", raw_columns(columns), COLUMNS_TARGET), ("vectors", vectors(columns), VECTORS_TARGET))
        for shape, features, target in shapes:
            for answer, form in (("counts", COUNTS), ("planes", PLANES)):
                progress.print(f"StreamScores, {shape}, {answer}")
                request = stream_bytes(LEDGER, features, form)
                batch = Batch(f"StreamScores, {shape}, {answer}", request, target)
                check(servers.to_ours.exchange(STREAM_SCORES, request, 3), form, expected)
                yield from _compare((servers, keeping), batch, peer if (shape, form) == ("columns", COUNTS) else None)
        peer.client.close()


def _check_peer(peer: FlightPeer, expected: Planes) -> None:
    if any(counts != count_members(expected) for counts in peer.client.counts(2)):
        raise WrongAnswerError(f"{FLIGHT}: wrong counts")


def _compare(pairs: tuple[Pair, Pair], batch: Batch, peer: FlightPeer | None) -> Iterator[Figure]:
    servers, keeping = pairs
    batches = fitting(servers, batch.request, STREAM_S)
    runs = {
        "ours": score_run(servers, batch.request, batches),
        "bare": bare_run(servers, batch.request, batches),
        "keeping": bare_run(keeping, batch.request, batches),
    }
    taken = in_turn(runs if peer is None else runs | {"flight": peer.run(batches)}, ROUNDS)
    megabytes = batches * len(batch.request) / 1e6
    ours, limit, kept = (_rates(megabytes, taken[name]) for name in ("ours", "bare", "keeping"))
    note = cpu_note(taken, batches)
    yield ratio(batch.name, "MB/s", ours, limit, peer=BARE, target=batch.target, note=note)
    yield ratio(f"{batch.name}, against {KEEPING}", "MB/s", ours, kept, peer=KEEPING)
    if peer is not None:
        rows = batches * ROWS / 1e6
        ours, theirs = (_rates(rows, taken[name]) for name in ("ours", "flight"))
        yield ratio(f"{batch.name}, rows", "M rows/s", ours, theirs, peer=FLIGHT, target=FLIGHT_TARGET)


def _rates(amount: float, taken: Taken) -> Sequence[float]:
    return [amount / seconds for seconds in taken.seconds]


def cpu_note(taken: dict[str, Taken], batches: int) -> str:
    """What a batch costs each server."""
    ours, limit = (float(np.median(taken[name].cpu_s)) / batches * 1e3 for name in ("ours", "bare"))
    return f"server CPU {ours:.2f} ms a batch, bare {limit:.2f} ms"
