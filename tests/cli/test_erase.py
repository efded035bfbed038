"""`segmentd ledger erase`: customers go, and every byte of the data directory is looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segmentd.cli.main import app
from segmentd.client import Client
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from tests.cli.conftest import Run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data directory."""
    return tmp_path / "data"


@pytest.fixture
def erase(data: Path) -> Iterator[Run]:
    """Runs `segmentd ledger erase` against a server with two customers, of whom one has an account and a snapshot."""
    with running_server(ServerConfig(data_dir=data, port=0, threads=1)) as server:
        target = f"127.0.0.1:{server.port}"
        with Client(target, ledger="main") as client:
            client.create_ledger("main", currency_code="EUR")
            client.write_records("customer", [{"id": "erika-4711"}, {"id": "otto-4712"}])
            client.write_records("account", [{"id": "account-1", "owners": ["erika-4711"]}])
            client.create_snapshot("all", segments=[])

        def run(*arguments: str | Path) -> object:
            environment = {"SEGMENTD_SERVER": target, "SEGMENTD_DATA_DIR": str(data)}
            return CliRunner().invoke(app, ["ledger", "erase", *map(str, arguments)], env=environment)

        yield run  # type: ignore[misc]


def test_customers_are_erased_and_not_found_again(erase: Run) -> None:
    """What went with each is told, and that no byte is left; again, it is no error."""
    result = erase("erika-4711", "nobody", "--verify", "--also", "account-1")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "erika-4711: erased, with 1 account, 0 transactions, 0 balances, 0 engagements",
        "nobody: not in the ledger; what else may tell of it is erased",
        "3 texts looked for: in no byte of the data directory",
    ]
    again = erase("erika-4711", "--verify", "--json")
    assert again.exit_code == 0
    told = json.loads(again.stdout)
    assert told["found"] == []
    assert told["erased"]["erika-4711"]["found"] is False


def test_what_is_left_is_found(erase: Run, data: Path) -> None:
    """A file that nobody knows of, and a customer who was not erased, are named, and the exit code is 1."""
    (data / "notes.txt").write_text("call erika-4711")
    result = erase("erika-4711", "--verify", "--also", "otto-4712")
    assert result.exit_code == 1
    assert "notes.txt" in result.stdout
    assert "snapshots/main/all.arrow" in result.stdout
    assert "column id" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["c17", "--verify"], "'c17' is too short"), (["erika-4711", "--verify", "--data-dir", "/nowhere"], "/nowhere")],
)
def test_what_cannot_be_verified_is_not_begun(erase: Run, arguments: list[str], told: str) -> None:
    """Nothing is erased where the command line is wrong."""
    result = erase(*arguments)
    assert result.exit_code == 2
    assert told in result.output
    assert erase("erika-4711").stdout.startswith("erika-4711: erased, with 1 account")
