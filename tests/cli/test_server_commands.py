"""The commands that talk to a server, against a real one."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest

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
    assert result.stdout.count("created") == 3
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


def test_a_refused_definition_is_shown_with_its_caret(cli: Run, definitions: Path) -> None:
    """The server's error names the definition, the reason, and the place in the text."""
    definitions.write_text(definitions.read_text().replace("customer.income >= 3000.0\n", "customer.incom >= 3000.0\n"))
    result = cli("segments", "apply", definitions)
    assert result.exit_code == 4
    assert "UNKNOWN_ATTRIBUTE" in result.stderr
    assert "while applying wealthy" in result.stderr
    assert "^" in result.stderr
    assert "Traceback" not in result.output


def test_nobody_at_the_address_is_exit_code_3(offline: Run) -> None:
    """Without a server the error names the address and how to start one."""
    result = offline("segments", "list")
    assert result.exit_code == 3
    assert "127.0.0.1:1" in result.stderr
    assert "segmentd serve" in result.stderr
