"""`segmentd ledger import` and what shows its jobs, on a real server that may read the test's folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from segmentd.cli.main import app
from segmentd.client import Client
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig

Run = Callable[..., Result]

MAPPING = """
kind: account
id: id
fields: {kind: kind, opened: opened}
"""


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A folder with two files of accounts, one of which has a wrong row, and their mapping."""
    folder = tmp_path / "landing"
    folder.mkdir()
    (folder / "a.csv").write_text("id,kind,opened\na1,SAVINGS,2020-01-31\na2,SAVINGS,2020-02-31\n")
    (folder / "b.csv").write_text("id,kind,opened\na3,CHECKING,\n")
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    return folder


@pytest.fixture
def run(tmp_path: Path, landing: Path) -> Iterator[Run]:
    """Runs `segmentd ledger …` against a server that imports from the folder."""
    config = ServerConfig(data_dir=tmp_path / "data", port=0, threads=1, drain_s=1.0, import_roots=(landing,))
    with running_server(config) as server:
        target = f"127.0.0.1:{server.port}"
        with Client(target) as client:
            client.create_ledger("main", currency_code="EUR")

        def ledger(*arguments: str) -> Result:
            return CliRunner().invoke(app, ["ledger", *arguments, "--server", target])

        yield ledger


def test_an_import_is_followed_to_its_end(run: Run, landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A glob relative to where the command runs is imported; a rejected row gives an exit code, and is told."""
    monkeypatch.chdir(landing)
    result = run("import", "*.csv", "--mapping", "../mapping.yaml", "--job", "first", "--follow")
    assert result.exit_code == 5, result.output
    assert "first: succeeded" in result.stdout
    assert "3 rows of 2 files: 2 new, 0 updated, 0 unchanged, 1 rejected" in result.stdout
    rejects = run("rejects", "first")
    assert rejects.stdout.startswith(f"{landing}/a.csv: row 2: opened: a date is written as 2024-05-31")
    assert json.loads(run("rejects", "first", "--json").stdout)[0]["row"] == 2
    again = run("import", "b.csv", "--mapping", "../mapping.yaml", "--follow", "--json")
    assert again.exit_code == 0
    told = json.loads(again.stdout)
    assert (told["state"], told["progress"]["unchanged"]) == ("SUCCEEDED", 1)


def test_jobs_are_listed_and_shown(run: Run, landing: Path, tmp_path: Path) -> None:
    """Jobs are listed in the order in which they were made, shown by id, and stay as they are when they have ended."""
    for job, path in (("z", "b.csv"), ("a", "a.csv")):
        made = run("import", f"{landing}/{path}", "--mapping", f"{tmp_path}/mapping.yaml", "--job", job, "--dry-run")
        assert made.exit_code == 0, made.output
        assert run("job", job, "--follow").stdout.startswith(f"{job}: succeeded, dry run")
    listed = run("jobs").stdout
    assert listed.index(" z ") < listed.index(" a ")
    assert [job["id"] for job in json.loads(run("jobs", "--json").stdout)] == ["z", "a"]
    assert run("cancel", "a").stdout.startswith("a: succeeded")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("/etc/passwd", "--mapping", "{mapping}"), 4, "IMPORT_SOURCE_REFUSED"),
        (("{landing}/c.csv", "--mapping", "{mapping}"), 4, "IMPORT_SOURCE_UNREADABLE"),
        (("{landing}/a.csv", "--mapping", "{landing}/a.csv"), 4, "INVALID_MAPPING"),
        (("{landing}/a.csv", "--mapping", "{mapping}", "--kind", "customer"), 4, "it is for records of kind account"),
        (("{landing}/a.csv", "--mapping", "{mapping}", "--kind", "bank"), 2, "--kind is 'bank'"),
        (("{landing}/a.csv", "--mapping", "{landing}/none.yaml"), 5, "No such file"),
        (("s3://key:secret@bank/a.csv", "--mapping", "{mapping}"), 4, "IMPORT_SOURCE_REFUSED"),
    ],
)
def test_wrong_imports(
    run: Run, landing: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    """What the server refuses, and what the command line itself does, is a line of its own and an exit code."""
    given = [each.format(landing=landing, mapping=tmp_path / "mapping.yaml") for each in arguments]
    result = run("import", *given)
    assert (result.exit_code, message in result.output) == (code, True), result.output
    assert "secret" not in result.output


def test_a_job_that_is_not_there(run: Run) -> None:
    """It is refused by name."""
    for command in ("job", "cancel", "rejects"):
        result = run(command, "none")
        assert (result.exit_code, "there is no import job 'none'" in result.output) == (4, True)
        assert "`segmentd ledger jobs`" in result.output
