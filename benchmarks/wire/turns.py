"""Runs of several servers in turn: seconds on the clock, and seconds of the server's processors."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.wire.processes import Child


@dataclass(frozen=True, slots=True)
class Run:
    """What is timed, and the server that does it."""

    act: Callable[[], object]
    server: Child


@dataclass(frozen=True, slots=True)
class Taken:
    """What each round of a run took."""

    seconds: list[float]
    cpu_s: list[float]


def in_turn(runs: Mapping[str, Run], rounds: int) -> dict[str, Taken]:
    """What each run took, one a round, after one that is not counted. The order rotates from round to round."""
    for run in runs.values():
        run.act()
    taken = {name: Taken([], []) for name in runs}
    names = list(runs)
    gc.collect()
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            _measure(runs[name], taken[name])
    return taken


def _measure(run: Run, taken: Taken) -> None:
    cpu_s, start = run.server.cpu_s(), time.perf_counter()
    result = run.act()
    taken.seconds.append(time.perf_counter() - start)
    taken.cpu_s.append(run.server.cpu_s() - cpu_s)
    del result
