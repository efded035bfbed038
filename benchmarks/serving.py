"""A real server in a process of its own on a loopback port, with a scenario's population and segments."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.dialects.cel import cel
from benchmarks.population import Values
from benchmarks.scenario import Scenario
from segmentd.cli.serve import READY
from segmentd.client import Client, SegmentDefinition

LOG_END = 2_000
"""Characters of a log that an error shows."""
STOP_S = 30.0
"""How long the server may take to end."""


class ServerEndedError(Exception):
    """The server ended before it served; the end of its log says why."""


@contextmanager
def serve_population(
    scenario: Scenario, columns: Mapping[str, Values], directory: Path, threads: int
) -> Iterator[Client]:
    """A client of a server that holds the columns and knows the segments. The directory gets its files and its log.

    Raises ServerEndedError.
    """
    population = directory / "customers.parquet"
    pq.write_table(_with_ids(columns), population)
    with _started(directory, population, threads) as target, Client(target) as client:
        for segment in scenario.segments:
            client.create_segment(segment.id, SegmentDefinition(cel(segment.rule)))
        yield client


def _with_ids(columns: Mapping[str, Values]) -> pa.Table:
    rows = len(next(iter(columns.values())))
    numbers = pa.array(np.arange(rows)).cast(pa.string())
    return pa.table({"customer_id": pc.utf8_lpad(numbers, 9, "0")} | dict(columns))


@contextmanager
def _started(directory: Path, population: Path, threads: int) -> Iterator[str]:
    """The address of the server, once it takes requests."""
    command = [sys.executable, "-m", "segmentd.cli", "serve", "--port", "0", "--threads", str(threads)]
    command += ["--data-dir", str(directory / "data"), "--population", str(population)]
    path = directory / "log.jsonl"
    with path.open("w") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:  # noqa: S603 - our own command
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith(READY):
                raise ServerEndedError(f"no server; the end of its log:\n{path.read_text()[-LOG_END:]}")
            yield line.removeprefix(READY).strip()
        finally:
            process.terminate()
            process.wait(STOP_S)
