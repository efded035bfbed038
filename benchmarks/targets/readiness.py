"""How soon a server answers: after it was started, and after a segment was created."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from benchmarks.comparison import WrongAnswerError
from benchmarks.dialects.arrays import holds
from benchmarks.dialects.cel import cel
from benchmarks.rules import Every
from benchmarks.scenarios.bank import COLUMNS, bank
from benchmarks.scenarios.dealing import draw_conditions
from benchmarks.serving import STOP_S, serve_population
from benchmarks.wire.figures import Figure, Target, alone
from segmentd.cli.serve import READY
from segmentd.client import SegmentDefinition

STARTS: Final = 3
CREATED: Final = 11
SEED: Final = 2030


def measure_starts(progress: Console) -> Iterator[Figure]:
    """Seconds from the command to SERVING, with machine code kept from before and without."""
    with tempfile.TemporaryDirectory() as directory:
        progress.print("starting a server without compiled kernels, then with them")
        cache = Path(directory) / "cache"
        cold_s, compiled = _start(Path(directory) / "cold", cache)
        warm = [_start(Path(directory) / f"warm{number}", cache) for number in range(STARTS)]
    if not compiled or any(again for _, again in warm):
        raise WrongAnswerError("the log does not tell a start that compiles from one that does not")
    yield alone("start to SERVING, nothing compiled", "s", [cold_s], target=Target("≤", 30))
    yield alone("start to SERVING, kernels compiled before", "s", [each for each, _ in warm], target=Target("≤", 3))


def _start(data: Path, cache: Path) -> tuple[float, bool]:
    """Seconds until a server says that it is ready, which it does once it serves; whether its log says it compiled."""
    command = [sys.executable, "-m", "segmentd.cli", "serve", "--port", "0", "--data-dir", str(data)]
    environment = os.environ | {"SEGMENTD_CACHE_DIR": str(cache)}
    begun = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline().startswith(READY)
        seconds = time.perf_counter() - begun
        process.terminate()
        _, log = process.communicate(timeout=STOP_S)
    if not ready:
        raise WrongAnswerError(f"no server: {log[-500:]}")
    events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return seconds, any(bool(event.get("compiled")) for event in events)


def measure_first_answers(rows: int, threads: int, progress: Console) -> Iterator[Figure]:
    """Milliseconds from asking a server to create a segment to the right counts of it, both calls through gRPC."""
    progress.print(f"first answers after a segment is created, {rows:,} resident customers")
    scenario = bank()
    columns = scenario.populate(rows)
    random = np.random.default_rng(SEED)
    pool = draw_conditions(random, COLUMNS, 4 * CREATED)
    taken_ms = []
    with (
        tempfile.TemporaryDirectory() as directory,
        serve_population(scenario, columns, Path(directory), threads) as client,
    ):
        for number in range(CREATED):
            rule = Every(tuple(pool[4 * number : 4 * number + 4]))
            begun = time.perf_counter()
            client.create_segment(f"new{number}", SegmentDefinition(cel(rule)))
            answer = client.evaluate(segments=[f"new{number}"])
            taken_ms.append(1e3 * (time.perf_counter() - begun))
            if answer.counts[f"new{number}"].members != int(holds(rule, columns).sum()):
                raise WrongAnswerError(f"segmentd, first answer: wrong members of {cel(rule)}")
    note = "with bounds that no segment had; 100 others are there"
    yield alone(f"first answer to a new segment, {rows:,}", "ms", taken_ms, target=Target("≤", 50), note=note)
