"""A reader of EvaluateSegments that stops, and one that is slow: how far the server runs ahead of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.wire.connection import STEADY, Connection
from benchmarks.wire.figures import Figure, Target, alone
from benchmarks.wire.processes import Child, Memory
from benchmarks.wire.requests import EVALUATE
from benchmarks.wire.servers import Pair
from segmentd.api.v1 import scoring_service_pb2 as scoring

MEMORY_TARGET: Final = Target("≤", 64.0)
"""MiB beyond what the server holds when idle: planes of a window, some pages of 1 MiB, what the connection holds."""

AHEAD_TARGET: Final = Target("≤", 8.0)
"""Pages: one that is made, and what the connection holds, whose buffers may take some MiB."""

PAUSE_S: Final = 0.01
"""Of the slow reader, after each page."""

QUIET_S: Final = 0.3
QUIET_CPU_SHARE: Final = 0.01
"""A server that uses no more of a processor for so long has stopped working."""


@dataclass(frozen=True, slots=True)
class Page:
    """When a page was made, as the server says, and when it was taken: seconds since the call began."""

    made_s: float
    taken_s: float


def slow_reader(servers: Pair, request: bytes) -> Iterator[Figure]:
    """How far the server runs ahead of a reader that takes a page and stops, then reads slowly."""
    memory = Memory.of(servers.ours)
    with Connection(servers.ours.target, STEADY) as connection:
        start = time.perf_counter()
        stream = connection.stream(EVALUATE, request)
        pages = [_taken(next(stream), start)]
        _wait_until_idle(servers.ours)
        resumed_s = time.perf_counter() - start
        for page in stream:
            pages.append(_taken(page, start))
            time.sleep(PAUSE_S)
    stopped = sum(page.made_s < resumed_s for page in pages) - 1
    note = f"of {len(pages)} pages"
    yield alone(
        "EvaluateSegments, pages made for a reader that stopped", "pages", [stopped], target=AHEAD_TARGET, note=note
    )
    ahead = [_ahead(pages, index) for index in range(len(pages))]
    yield alone("EvaluateSegments, pages ahead of a slow reader", "pages", [max(ahead)], target=AHEAD_TARGET, note=note)
    yield alone("EvaluateSegments, slow reader, memory", "MiB", [memory.growth_mib()], target=MEMORY_TARGET)


def _taken(page: bytes, start: float) -> Page:
    elapsed = scoring.EvaluateSegmentsResponse.FromString(page).progress.elapsed
    return Page(elapsed.seconds + elapsed.nanos / 1e9, time.perf_counter() - start)


def _ahead(pages: Sequence[Page], index: int) -> int:
    """Pages that were made and not taken when the page of this index was taken."""
    return sum(page.made_s < pages[index].taken_s for page in pages[index + 1 :])


def _wait_until_idle(server: Child) -> None:
    while True:
        cpu_s = server.cpu_s()
        time.sleep(QUIET_S)
        if server.cpu_s() - cpu_s < QUIET_CPU_SHARE * QUIET_S:
            return
