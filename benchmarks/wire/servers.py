"""The servers of a run, each in a process of its own: ours with its definitions, the bare one, Flight with Polars."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.wire import bare, flight
from benchmarks.wire.connection import Connection
from benchmarks.wire.processes import Child, started
from segmentd.cli.serve import READY
from segmentd.client import AttributeDefinition, Client, SegmentDefinition
from segmentd.schema import DataType

THREADS: Final = 2
"""Of our engine and of Polars."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Our server and the bare one, with a connection to each."""

    ours: Child
    bare: Child
    to_ours: Connection
    to_bare: Connection


@contextmanager
def pair(directory: Path, population: Path | None = None) -> Iterator[Pair]:
    """Both servers; ours with a population if there is one. The directory gets what they write."""
    command = ["segmentd.cli", "serve", "--port", "0", "--threads", str(THREADS)]
    command += ["--data-dir", str(directory / "data")]
    command += [] if population is None else ["--population", str(population)]
    with ExitStack() as stack:
        ours = stack.enter_context(started(command, READY, directory / "segmentd.log"))
        limit = stack.enter_context(started(["benchmarks.wire.bare"], bare.READY, directory / "bare.log"))
        to_ours, to_bare = (stack.enter_context(Connection(child.target)) for child in (ours, limit))
        yield Pair(ours, limit, to_ours, to_bare)


@contextmanager
def with_keeping_bare(servers: Pair, directory: Path) -> Iterator[Pair]:
    """Our server and another bare one, which treats freed memory as ours does."""
    with (
        started(["benchmarks.wire.bare", bare.KEEP], bare.READY, directory / "keeping.log") as child,
        Connection(child.target) as connection,
    ):
        yield replace(servers, bare=child, to_bare=connection)


@contextmanager
def flight_server(directory: Path) -> Iterator[Child]:
    """The Flight server, its Polars with as many threads as our engine."""
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)  # the child has our environment
    with started(["benchmarks.wire.flight"], flight.READY, directory / "flight.log") as child:
        yield child


def define(target: str, ledger: str, attributes: Mapping[str, DataType], segments: Mapping[str, str]) -> None:
    """Make a ledger with given attributes of customers, and with segments by their expressions."""
    with Client(target, ledger=ledger) as client:
        client.create_ledger(ledger, currency_code="EUR")
        for attribute, type_ in attributes.items():
            client.create_attribute(f"customer.{attribute}", AttributeDefinition(type_))
    add_segments(target, ledger, segments)


def add_segments(target: str, ledger: str, segments: Mapping[str, str]) -> None:
    """Create segments by their expressions."""
    with Client(target, ledger=ledger) as client:
        for segment, expression in segments.items():
            client.create_segment(segment, SegmentDefinition(expression))
