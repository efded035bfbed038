"""How time and memory grow with customers and with segments, and the power that fits each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console

from benchmarks.contenders.contender import Question
from benchmarks.contenders.resident import ResidentEngine
from benchmarks.rounds import time_once
from benchmarks.scenarios.bank import bank
from benchmarks.scenarios.dealing import Size
from segmentd.engine import warm

ROOT: Final = Path(__file__).parents[1]
ROWS: Final = (1_000_000, 2_000_000, 4_000_000, 8_000_000)
SEGMENTS: Final = (10, 30, 100, 300, 1_000)
SEGMENT_ROWS: Final = 2_000_000
"""Customers while segments grow."""
RUNS: Final = 9
CONDITIONS: Final = 4.0
DISTINCT: Final = 1.3
"""Conditions a segment, and of them those that no other has: the numbers of *platform*."""


@dataclass(frozen=True, slots=True)
class Point:
    """A size and what it takes: seconds (median) of counts and planes, bytes above what there was before.

    `memory_bytes` is the most that the process held while columns were taken in, coded and asked for planes, without
    the raw columns themselves.
    """

    size: int
    counts_s: float
    planes_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Points along a size."""

    along: str
    points: tuple[Point, ...]

    def exponent(self, measure: str) -> float:
        """The power of the size that a measure grows with, as a line through logarithms has it."""
        sizes = np.log([point.size for point in self.points])
        values = np.log([max(getattr(point, measure), 1e-9) for point in self.points])
        return float(np.polyfit(sizes, values, 1)[0])

    def to_json(self) -> dict[str, Any]:
        """Points and exponents."""
        names = ("counts_s", "planes_s", "memory_bytes")
        return {
            "along": self.along,
            "points": [{"size": each.size} | {name: getattr(each, name) for name in names} for each in self.points],
            "exponents": {name: round(self.exponent(name), 3) for name in names},
        }


def measure(threads: int, progress: Console, scale: float = 1.0) -> Iterator[Growth]:
    """Along customers, 100 segments; along segments, two million customers. `scale` shrinks the customers."""
    progress.print("growth along customers")
    yield Growth("customers", tuple(_along_rows([int(scale * rows) for rows in ROWS], threads)))
    progress.print("growth along segments")
    yield Growth("segments", tuple(_along_segments(int(scale * SEGMENT_ROWS), threads)))


def _along_rows(rows: Sequence[int], threads: int) -> Iterator[Point]:
    for each in rows:
        yield replace(_measure_apart(each, Size(100, 391, 210), threads), size=each)


def _along_segments(rows: int, threads: int) -> Iterator[Point]:
    for segments in SEGMENTS:
        yield _measure_apart(rows, Size(segments, int(CONDITIONS * segments), int(DISTINCT * segments)), threads)


def _measure_apart(rows: int, size: Size, threads: int) -> Point:
    """A point in a process of its own: what others have allocated and given back would blur the memory."""
    numbers = (rows, size.segments, size.conditions, size.distinct, threads)
    command = [sys.executable, "-m", "benchmarks.growth", *map(str, numbers)]
    finished = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own
    return Point(**json.loads(finished.stdout))


def main() -> None:
    """Print the point of the numbers in the command line as JSON."""
    rows, segments, conditions, distinct, threads = map(int, sys.argv[1:])
    warm()
    scenario = bank(segments=segments, conditions=conditions, distinct=distinct)
    population = scenario.draw(rows)
    before = reset_peak()
    with closing(ResidentEngine(scenario, population, threads)) as engine:
        counts_s, planes_s = (_seconds(engine, question) for question in (Question.COUNTS, Question.PLANES))
    print(json.dumps(asdict(Point(segments, counts_s, planes_s, max(peak_bytes() - before, 1)))))


def _seconds(engine: ResidentEngine, question: Question) -> float:
    (way,) = engine.ways(question)
    way.ask()
    return float(np.median([time_once(way.ask) for _ in range(RUNS)]))


def reset_peak() -> int:
    """Bytes that the process holds now; from now on the peak is counted anew, where the system can do that."""
    refs = Path("/proc/self/clear_refs")
    if refs.exists():
        refs.write_text("5")
    return _status("VmRSS")


def peak_bytes() -> int:
    """The most bytes that the process has held since the peak was reset."""
    return _status("VmHWM")


def _status(name: str) -> int:
    status = Path("/proc/self/status")
    lines = status.read_text("utf-8").splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)


if __name__ == "__main__":
    main()
