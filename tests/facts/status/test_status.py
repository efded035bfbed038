"""The status of a ledger tells what was written, what is on disk of it, and what waits."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segmentd.cli.main import app
from segmentd.client import Client
from segmentd.client.records import RecordKind
from segmentd.facts.journal import Entry, Traces
from segmentd.facts.records import WriteOutcome
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from tests.facts.erasure.planting import NOON, balance, movement, visit

pytestmark = pytest.mark.timeout(120)


def write_bank(client: Client) -> None:
    """Three customers, two accounts, five transactions of which two go again, and some of everything else."""
    client.create_ledger("main", currency_code="EUR")
    client.write_records("customer", [{"id": f"c{n}"} for n in range(3)])
    client.write_records("account", [{"id": f"a{n}", "owners": ["c0"]} for n in range(2)])
    client.write_records("transaction", [movement(f"t{n}", "a0", amount=n) for n in range(5)])
    client.write_records("balance", [balance(f"b{n}", "a1", amount=n) for n in range(4)])
    client.write_records("engagement", [visit(f"e{n}", "c1", duration_s=n) for n in range(6)])
    client.write_records("rate", [{"currency": "JPY", "day": NOON.date(), "rate": "0.5"}])
    client.delete_records("transaction", ["t1", "t3"])
    client.write_records("customer", [{"id": "c2"}, {"id": "c9"}])


COUNTS = {
    RecordKind.CUSTOMER: 4,
    RecordKind.ACCOUNT: 2,
    RecordKind.TRANSACTION: 3,
    RecordKind.BALANCE: 4,
    RecordKind.ENGAGEMENT: 6,
    RecordKind.RATE: 1,
}


def size_of(directory: Path) -> int:
    """The bytes of all files."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def test_a_status_tells_records_and_bytes(tmp_path: Path) -> None:
    """Living records of each kind, before and after a checkpoint and a restart; bytes are those of the files."""
    config = ServerConfig(data_dir=tmp_path, port=0, threads=1)
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as client:
        write_bank(client)
        status = client.get_ledger_status()
        assert status.records == COUNTS
        assert list(status.records) == list(COUNTS)
        assert (status.data_version, status.checkpoint_version, status.checkpoint_bytes) == (8, 0, 0)
        assert status.journal_bytes > 3_000
        assert status.data_directory_bytes == size_of(tmp_path)
        assert status.write_time is not None
        assert abs(datetime.now(UTC) - status.write_time) < timedelta(minutes=2)
        client.delete_customer("c9", wait=True)  # has files written
        after = client.get_ledger_status()
        assert (after.data_version, after.checkpoint_version, after.journal_bytes) == (9, 9, 0)
        assert after.checkpoint_bytes == size_of(tmp_path / "facts" / "main")
        assert after.write_time is not None
        assert after.write_time >= status.write_time
        assert after.pending_erasures == 0
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as client:
        again = client.get_ledger_status("main")
        assert again.records == {**COUNTS, RecordKind.CUSTOMER: 3}
        assert (again.data_version, again.write_time) == (9, after.write_time)


def test_the_command_shows_the_status(tmp_path: Path) -> None:
    """Records by kind and what waits, in words and as JSON; also of a ledger without facts."""
    config = ServerConfig(data_dir=tmp_path, port=0, threads=1)
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as client:
        write_bank(client)
        client.create_ledger("empty", currency_code="EUR")
        outcome, erases = WriteOutcome(9, deleted=1), Traces(("c0",))
        server._books.journal.append([Entry("main", "", outcome, None, erases)])  # as if it were under way
        target = {"SEGMENTD_SERVER": f"127.0.0.1:{server.port}", "SEGMENTD_LEDGER": "main"}
        told = CliRunner().invoke(app, ["ledger", "status"], env=target)
        assert told.exit_code == 0, told.output
        assert "that wait for a checkpoint" in told.stdout
        assert "1 deletion of which bytes may be left" in told.stdout
        assert "last written" in told.stdout
        found = json.loads(CliRunner().invoke(app, ["ledger", "status", "--json"], env=target).stdout)
        assert (found["id"], found["customer_count"]) == ("main", 4)
        assert found["facts"]["records"] == {kind.value: count for kind, count in COUNTS.items()}
        assert found["facts"]["pending_erasures"] == 1
        empty = json.loads(
            CliRunner().invoke(app, ["ledger", "status", "--json", "--ledger", "empty"], env=target).stdout
        )
        assert set(empty["facts"]["records"].values()) == {0}
        assert (empty["facts"]["write_time"], empty["facts"]["journal_bytes"]) == (None, 0)
