"""Many ids on one stream: a server in a process of its own neither gathers them nor runs ahead of who reads them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

import grpc
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.wire.processes import Child, started
from segmentd.api.v1 import membership_pb2 as memberships
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.cli.serve import READY
from tests.server.api import Api
from tests.server.bank import MAIN, create_segment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a process's memory is read from /proc")

CUSTOMERS: Final = 200_000
ID_LENGTH: Final = 120
SEGMENTS: Final = 5
STREAM_BYTES: Final = CUSTOMERS * ID_LENGTH * SEGMENTS
"""All ids, once a segment: 120 MB."""

FLAT_BYTES: Final = 48 << 20
"""What a server may need to stream them: the ids of some pages, in several forms at once, and a window's planes."""


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    """A server with customers of long ids, which are all in each of five segments."""
    directory = tmp_path_factory.mktemp("ids")
    ids = pa.array([f"{row:0{ID_LENGTH}}" for row in range(CUSTOMERS)])
    pq.write_table(pa.table({"customer_id": ids, "level": np.arange(CUSTOMERS)}), directory / "customers.parquet")
    command = ["segmentd.cli", "serve", "--port", "0", "--threads", "2", "--data-dir", str(directory / "data")]
    command += ["--population", str(directory / "customers.parquet")]
    with started(command, READY, directory / "log.jsonl") as server:
        yield server


@pytest.fixture(scope="module")
def api(child: Child) -> Iterator[Api]:
    """A connection to it. Everything has been evaluated once, so that what is made once is there."""
    with grpc.insecure_channel(child.target) as channel:
        connected = Api(channel)
        for number in range(SEGMENTS):
            create_segment(connected, f"everybody{number}", f"customer.level >= -{number}")
        _read(connected)
        yield connected


def _everybody(api: Api) -> Any:
    """The pages of the evaluation by id, as they come."""
    form = memberships.MEMBERSHIP_FORM_IDS
    return api.start("EvaluateSegments", scoring.EvaluateSegmentsRequest(parent=MAIN, form=form))


def _read(api: Api) -> tuple[int, int]:
    """The pages and bytes of a whole evaluation, of which nothing is kept."""
    sizes = [page.ByteSize() for page in _everybody(api)]
    return len(sizes), sum(sizes)


def _growth(child: Child, before: int) -> int:
    return child.peak_bytes() - before


def test_memory_stays_flat_while_ids_are_streamed(child: Child, api: Api) -> None:
    """120 MB of ids leave the server without ever being in its memory together."""
    child.forget_peak()
    before = child.resident_bytes()
    _, streamed = _read(api)
    assert streamed >= STREAM_BYTES > 2 * FLAT_BYTES
    assert _growth(child, before) < FLAT_BYTES


def test_a_reader_that_stops_costs_no_memory(child: Child, api: Api) -> None:
    """While a reader takes no more than a page, and others are served, the server does not gather the rest for it."""
    child.forget_peak()
    before = child.resident_bytes()
    slow = _everybody(api)
    first = next(slow)
    for _ in range(3):  # which gives the server time for three times the slow reader's pages
        with grpc.insecure_channel(child.target) as channel:
            pages, streamed = _read(Api(channel))
    assert _growth(child, before) < FLAT_BYTES
    rest = [page.ByteSize() for page in slow]
    assert (1 + len(rest), first.ByteSize() + sum(rest)) == (pages, pytest.approx(streamed, rel=1e-3))
