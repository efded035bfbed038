"""`segmentd demo` on a small bank."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.cli.conftest import Run

CUSTOMERS = 20_000
MISSION = {"cross-sell-money-market", "upsell-mortgage", "globetrotter", "high-balance", "low-balance"}


def test_the_demo_shows_a_dozen_segments_with_exact_balances(offline: Run, tmp_path: Path) -> None:
    """At least twelve segments have members, and the high balances add up to what SQL says of the bank kept."""
    result = offline("demo", "--customers", str(CUSTOMERS), "--keep", tmp_path, "--json")
    assert result.exit_code == 0, result.stderr
    shown = json.loads(result.stdout)
    segments = {segment["id"]: segment for segment in shown["segments"]}
    assert shown["customers"] == CUSTOMERS
    assert list(shown["seconds"]) == ["generate", "start", "define", "evaluate", "score"]
    assert len(segments) >= 12
    assert segments.keys() >= MISSION
    assert all(0 < segment["members"] < CUSTOMERS for segment in segments.values())
    found = duckdb.execute(
        f"select count(*), sum(balance) from read_parquet('{tmp_path / 'bank.parquet'}') where balance >= 50000"
    ).fetchall()
    assert found == [(segments["high-balance"]["members"], Decimal(segments["high-balance"]["balance"]))]


def test_the_demo_prints_a_table_and_how_to_go_on(
    offline: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For people there is a table, rates, and commands that run as they are printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["bin/segmentd"])  # else it depends on who runs the tests
    result = offline("demo", "--customers", "1000", "--keep", tmp_path)
    assert result.exit_code == 0, result.stderr
    for word in ("globetrotter", "members", "share", "unknown", "balance EUR", "a second"):
        assert word in result.stdout
    commands = [line.split()[1:] for line in result.stdout.splitlines() if line.startswith("  bin/segmentd ")]
    evaluate = next(command for command in commands if command[0] == "evaluate")
    assert offline(*evaluate[:-1], tmp_path / "members.parquet").exit_code == 0
    assert offline(*next(command for command in commands if command[0] == "explain-plan")).exit_code == 0
