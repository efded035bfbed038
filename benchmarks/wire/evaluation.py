"""EvaluateSegments by id over two million customers: the first page, ids a second, memory, and a slow reader."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console

from benchmarks.wire import bare
from benchmarks.wire.exchange import WrongAnswerError
from benchmarks.wire.figures import BARE, Figure, Target, alone, ratio
from benchmarks.wire.processes import MEBIBYTE, Memory
from benchmarks.wire.requests import ARROW, EVALUATE, IDS, evaluate_bytes
from benchmarks.wire.servers import Pair, add_segments, pair
from benchmarks.wire.slow_reader import MEMORY_TARGET, slow_reader
from benchmarks.wire.turns import Run, in_turn
from segmentd.api.v1 import membership_pb2
from segmentd.api.v1 import scoring_service_pb2 as scoring

CUSTOMERS: Final = 2_000_000
MEMBERS: Final = 1_000_000
SEGMENTS: Final = 8
"""Of a million members each: what is asked of all of them is eight times as long."""

ROUNDS: Final = 9

FIRST_PAGE_TARGET: Final = Target("≤", 20.0)
"""Milliseconds."""


def measure(directory: Path, progress: Console) -> Iterator[Figure]:
    """All of it, on one server. Raises WrongAnswerError before anything is timed."""
    population = directory / "customers.parquet"
    expected = _write_customers(population)
    segments = {f"half{index}": f"customer.place < {MEMBERS} + {index}" for index in range(SEGMENTS)}
    with pair(directory, population) as servers:
        add_segments(servers.ours.target, "main", segments)
        one, all_of_them = (evaluate_bytes(asked, IDS) for asked in (["half0"], list(segments)))
        table = evaluate_bytes(["half0"], ARROW)
        progress.print("EvaluateSegments by id")
        _check(servers.to_ours.stream(EVALUATE, one), expected)
        _check(servers.to_ours.stream(EVALUATE, table), expected)
        for name, request in (("a segment", one), (f"{SEGMENTS} segments", all_of_them)):
            title = f"EvaluateSegments, ids of {name}, first page"
            yield alone(title, "ms", _first_pages(servers, request), target=FIRST_PAGE_TARGET)
        yield _throughput(servers, "EvaluateSegments, ids", one)
        yield _throughput(servers, "EvaluateSegments, ids as Arrow tables", table)
        for name, request, members in (("1 M", one, 1), ("8 M", all_of_them, SEGMENTS)):
            yield _memory(servers, f"EvaluateSegments, {name} ids, memory", request, members * MEMBERS)
        yield from slow_reader(servers, all_of_them)


def _write_customers(path: Path) -> Sequence[str]:
    """Customers in random places, of which the first million are the members; the members' ids, in row order."""
    places = np.random.default_rng(2024).permutation(CUSTOMERS)
    ids = pc.binary_join_element_wise(
        "customer", pc.utf8_lpad(pa.array(np.arange(CUSTOMERS)).cast("string"), 9, "0"), "-"
    )
    pq.write_table(pa.table({"customer_id": ids, "place": places}), path)
    members: list[str] = ids.filter(pa.array(places < MEMBERS)).to_pylist()
    return members


def _check(pages: Iterator[bytes], expected: Sequence[str]) -> None:
    messages = [scoring.EvaluateSegmentsResponse.FromString(page) for page in pages]
    found = [id_ for message in messages for id_ in _member_ids(message.memberships)]
    if found != expected or messages[-1].totals[0].member_count != len(expected):
        raise WrongAnswerError("the ids are not those of the members")


def _member_ids(memberships: membership_pb2.Memberships) -> Sequence[str]:
    """The ids of a page, of its table if it has one."""
    if not memberships.table:
        return [id_ for segment in memberships.segments for id_ in segment.ids.member_ids]
    ids: list[str] = pa.ipc.open_stream(memberships.table).read_all().column("id").to_pylist()
    return ids


def _first_pages(servers: Pair, request: bytes) -> list[float]:
    """Milliseconds to the first page, over and over."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        pages = servers.to_ours.stream(EVALUATE, request)
        next(pages)
        found.append((time.perf_counter() - start) * 1e3)
        for _page in pages:  # so that the next call finds an idle server
            pass
    return found


def _throughput(servers: Pair, name: str, request: bytes) -> Figure:
    """Ids a second, against a bare stream of pages of the same bytes."""
    sizes = [len(page) for page in servers.to_ours.stream(EVALUATE, request)]
    bare.set_replies(servers.to_bare, sizes)
    runs = {
        "ours": Run(lambda: list(servers.to_ours.stream(EVALUATE, request)), servers.ours),
        "bare": Run(lambda: list(servers.to_bare.stream(bare.STREAM, request)), servers.bare),
    }
    taken = in_turn(runs, ROUNDS)
    ours, limit = ([MEMBERS / seconds / 1e6 for seconds in taken[which].seconds] for which in ("ours", "bare"))
    cpu_ms = float(np.median(taken["ours"].cpu_s)) * 1e3
    note = f"{len(sizes)} pages, {sum(sizes) / 1e6:.1f} MB, server CPU {cpu_ms:.0f} ms a million ids"
    return ratio(name, "M ids/s", ours, limit, peer=BARE, note=note)


def _memory(servers: Pair, name: str, request: bytes, ids: int) -> Figure:
    """How much more memory the server takes while it streams, read as fast as it comes."""
    growths, size = [], 0
    for _ in range(3):
        memory = Memory.of(servers.ours)
        size = sum(len(page) for page in servers.to_ours.stream(EVALUATE, request))
        growths.append(memory.growth_mib())
    note = f"beyond {memory.idle_bytes / MEBIBYTE:,.0f} MiB at rest, for {ids / 1e6:.0f} M ids of {size / 1e6:.0f} MB"
    return alone(name, "MiB", growths, target=MEMORY_TARGET, note=note)
