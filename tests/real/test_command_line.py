"""`segmentd evaluate` on the population's file answers as SQL does, without a server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.real.definitions import Definitions, write_definitions
from tests.real.differences import report_differences
from tests.real.expected import Customers, Verdict
from tests.real.population import NOW


@pytest.fixture(scope="module")
def members_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the memberships are written."""
    return tmp_path_factory.mktemp("evaluate") / "members.parquet"


@pytest.fixture(scope="module")
def printed(population: Path, definitions: Definitions, members_file: Path) -> dict[str, Any]:
    """What the command prints as JSON."""
    file = members_file.with_name("segments.yaml")
    write_definitions(definitions, file)
    command = [sys.executable, "-m", "segmentd.cli", "evaluate", str(population), "--segments", str(file)]
    options = ["--as-of", NOW.isoformat(), "--members", str(members_file), "--json"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_counts_agree_with_sql(printed: dict[str, Any], expected: Mapping[str, Verdict]) -> None:
    """The printed counts of members and unknowns are SQL's, for every segment of the file."""
    assert printed["rows"] == 5369
    assert printed["elapsed_s"] > 0
    assert {segment["id"]: (segment["members"], segment["unknown"]) for segment in printed["segments"]} == {
        name: (len(verdict.members), len(verdict.unknowns)) for name, verdict in expected.items()
    }


@pytest.mark.usefixtures("printed")
def test_members_agree_with_sql(
    members_file: Path, expected: Mapping[str, Verdict], definitions: Definitions, customers: Customers
) -> None:
    """The written memberships are SQL's, each once."""
    rows = pq.read_table(members_file).to_pylist()
    pairs = {(str(row["customer_id"]), row["segment"]) for row in rows}
    assert len(pairs) == len(rows)
    members: dict[str, set[str]] = {name: set() for name in expected}
    for customer, segment in pairs:
        members[segment].add(customer)
    # The file says who is in, not for whom it is unknown: that is compared by its number.
    answered = {name: Verdict(frozenset(members[name]), expected[name].unknowns) for name in expected}
    report = report_differences(answered, expected, definitions, customers)
    assert not report, report
