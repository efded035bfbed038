"""The commands that talk to a server, against a real one."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from tests.cli.conftest import Run


def test_applying_a_file_says_what_changed(cli: Run, definitions: Path) -> None:
    """What is new is created, a second run changes nothing, and an edit is an update of that field."""
    first = json.loads(cli("segments", "apply", definitions, "--json").stdout)
    actions = {change["id"]: change["action"] for change in first["changes"]}
    assert actions == {
        "customer.income": "unchanged",
        "customer.country": "unchanged",
        "customer.tier": "created",
        "local": "created",
        "wealthy": "created",
    }
    second = json.loads(cli("segments", "apply", definitions, "--json").stdout)
    assert {change["action"] for change in second["changes"]} == {"unchanged"}
    definitions.write_text(definitions.read_text().replace("Wealthy", "Well-off"))
    third = cli("segments", "apply", definitions)
    assert third.exit_code == 0
    assert "updated" in third.stdout
    assert "display_name" in third.stdout


def test_a_dry_run_stores_nothing(cli: Run, definitions: Path) -> None:
    """A dry run prints the same plan, also of a segment that reads an attribute which is only to come."""
    definitions.write_text(definitions.read_text().replace('country == "CZ"', 'tier == "gold"'))
    result = cli("segments", "apply", definitions, "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.count("would be created") == 3
    assert "nothing was stored" in result.stdout
    assert json.loads(cli("segments", "list", "--json").stdout) == []


def test_segments_are_listed_shown_and_deleted(cli: Run, definitions: Path) -> None:
    """A list has both, one is shown with its benefits, a deletion of one in use is refused, of both not."""
    cli("segments", "apply", definitions)
    assert [found["id"] for found in json.loads(cli("segments", "list", "--json").stdout)] == ["local", "wealthy"]
    assert "wealthy" in cli("segments", "list", "--filter", 'labels.team = "retail"').stdout
    shown = cli("segments", "get", "wealthy").stdout
    assert "customer.income >= 3000.0" in shown
    assert "lounge: Lounge access" in shown
    refused = cli("segments", "delete", "wealthy")
    assert refused.exit_code == 4
    assert "SEGMENT_IN_USE" in refused.stderr
    assert "local" in refused.stderr
    assert cli("segments", "delete", "local", "wealthy").exit_code == 0
    assert json.loads(cli("segments", "list", "--json").stdout) == []


def test_an_attribute_is_added_while_the_service_runs(cli: Run) -> None:
    """`isGlobetrotter` is created with a default, listed, shown and deleted."""
    created = cli(
        "attributes", "create", "customer.isGlobetrotter", "--type", "BOOL", "--required", "--default", "false"
    )
    assert created.exit_code == 0, created.stderr
    listed = {found["id"] for found in json.loads(cli("attributes", "list", "--json").stdout)}
    assert listed == {"customer.income", "customer.country", "customer.isGlobetrotter"}
    shown = cli("attributes", "get", "customer.isGlobetrotter").stdout
    assert "required" in shown
    assert "False" in shown
    assert cli("attributes", "delete", "customer.isGlobetrotter").exit_code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--type", "NUMBER"), "'NUMBER' is no type; allowed are BOOL"),
        (("--type", "INT64", "--default", "many"), "'many' is no INT64"),
        (("--default", "1"), "a default needs a --type"),
    ],
)
def test_a_wrong_attribute_is_a_usage_error(cli: Run, options: tuple[str, ...], message: str) -> None:
    """A type or default that does not exist ends with code 2 and says what is allowed."""
    result = cli("attributes", "create", "customer.x", *options)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_the_attributes_of_a_file_are_applied_alone(cli: Run, definitions: Path) -> None:
    """`attributes apply` leaves segments alone."""
    assert cli("attributes", "apply", definitions).exit_code == 0
    assert json.loads(cli("attributes", "get", "customer.tier", "--json").stdout)["expression"].startswith(
        "customer.income"
    )
    assert json.loads(cli("segments", "list", "--json").stdout) == []


AGGREGATES = """\
attributes:
  - id: salary
    aggregate:
      source: transactions
      function: sum
      measure: points
      filter: transaction.channel == "WEB"
      window: {complete_months: 12}
  - id: low_months
    aggregate: {source: balances, function: months_below, threshold: 500.50, window: {complete_months: 6}}
  - {id: points, subject: TRANSACTION, type: INT64}
  - {id: channel, subject: TRANSACTION, type: STRING}
