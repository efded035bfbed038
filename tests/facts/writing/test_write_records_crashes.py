"""What was acknowledged is there after a restart and after `kill -9`, and nothing is there twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc
import pytest

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.v1.ledger_service_pb2 import WriteResult
from segmentd.cli.child import Child, serving
from segmentd.client import Client
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from tests.facts.decoding.records import FORMS, KINDS, NOON
from tests.facts.writing.streams import (
    accounts,
    counts,
    customers,
    make_ledger,
    request,
    results,
    transactions,
    write,
)
from tests.server.api import Api

LEDGER: Final = "main"
KILLS: Final = 10
STREAMS: Final = 3
ROWS: Final = 5
AHEAD: Final = 20
"""Batches that a stream sends before the first of them is answered."""
PATIENCE_S: Final = 2.0
"""How long a stream waits for an answer, after which the server is gone."""


@contextlib.contextmanager
def api_of(target: str) -> Iterator[Api]:
    """The API of a server."""
    with grpc.insecure_channel(target) as channel:
        yield Api(channel)


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    """Every record is as it was, the version goes on, and batch ids are known."""
    config = ServerConfig(data_dir=tmp_path, port=0, threads=1)
    with running_server(config) as server, api_of(f"127.0.0.1:{server.port}") as api:
        make_ledger(server.port, LEDGER).close()
        for kind, rows in KINDS.items():
            write(api, LEDGER, FORMS["columns"](kind, rows), batch_id=kind)
    with running_server(config) as server, api_of(f"127.0.0.1:{server.port}") as api:
        for place, (kind, rows) in enumerate(KINDS.items(), 1):
            (told,) = write(api, LEDGER, FORMS["arrow"](kind, rows), batch_id=kind)
            assert (told.repeated, told.data_version, told.inserted_count) == (True, place, len(rows))
            (again,) = write(api, LEDGER, FORMS["arrow"](kind, rows))
            assert counts(again) == (0, 0, len(rows), 0, 0)
        (new,) = write(api, LEDGER, customers("one more"))
        assert new.data_version == len(KINDS) + 1


@dataclass
class Told:
    """What was sent and what was acknowledged, by batch id."""

    sent: dict[str, pb.WriteRecordsRequest] = field(default_factory=dict)
    acknowledged: dict[str, WriteResult] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    enough: threading.Event = field(default_factory=threading.Event)
    until: int = 0

    def batches(self, stream: str, room: threading.Semaphore) -> Iterator[pb.WriteRecordsRequest]:
        """Batches of customers and of transactions in turns, each with an id of its own, while there is room."""
        number = 0
        while room.acquire(timeout=PATIENCE_S):
            batch_id = f"{stream}-{number}"
            ids = [f"{batch_id}-{row}" for row in range(ROWS)]
            rows = [{"id": id_, "account": "a", "booking_time": NOON, "amount": number} for id_ in ids]
            batch = customers(*ids) if number % 2 else transactions(rows)
            asked = request(LEDGER, batch, batch_id=batch_id)
            with self.lock:
                self.sent[batch_id] = asked
            yield asked
            number += 1

    def note(self, result: WriteResult) -> None:
        """Keep what was acknowledged, and say when it is enough."""
        with self.lock:
            self.acknowledged[result.batch_id] = result
            if len(self.acknowledged) >= self.until:
                self.enough.set()


def write_until_killed(child: Child, told: Told, stream: str) -> None:
    """Write batches, some ahead of their answers, until the server is gone."""
    room = threading.Semaphore(AHEAD)
    with api_of(child.target) as api, contextlib.suppress(grpc.RpcError):
        for answer in api.start("WriteRecords", told.batches(stream, room), timeout_s=60):
            told.note(answer.result)
            room.release()


def check(api: Api, told: Told) -> None:
    """Batches that were acknowledged are answered as they were; those only sent are there wholly, or not at all."""
    ids = list(told.sent)
    answers = results(api.call("WriteRecords", [told.sent[id_] for id_ in ids]))
    for id_, answer in zip(ids, answers, strict=True):
        known = told.acknowledged.get(id_)
        assert answer.inserted_count == ROWS
        if known is not None:
            assert answer.repeated, id_
            assert (counts(answer), answer.data_version) == (counts(known), known.data_version)
        told.acknowledged[id_] = answer


@pytest.mark.timeout(900)
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    """Ten kills under three writers: no acknowledged batch is lost, none is there in part, and none twice."""
    chance = random.Random(11)  # noqa: S311 - the same kills in each run
    options = ["--data-dir", str(tmp_path / "data")]
    with serving(options, tmp_path / "log") as child, Client(child.target) as client:
        client.create_ledger(LEDGER, currency_code="EUR")
        with api_of(child.target) as api:
            write(api, LEDGER, accounts("a"))
    told = Told()
    for kill in range(KILLS):
        with serving(options, tmp_path / "log") as child, api_of(child.target) as api:
            check(api, told)
            told.until, told.enough = len(told.acknowledged) + chance.randrange(1, 60), threading.Event()
            with ThreadPoolExecutor(STREAMS) as writers:
                for stream in range(STREAMS):
                    writers.submit(write_until_killed, child, told, f"{kill}-{stream}")
                assert told.enough.wait(60)
                os.kill(child.pid, signal.SIGKILL)
    with serving(options, tmp_path / "log") as child, api_of(child.target) as api, Client(child.target) as client:
        check(api, told)
        versions = [answer.data_version for answer in told.acknowledged.values()]
        assert sorted(versions) == list(range(2, len(told.sent) + 2))
        ledger = client.get_ledger(LEDGER)
        assert ledger.data_version == len(told.sent) + 1
        assert ledger.customer_count == ROWS * sum(int(id_.rpartition("-")[2]) % 2 for id_ in told.sent)
        for asked in told.sent.values():
            asked.batch_id = ""
        for answer in results(api.call("WriteRecords", list(told.sent.values()))):
            assert counts(answer) == (0, 0, ROWS, 0, 0)
