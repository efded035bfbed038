"""`segmentd demo` on a small bank."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.cli.conftest import Run

CUSTOMERS = 10_000
MISSION = {"cross-sell-money-market", "upsell-mortgage", "globetrotter", "high-balance", "low-balance"}
STEPS = ["generate", "start", "define", "load", "compute", "evaluate", "balances", "follow"]

HIGH_BALANCES = """
with owned as (select id, balance, external, unnest(owners) as customer from 'accounts.parquet'),
high as (select customer from owned where not external group by customer having sum(balance) >= 5000000)
select (select count(*) from high), count(*), sum(balance)::bigint
from (select distinct id, balance from owned where customer in (select customer from high))
"""


def test_the_demo_shows_a_dozen_segments_with_exact_balances(
    offline: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve segments or more have members, and the high balances add up to what SQL says of the bank kept."""
    result = offline("demo", "--customers", str(CUSTOMERS), "--keep", tmp_path, "--json")
    assert result.exit_code == 0, result.stderr
    shown = json.loads(result.stdout)
    segments = {segment["id"]: segment for segment in shown["segments"]}
    assert shown["records"]["customer"] == CUSTOMERS
    assert list(shown["seconds"]) == STEPS
    assert len(segments) >= 12
    assert segments.keys() >= MISSION
    assert all(0 < segment["members"] < CUSTOMERS for segment in segments.values())
    news, high = shown["news"], segments["high-balance"]
    assert news["after"] - news["before"] == news["transactions"] == 1_000
    monkeypatch.chdir(tmp_path)
    cents = int(Decimal(high["balance"]).scaleb(2))
    assert duckdb.execute(HIGH_BALANCES).fetchall() == [(high["members"], high["accounts"], cents)]


def test_the_demo_prints_a_table_and_how_to_go_on(
    offline: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For people there is a table, rates, and commands to go on with."""
    monkeypatch.setattr("sys.argv", ["bin/segmentd"])  # else it depends on who runs the tests
    result = offline("demo", "--customers", "5000", "--keep", tmp_path)
    assert result.exit_code == 0, result.stderr
    for word in ("globetrotter", "members", "share", "unknown", "balance EUR", "a second", "1,000 transactions"):
        assert word in result.stdout
    commands = [line.split()[1:] for line in result.stdout.splitlines() if line.startswith("  bin/segmentd ")]
    assert commands[0][:3] == ["serve", "--data-dir", f"{tmp_path}/data"]
