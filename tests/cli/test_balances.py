"""`segmentd balances` against a real server with the accounts of three customers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from segmentd.cli.main import app
from segmentd.client import AsyncClient, AttributeDefinition, Client, SegmentDefinition
from segmentd.schema import STRING
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig

Ask = Callable[..., Result]

ACCOUNTS = {
    "id": ["a0", "a1", "a2", "a3"],
    "owners": [["c0"], ["c0", "c1"], ["c2"], ["c2"]],
    "owner_roles": [["OWNER"], ["OWNER", "JOINT"], ["OWNER"], ["OWNER"]],
    "kind": ["SAVINGS", "CHECKING", "CHECKING", "SAVINGS"],
    "balance": [100_050, 2_000_000, -50, None],
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server whose ledger `main` has the accounts; two customers are of the north."""
    directory: Path = tmp_path_factory.mktemp("server")
    with running_server(ServerConfig(data_dir=directory / "data", port=0, threads=1)) as server:
        address = f"127.0.0.1:{server.port}"
        with Client(address) as client:
            client.create_ledger("main", currency_code="EUR")
            client.create_attribute("customer.region", AttributeDefinition(STRING))
            client.create_segment("north", SegmentDefinition('customer.region == "north"'))
            client.create_segment("south", SegmentDefinition('customer.region == "south"'))
            client.write_records("customer", {"id": ["c0", "c1", "c2"], "region": ["north", "north", "south"]})
            client.write_records("account", ACCOUNTS)
        yield address


@pytest.fixture
def ask(target: str) -> Ask:
    """Runs `segmentd balances` with options."""

    def run(*options: str) -> Result:
        return CliRunner().invoke(app, ["balances", *options], env={"SEGMENTD_SERVER": target}, prog_name="segmentd")

    return run


def lines(result: Result) -> list[list[str]]:
    """The cells of a table's rows, without lines and header."""
    assert result.exit_code == 0, result.output
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in result.stdout.splitlines() if "│" in line]


def test_a_table_of_segments_and_kinds(ask: Ask) -> None:
    """Amounts are in major units, a group without a known balance has none, joint accounts count once a segment."""
    result = ask("--by", "segment,kind", "--measures", "sum,median,standard_deviation", "--percentiles", "50")
    assert lines(result) == [
        ["north", "CHECKING", "1", "0", "20,000.00", "20,000.00", "-", "20,000.00"],
        ["north", "SAVINGS", "1", "0", "1,000.50", "1,000.50", "-", "1,000.50"],
        ["south", "CHECKING", "1", "0", "-0.50", "-0.50", "-", "-0.50"],
        ["south", "SAVINGS", "0", "1", "0.00", "-", "-", "-"],
    ]
    assert "4 rows, 0 in no group, 1 unknown" in result.stdout
    assert "groups overlap" in result.stdout


def test_control_totals_add_up(ask: Ask) -> None:
    """Over one segment, its accounts and those in no group make up the whole."""
    result = ask("--segments", "south", "--measures", "sum,min,max", "--bins", "2", "--roles", "OWNER,JOINT")
    assert lines(result)[-1][:6] == ["all", "1", "1", "-0.50", "-0.50", "-0.50"]
    assert "4 rows, 2 in no group, 1 unknown" in result.stdout
    assert "all accounts 21,000.00 EUR; groups -0.50 + in no group 21,000.50: they add up" in result.stdout


def test_json_has_minor_units_and_the_basis(ask: Ask) -> None:
    """Programs get whole numbers."""
    report = json.loads(ask("--by", "customer.region", "--json").stdout)
    assert [(group["keys"], group["sum"]) for group in report["groups"]] == [(["north"], 2_100_050), (["south"], -50)]
    assert report["totals"]["whole"] == 2_100_000
    assert report["frame"]["currency_code"] == "EUR"
    assert report["basis"]["data_version"] == 2


def test_past_moments_and_months(ask: Ask) -> None:
    """The balances of records say nothing of the past."""
    found = json.loads(ask("--by", "month", "--months", "2", "--as-of", "2026-03-05", "--json").stdout)
    assert [(group["keys"], group["count"], group["unknown"]) for group in found["groups"]] == [
        (["2026-01"], 0, 4),
        (["2026-02"], 0, 4),
    ]
    days = json.loads(ask("--measures", "average_daily_balance", "--days", "3", "--json").stdout)
    assert days["groups"][0]["daily_unknown"] == 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--by", "sort"], "groups are by segment, kind"),
        (["--measures", "mode"], "measures are count, sum"),
        (["--percentiles", "x"], "give numbers"),
        (["--percentiles", "101"], "0 to 100"),
        (["--percentiles", "nan"], "0 to 100"),
    ],
)
def test_wrong_words_are_told_apart(ask: Ask, options: list[str], said: str) -> None:
    """What the command line can know to be wrong never reaches the server, and what is allowed is said."""
    result = ask(*options)
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


def test_what_the_server_refuses_is_told(ask: Ask) -> None:
    """A segment that the ledger lacks."""
    result = ask("--segments", "nort")
    assert result.exit_code == 4
    assert "nort" in result.output


async def test_the_asynchronous_client_gives_the_same(target: str) -> None:
    """Pages one by one end with the totals of the whole report."""
    async with AsyncClient(target) as client:
        report = await client.aggregate_balances(by=["segment"], measures=["sum"])
        pages = [page async for page in client.balance_pages(by=["segment"], measures=["sum"])]
    assert report.group("north").sum == 2_100_050
    assert pages[0].groups == report.groups
    assert pages[-1].totals == report.totals
    assert report.frame.segments == {"north": (2, 0), "south": (2, 0)}
    with pytest.raises(KeyError):
        report.group("east")