segments:
  - {id: saver, expression: customer.salary > 3 && customer.low_months == 0}
"""


def test_aggregated_attributes_of_a_file_are_applied(cli: Run, tmp_path: Path) -> None:
    """Before what they read if need be; a dry run accepts them, a second run changes nothing, an edit is an update."""
    file = tmp_path / "aggregates.yaml"
    file.write_text(AGGREGATES)
    dry = cli("segments", "apply", file, "--dry-run")
    assert dry.exit_code == 0, dry.stderr
    assert dry.stdout.count("would be created") == 5
    first = cli("segments", "apply", file, "--json")
    assert {change["action"] for change in json.loads(first.stdout)["changes"]} == {"created"}
    second = cli("segments", "apply", file, "--json")
    assert {change["action"] for change in json.loads(second.stdout)["changes"]} == {"unchanged"}
    shown = json.loads(cli("attributes", "get", "customer.low_months", "--json").stdout)
    assert shown["aggregate"] == {
        "source": "balances",
        "function": "months_below",
        "threshold_minor": 50_050,
        "window": {"complete_months": 6},
    }
    assert shown["type"]["kind"] == "INT64"
    file.write_text(AGGREGATES.replace("500.50", "600"))
    changes = json.loads(cli("attributes", "apply", file, "--json").stdout)["changes"]
    assert [change["fields"] for change in changes if change["action"] == "updated"] == [["aggregate"]]
    refused = cli("attributes", "delete", "transaction.points")
    assert refused.exit_code == 4
    assert "attributes/customer.salary" in refused.stderr


def test_an_aggregated_attribute_is_created_on_the_command_line(cli: Run) -> None:
    """From YAML, thresholds in major units; it is shown and listed in a line."""
    text = (
        "{source: transactions, function: months_below, threshold: -1.5, roles: [OWNER], window: {complete_months: 3}}"
    )
    created = cli("attributes", "create", "customer.low", "--aggregate", text)
    assert created.exit_code == 0, created.stderr
    assert "customer.low: created, INT64" in created.stdout
    shown = "months_below of transactions, threshold_minor -150, roles OWNER, window complete_months 3"
    assert shown in cli("attributes", "get", "customer.low").stdout
    assert "months_below of transactions" in cli("attributes", "list").stdout
    listed = json.loads(cli("attributes", "list", "--json").stdout)
    assert {found["id"]: found["aggregate"] is None for found in listed} == {
        "customer.income": True,
        "customer.country": True,
        "customer.low": False,
    }
    wrong = cli("attributes", "create", "customer.x", "--aggregate", "{source: transactions}")
    assert wrong.exit_code != 0
    assert "--aggregate:1: aggregate: function must be set" in wrong.stderr


def test_a_file_of_features_is_scored(cli: Run, definitions: Path, population: Path, tmp_path: Path) -> None:
    """Counts and members of a file are those of its four customers."""
    cli("segments", "apply", definitions)
    members = tmp_path / "members.parquet"
    result = cli("score", population, "--members", members, "--json")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    assert (answer["rows"], answer["segments"]) == (
        4,
        [{"id": "local", "members": 0, "unknown": 1}, {"id": "wealthy", "members": 2, "unknown": 1}],
    )
    written = pyarrow.parquet.read_table(members).to_pydict()
    assert written == {"customer_id": ["c1", "c3"], "segment": ["wealthy", "wealthy"]}


def test_residents_are_scored_by_their_ids(cli: Run, definitions: Path, tmp_path: Path) -> None:
    """Other columns are not read; ids that the ledger lacks are counted."""
    cli("segments", "apply", definitions)
    file, members = tmp_path / "ids.csv", tmp_path / "members.csv"
    file.write_text("customer_id,income\nc3,\nnobody,9000\nc1,1\n")
    result = cli("score", file, "--residents", "--segment", "wealthy", "--members", members, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["segments"] == [{"id": "wealthy", "members": 2, "unknown": 0}]
    assert members.read_text().splitlines() == ['"customer_id","segment"', '"c3","wealthy"', '"c1","wealthy"']
    assert "the ledger lacks 1 customer of the file" in result.stderr


def test_accounts_are_scored(cli: Run, tmp_path: Path) -> None:
    """By features, whose owners are not known, and by the ids of those that the ledger holds."""
    definitions, file = tmp_path / "accounts.yaml", tmp_path / "accounts.csv"
    definitions.write_text(
        "segments:\n"
        '  - {id: saving, subject: ACCOUNT, expression: account.kind == "SAVINGS" && account.balance > 100.00}\n'
        "  - {id: joint, subject: ACCOUNT, expression: account.owners.size() > 1}\n"
    )
    for arguments in (
        ("ledgers", "create", "--ledger", "held", "--currency", "EUR"),
        ("segments", "apply", definitions, "--ledger", "held"),
    ):
        done = cli(*arguments)
        assert done.exit_code == 0, done.stderr
    file.write_text("id,kind,balance\na0,SAVINGS,100.01\na1,SAVINGS,100.00\n")
    asked = ("score", file, "--accounts", "--id", "id", "--ledger", "held", "--json")
    result = cli(*asked)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["segments"] == [
        {"id": "joint", "members": 0, "unknown": 2},
        {"id": "saving", "members": 1, "unknown": 0},
    ]
    assert "account.owners" in result.stderr
    assert cli("ledger", "write", file, "--kind", "account", "--ledger", "held").exit_code == 0
    held = cli(*asked, "--residents")
    assert held.exit_code == 0, held.stderr
    assert json.loads(held.stdout)["segments"] == [
        {"id": "joint", "members": 0, "unknown": 0},
        {"id": "saving", "members": 1, "unknown": 0},
    ]


def test_scores_are_printed_as_a_table(cli: Run, definitions: Path, population: Path) -> None:
    """Without --json there is a table of the segments asked for, with shares."""
    cli("segments", "apply", definitions)
    result = cli("score", population, "--segment", "wealthy", "--as-of", "2020-01-31")
    assert "50.00%" in result.stdout
    assert "local" not in result.stdout


def test_a_ledger_is_created_and_used(cli: Run, definitions: Path) -> None:
    """A ledger without customers takes definitions as `main` does."""
    assert cli("ledgers", "create", "--ledger", "second", "--currency", "EUR").exit_code == 0
    assert cli("segments", "apply", definitions, "--ledger", "second").exit_code == 0
    assert {found["id"] for found in json.loads(cli("ledgers", "list", "--json").stdout)} == {"main", "second"}
    assert json.loads(cli("segments", "list", "--json").stdout) == []


def test_wrong_definitions_are_all_shown_and_none_is_stored(cli: Run, definitions: Path) -> None:
    """Every problem has its line in the file, with a caret, and nothing of the file is stored."""
    text = definitions.read_text()
    definitions.write_text(
        text.replace("customer.income >= 3000.0\n", "customer.incom >= 3.0\n").replace(
            "customer.country", "customer.land"
        )
    )
    result = cli("segments", "apply", definitions)
    assert result.exit_code == 1
    assert f"{definitions}:9: segments/local" in result.stderr
    assert f"{definitions}:11: segments/wealthy" in result.stderr
    assert "did you mean 'income'?" in result.stderr
    assert "customer.incom >= 3.0\n         ^" in result.stderr
    assert json.loads(cli("segments", "list", "--json").stdout) == []
    assert cli("attributes", "get", "customer.tier").exit_code == 4


def test_definitions_may_read_what_only_the_ledger_has(cli: Run, definitions: Path, tmp_path: Path) -> None:
    """A file may refer to attributes and segments that it leaves out, and the ledger has."""
    assert cli("segments", "apply", definitions).exit_code == 0
    more = tmp_path / "more.yaml"
    more.write_text(
        'segments: [{id: golden, expression: \'customer.tier == "gold" && "wealthy" in customer.segments\'}]'
    )
    result = cli("segments", "apply", more)
    assert result.exit_code == 0, result.stderr
    assert "golden" in result.stdout


def test_a_refusal_midway_says_what_is_applied(cli: Run, definitions: Path) -> None:
    """A required attribute without a default is refused: what the server has by then is counted, the rest named."""
    definitions.write_text(
        definitions.read_text().replace("country, type: STRING", "country, type: STRING, nullable: false")
    )
    result = cli("segments", "apply", definitions)
    assert result.exit_code == 4, result.output
    assert "1 of 5 applied; not applied: customer.country, customer.tier, local, wealthy" in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"customer_id,income\na,1\nb,2,3\n", "Expected 2 columns, got 3"),
        ("customer_id,country\na,Jiří\n".encode("iso-8859-2"), "save the file as UTF-8"),
        (b"", "Empty CSV file"),
        (b"customer_id,income\na,1.5\nb,abc\n", "invalid value 'abc'"),
        (b"client,income\na,1.5\n", "there is no column 'customer_id' for the ids; there are 'client', 'income'"),
    ],
    ids=["ragged", "latin-2", "empty", "bad number", "no ids"],
)
def test_features_that_cannot_be_read_are_explained(cli: Run, tmp_path: Path, content: bytes, message: str) -> None:
    """What is wrong with a file ends with code 5 and the place, never with a traceback."""
    path = tmp_path / "features.csv"
    path.write_bytes(content)
    result = cli("score", path)
    assert result.exit_code == 5, result.output
    assert message in result.stderr


@pytest.mark.parametrize("options", [(), ("--members", "out.csv")])
def test_a_wrong_column_of_ids_is_named(cli: Run, population: Path, options: tuple[str, ...]) -> None:
    """Whether members are written or not, the column of the ids has to be there."""
    result = cli("score", population, "--id", "nope", *options)
    assert result.exit_code == 5
    assert "there is no column 'nope'" in result.stderr
    assert "name it with --id" in result.stderr


def test_a_ledger_without_segments_says_how_to_add_some(cli: Run, population: Path) -> None:
    """An empty list and a score of nothing name the command that adds segments."""
    assert "`segmentd segments apply FILE`" in cli("segments", "list").stdout
    scored = cli("score", population)
    assert scored.exit_code == 0, scored.stderr
    assert "no active segments" in scored.stderr


def test_a_file_without_rows_is_no_ledger_without_segments(cli: Run, tmp_path: Path) -> None:
    """A score of no rows does not say that there are no segments."""
    assert cli("attributes", "create", "customer.rank", "--type", "INT64").exit_code == 0
    (tmp_path / "s.yaml").write_text("segments:\n  - {id: first, expression: customer.rank == 1}\n")
    assert cli("segments", "apply", tmp_path / "s.yaml").exit_code == 0
    (tmp_path / "none.csv").write_text("customer_id,rank\n")
    scored = cli("score", tmp_path / "none.csv")
    assert scored.exit_code == 0, scored.stderr
    assert "0 customers" in scored.stdout
    assert "no active segments" not in scored.stderr


def test_a_server_that_starts_is_waited_for(tmp_path: Path) -> None:
    """A command that is given before its server listens says that it waits, and then answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = ServerConfig(data_dir=tmp_path / "data", port=port, threads=1)
    command = [sys.executable, "-m", "segmentd.cli", "ledgers", "list", "--json", "--server", f"127.0.0.1:{port}"]
    with subprocess.Popen(
        [*command, "--wait", "60"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"waiting for 127.0.0.1:{port} …\n"
        with running_server(config):
            answer, _ = process.communicate(timeout=60)
    assert json.loads(answer) == []
    assert process.returncode == 0


def test_nobody_at_the_address_is_exit_code_3(offline: Run) -> None:
    """Without a server the error names the address and how to start one."""
    result = offline("segments", "list")
    assert result.exit_code == 3
    assert "127.0.0.1:1" in result.stderr
    assert "segmentd serve" in result.stderr
