"""Timing several ways in turn, so that what else happens on the machine happens to all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

PAUSE_S: Final = 0.02
"""Before each clock: threads of the call before that wait busily, or give memory back, would be charged to the next."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of repeated measurements, and the quartiles on both sides of it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, measured: Sequence[float]) -> Spread:
        """The spread of at least one measurement."""
        low, median, high = np.quantile(measured, (0.25, 0.5, 0.75))
        return cls(float(median), float(low), float(high))


def take_turns(calls: Mapping[str, Callable[[], Any]], rounds: int | Mapping[str, int]) -> dict[str, list[float]]:
    """Seconds of each call, one a round. The order rotates: who comes first finds other caches than who comes last.

    Every call should have been made before, so that buffers have been touched and code is loaded. `rounds` may be given
    by name: who has fewer sits the last ones out.
    """
    names = list(calls)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    wanted = dict.fromkeys(names, rounds) if isinstance(rounds, int) else rounds
    with _without_collection():
        for turn in range(max(wanted.values(), default=0)):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                if turn < wanted[name]:
                    time.sleep(PAUSE_S)
                    seconds[name].append(time_once(calls[name]))
    return seconds


def time_once(call: Callable[[], Any]) -> float:
    """Seconds of a call; what it gives is let go after the clock has stopped."""
    start = time.perf_counter()
    result = call()
    elapsed = time.perf_counter() - start
    del result  # after the clock, and before the next call begins
    return elapsed


@contextmanager
def _without_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
