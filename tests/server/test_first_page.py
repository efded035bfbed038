"""The first page of an evaluation does not wait for the rest of the population."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Final

import grpc
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentd.api.v1 import membership_pb2 as memberships
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from tests.server.api import Api
from tests.server.bank import MAIN, create_segment

CUSTOMERS: Final = 500_000
FORMS = memberships.MembershipForm


@pytest.fixture(scope="module")
def large_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with half a million customers, of whom every second one is a member."""
    directory = tmp_path_factory.mktemp("large")
    rows = np.arange(CUSTOMERS)
    ids = pa.array(rows).cast(pa.string())
    pq.write_table(pa.table({"customer_id": ids, "level": rows}), directory / "customers.parquet")
    population = directory / "customers.parquet"
    config = ServerConfig(data_dir=directory / "data", port=0, threads=2, drain_s=1.0, population=population)
    with running_server(config) as server:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            create_segment(Api(channel), "even", "customer.level % 2 == 0")
        yield server


class Barrier:
    """Lets the first run of the engine pass and holds the next ones until it is opened."""

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.first_rows = 0
        self._open = threading.Event()
        self._run = server._engine.run
        monkeypatch.setattr(server._engine, "run", self._held)

    def open(self) -> None:
        """Let all runs pass."""
        self._open.set()

    def _held(self, bound: Any, start: int, stop: int, **options: Any) -> Any:
        if self.first_rows:
            assert self._open.wait(30)
        self.first_rows = self.first_rows or stop - start
        return self._run(bound, start, stop, **options)


@pytest.mark.parametrize("form", [FORMS.MEMBERSHIP_FORM_IDS, FORMS.MEMBERSHIP_FORM_LISTS])
def test_the_first_page_comes_after_the_first_rows(
    large_server: Server, monkeypatch: pytest.MonkeyPatch, form: FORMS.ValueType
) -> None:
    """A page is there when a seventh of the rows has been evaluated at most, and while the others cannot be."""
    barrier = Barrier(large_server, monkeypatch)
    with grpc.insecure_channel(f"127.0.0.1:{large_server.port}") as channel:
        pages = Api(channel).start("EvaluateSegments", scoring.EvaluateSegmentsRequest(parent=MAIN, form=form))
        try:
            first = next(pages)
            assert 0 < first.memberships.row_count <= barrier.first_rows <= CUSTOMERS // 7
        finally:
            barrier.open()
        *_, last = pages
    assert last.totals[0].member_count == CUSTOMERS // 2
