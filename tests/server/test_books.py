"""The facts of a data directory as its server has them: open before it serves, told in its log, refused if damaged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.v1 import record_pb2 as records
from segmentd.client import Client, SegmentdCallError
from segmentd.facts.journal import FactsDamagedError
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from segmentd.server.logs import LOGGER
from tests.server.api import Api
from tests.server.bank import MAIN


@contextmanager
def running(directory: Path) -> Iterator[tuple[Server, Api]]:
    """A server on the directory."""
    config = ServerConfig(data_dir=directory, port=0, threads=1, drain_s=1.0)
    with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield server, Api(channel)


class Events(logging.Handler):
    """The fields of all events, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the event."""
        self.heard.append((record.getMessage(), getattr(record, "fields", {})))


@pytest.fixture
def events() -> Iterator[Events]:
    """What the server logs."""
    handler, level = Events(), LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    yield handler
    LOGGER.removeHandler(handler)
    LOGGER.setLevel(level)


def write(api: Api, ids: list[str], batch_id: str) -> pb.WriteResult:
    """Write customers of these ids into ledger `main`."""
    rows = records.RecordRows(customers=[records.Customer(id=id_) for id_ in ids])
    batch = records.RecordBatch(kind=records.RECORD_KIND_CUSTOMER, rows=rows)
    (answer,) = api.call("WriteRecords", [pb.WriteRecordsRequest(parent=MAIN, batch_id=batch_id, batch=batch)])
    assert answer.HasField("result"), answer
    result: pb.WriteResult = answer.result
    return result


def fill(directory: Path) -> None:
    """Create ledger `main` with two customers whose checkpoint is made, and one in the journal."""
    with running(directory) as (server, api):
        ledger = pb.Ledger(currency_code="EUR")
        api.call("CreateLedger", pb.CreateLedgerRequest(ledger_id="main", ledger=ledger))
        write(api, ["secret-1", "secret-2"], "first")
        server._books.ingestion.scrub("main").result(60)
        write(api, ["secret-3"], "second")


def test_facts_are_open_when_the_server_serves(tmp_path: Path, events: Events) -> None:
    """The log says what was read and replayed before it says serving, and no id; batches are known as before."""
    fill(tmp_path)
    (made,) = [fields for event, fields in events.heard if event == "checkpoint"]
    assert (made["ledger"], made["version"]) == ("main", 1)
    events.heard.clear()
    with running(tmp_path) as (_, api):
        names = [event for event, _ in events.heard]
        assert names.index("facts") < names.index("serving")
        opened = dict(events.heard)["facts"]
        assert {name: opened[name] for name in ("ledger", "version", "rows", "replayed")} == {
            "ledger": "main",
            "version": 2,
            "rows": 2,
            "replayed": 1,
        }
        assert made["bytes"] >= opened["bytes"] > 0  # what is kept of the past is read when it is asked for
        assert opened["seconds"] >= 0
        again = write(api, ["secret-3"], "second")
        assert (again.repeated, again.data_version, again.inserted_count) == (True, 2, 1)
        assert write(api, ["secret-4"], "third").data_version == 3
    assert "secret" not in str(events.heard)


def test_a_damaged_checkpoint_keeps_the_server_from_starting(tmp_path: Path) -> None:
    """The start fails with the file's name; put back, the server starts with all that was written."""
    fill(tmp_path)
    path = max((tmp_path / "facts").rglob("*.arrow"), key=lambda path: path.stat().st_size)
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(FactsDamagedError, match=path.name):
        running(tmp_path).__enter__()
    path.write_bytes(content)
    with running(tmp_path) as (_, api):
        assert write(api, ["secret-1", "secret-3", "new"], "").unchanged_count == 2


def test_a_mark_that_was_lost_is_told(tmp_path: Path, events: Events) -> None:
    """Once for each database; the server starts with all that it had."""
    fill(tmp_path)
    marks = ("facts.mark", "segmentd.mark")
    for name in marks:
        (tmp_path / name).unlink()
    for _ in range(2):
        with running(tmp_path) as (_, api):
            assert write(api, ["secret-1", "secret-3"], "").unchanged_count == 2
        told = [event for event, _ in events.heard if event.endswith("unguarded")]
        assert sorted(told) == ["definitions_unguarded", "facts_unguarded"]
    assert all((tmp_path / name).exists() for name in marks)


def test_what_happens_in_the_background_is_told(tmp_path: Path, events: Events) -> None:
    """A checkpoint that fails, and facts of a ledger that the definitions lack, without stopping anything."""
    fill(tmp_path)
    for name in ("segmentd.sqlite3", "segmentd.mark"):
        (tmp_path / name).unlink()
    with running(tmp_path) as (server, api):
        assert ("facts_unknown", {"ledger": "main"}) in events.heard
        api.call(
            "CreateLedger",
            pb.CreateLedgerRequest(ledger_id="other", ledger=pb.Ledger(currency_code="EUR")),
        )
        (tmp_path / "facts" / "other").write_text("in the way")
        rows = records.RecordRows(customers=[records.Customer(id="secret-5")])
        batch = records.RecordBatch(kind=records.RECORD_KIND_CUSTOMER, rows=rows)
        api.call("WriteRecords", [pb.WriteRecordsRequest(parent="ledgers/other", batch=batch)])
        assert server._books.ingestion.scrub("other").exception(60) is not None
    (failed,) = [fields for event, fields in events.heard if event == "checkpoint_failed"]
    assert (failed["ledger"], failed["error"]) == ("other", "StoreFailedError")
    assert "secret" not in str(events.heard)


def test_a_new_ledger_takes_over_nobodys_records(tmp_path: Path) -> None:
    """Where the definitions are lost and the records are not, no ledger of the same id is created over them."""
    config = ServerConfig(data_dir=tmp_path, port=0, threads=1)
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as client:
        client.create_ledger("main", currency_code="EUR")
        client.write_records("customer", [{"id": "a"}])
    for name in ("segmentd.sqlite3", "segmentd.mark"):
        (tmp_path / name).unlink()
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as client:
        with pytest.raises(SegmentdCallError) as raised:
            client.create_ledger("main", currency_code="JPY")
        assert raised.value.reason == "ALREADY_EXISTS"
        assert "put back the database" in str(raised.value)
        client.create_ledger("other", currency_code="JPY")
