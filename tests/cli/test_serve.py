"""`segmentd serve` in a process of its own."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentd.cli.child import ServerDidNotStartError, serving
from segmentd.client import Client


def test_a_server_says_where_it_is_and_drains_on_sigterm(population: Path, tmp_path: Path) -> None:
    """The ready line has an address that answers; SIGTERM ends the process with code 0; its log is JSON lines."""
    command = [sys.executable, "-m", "segmentd.cli", "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    command += ["--population", str(population)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready.startswith("segmentd is ready on 127.0.0.1:")
        with Client(ready.split()[-1]) as client:
            assert client.get_ledger().customer_count == 4
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert "serving" in events
    assert events[-1] == "stopped"


def test_definitions_survive_a_restart(tmp_path: Path) -> None:
    """A second server on the same data directory has the ledger that was created on the first."""
    options = ["--data-dir", str(tmp_path / "data")]
    with serving(options, tmp_path / "log") as child, Client(child.target) as client:
        client.create_ledger("kept", currency_code="EUR")
    with serving(options, tmp_path / "log") as child, Client(child.target) as client:
        assert [ledger.id for ledger in client.list_ledgers()] == ["kept"]


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A port that is taken is named, in lines and not in a traceback, with exit code 5."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = ["--data-dir", str(tmp_path / "data"), "--port", str(taken.getsockname()[1])]
        with pytest.raises(ServerDidNotStartError, match="code 5") as caught, serving(options, tmp_path / "log"):
            pass
    assert "cannot listen on" in str(caught.value)
    assert "choose another with --port; 0 takes a free one" in str(caught.value)
    assert len((tmp_path / "log").read_text().splitlines()) == 1
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_data_directory_has_one_owner(tmp_path: Path) -> None:
    """A second server on the same data directory does not start, and says that another process has it."""
    options = ["--data-dir", str(tmp_path / "data")]
    with (
        serving(options, tmp_path / "log"),
        pytest.raises(ServerDidNotStartError, match="DATA_DIRECTORY_IN_USE"),
        serving(options, tmp_path / "second.log"),
    ):
        pass


def test_tls_needs_both_files(tmp_path: Path) -> None:
    """A certificate without a key is a usage error."""
    (tmp_path / "cert.pem").write_text("")
    options = ["--data-dir", str(tmp_path / "data"), "--tls-cert", str(tmp_path / "cert.pem")]
    with pytest.raises(ServerDidNotStartError, match="code 2"), serving(options, tmp_path / "log"):
        pass
    assert "belong together" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_start_that_is_interrupted_ends_before_its_next_step(tmp_path: Path, number: signal.Signals) -> None:
    """While a population is read, a signal ends the process with code 0; the log says so, and nothing is stored."""
    table = pa.table({"customer_id": [str(number) for number in range(5_000)]})
    pq.write_table(table, tmp_path / "customers.parquet", row_group_size=1)
    command = [sys.executable, "-m", "segmentd.cli", "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    with subprocess.Popen(
        [*command, "--population", str(tmp_path / "customers.parquet")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert json.loads(process.stderr.readline())["event"] == "kernels"
        process.send_signal(number)
        out, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == ""
    assert [json.loads(line)["event"] for line in log.splitlines()] == ["stopped"]
    with serving(["--data-dir", str(tmp_path / "data")], tmp_path / "log") as child, Client(child.target) as client:
        assert client.list_ledgers() == ()


def test_definitions_are_served(population: Path, definitions: Path, tmp_path: Path) -> None:
    """With --definitions the segments of the file are there once the server is ready; the ledger has its terms."""
    options = ["--data-dir", str(tmp_path / "data"), "--population", str(population), "--definitions", str(definitions)]
    with serving(options, tmp_path / "log") as child, Client(child.target) as client:
        assert [segment.id for segment in client.list_segments()] == ["local", "wealthy"]
        assert client.get_ledger().currency_code == "CZK"
        assert client.get_ledger().time_zone == "Europe/Prague"


@pytest.mark.parametrize(("option", "value"), [("--currency", "EURO"), ("--time-zone", "Europe/Prag")])
def test_terms_that_do_not_exist_are_usage_errors(tmp_path: Path, option: str, value: str) -> None:
    """A currency or a zone that is none is refused whether it would be needed or not."""
    with (
        pytest.raises(ServerDidNotStartError, match="code 2"),
        serving(["--data-dir", str(tmp_path / "data"), option, value], tmp_path / "log"),
    ):
        pass
    assert value in (tmp_path / "log").read_text()
    assert not (tmp_path / "data").exists()
