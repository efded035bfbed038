"""`segmentd ledger snapshot` against a real server."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_snapshots_are_taken_compared_and_deleted(cli: Run, definitions: Path) -> None:
    """Who came and went is told by numbers, and by ids where they are asked for."""
    assert cli("segments", "apply", definitions).exit_code == 0
    taken = cli("ledger", "snapshot", "create", "before", "--json")
    assert taken.exit_code == 0
    first = next(each for each in json.loads(taken.stdout)["segments"] if each["id"] == "wealthy")
    assert first["members"] == 2
    again = cli("ledger", "snapshot", "create", "before")
    assert again.exit_code != 0
    assert "ledgers/main/snapshots/before" in again.stderr
    listed = json.loads(cli("ledger", "snapshot", "list", "--json").stdout)
    assert [each["id"] for each in listed] == ["before"]
    compared = json.loads(cli("ledger", "snapshot", "compare", "before", "--json").stdout)
    assert all(each["came"] == each["went"] == 0 for each in compared["comparison"]["segments"])
    assert {each["segment"]: each["stayed"] for each in compared["comparison"]["segments"]} == {
        "local": 0,
        "wealthy": 2,
    }
    early = cli("ledger", "snapshot", "create", "early", first["id"], "--as-of", "1990-01-01")
    assert first["id"] in early.stdout
    assert "early:" in early.stdout
    assert first["id"] in cli("ledger", "snapshot", "compare", "early", "before", "--ids").stdout
    assert cli("ledger", "snapshot", "delete", "before", "early").stdout == "before: deleted\nearly: deleted\n"
    assert json.loads(cli("ledger", "snapshot", "list", "--json").stdout) == []
