"""The commands that need no server."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from tests.cli.conftest import CUSTOMERS, Run

EXPECTED = [{"id": "local", "members": 0, "unknown": 1}, {"id": "wealthy", "members": 2, "unknown": 1}]


def test_a_population_is_evaluated(offline: Run, population: Path, definitions: Path) -> None:
    """Rows and counts come as JSON with the elapsed time, and no server is asked."""
    result = offline("evaluate", population, "--segments", definitions, "--json")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    assert (answer["rows"], answer["segments"]) == (4, EXPECTED)
    assert answer["elapsed_s"] > 0
    assert list(answer) == ["rows", "segments", "elapsed_s"]


def test_a_table_shows_shares(offline: Run, population: Path, definitions: Path) -> None:
    """Without --json there is a table for people."""
    result = offline("evaluate", population, "--segments", definitions)
    assert result.exit_code == 0, result.stderr
    assert "50.00%" in result.stdout
    assert "4 customers, 2 segments" in result.stdout


ACCOUNTS = """
currency: CZK
attributes:
  - {id: tier, subject: ACCOUNT, expression: "account.balance > 100.00 ? 'gold' : 'basic'"}
segments:
  - {id: rich, subject: ACCOUNT, expression: 'account.tier == "gold" && account.kind == "SAVINGS"'}
  - {id: joint, subject: ACCOUNT, expression: account.owners.size() > 1}
  - {id: green, subject: ACCOUNT, expression: account.colour == "green"}
  - {id: anybody, expression: "true"}
"""


@pytest.fixture
def accounts(tmp_path: Path) -> tuple[Path, Path]:
    """A file of accounts, with a column that they do not have of themselves, and definitions."""
    table = pa.table(
        {
            "account_id": ["a0", "a1", "a2"],
            "kind": ["SAVINGS", "SAVINGS", None],
            "balance": pa.array([Decimal("100.01"), Decimal("100.00"), Decimal(7)], pa.decimal128(12, 2)),
            "colour": ["green", None, "red"],
        }
    )
    pa.parquet.write_table(table, tmp_path / "accounts.parquet")
    (tmp_path / "accounts.yaml").write_text(ACCOUNTS)
    return tmp_path / "accounts.parquet", tmp_path / "accounts.yaml"


def test_segments_of_accounts_are_evaluated(offline: Run, accounts: tuple[Path, Path], tmp_path: Path) -> None:
    """Built-in fields and further columns are read; owners are not known, and the command says so."""
    file, definitions = accounts
    out = tmp_path / "members.csv"
    result = offline("evaluate", file, "--segments", definitions, "--accounts", "--members", out, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["segments"] == [
        {"id": "green", "members": 1, "unknown": 0},
        {"id": "joint", "members": 0, "unknown": 3},
        {"id": "rich", "members": 1, "unknown": 0},
    ]
    assert "missing or unknown everywhere: account.owners" in result.stderr
    assert pa.csv.read_csv(out).to_pydict() == {"account_id": ["a0", "a0"], "segment": ["green", "rich"]}
    shown = offline("evaluate", file, "--segments", definitions, "--accounts")
    assert "3 accounts, 3 segments" in shown.stdout


def test_a_plan_of_segments_of_accounts(offline: Run, accounts: tuple[Path, Path]) -> None:
    """Those of customers are left out; the columns are those of the file of accounts."""
    file, definitions = accounts
    plan = json.loads(offline("explain-plan", definitions, "--accounts", "--population", file, "--json").stdout)
    assert plan["segments"] == ["green", "joint", "rich"]
    assert plan["attributes"] == {"balance": ["rich"], "colour": ["green"], "kind": ["rich"]}
    refused = offline("explain-plan", definitions, "--accounts", "--population", file, "--segment", "anybody")
    assert refused.exit_code == 2


def test_accounts_of_a_population_of_customers_are_not_known(offline: Run, population: Path, tmp_path: Path) -> None:
    """A segment that asks about them is unknown for everybody, and others are what they are."""
    definitions = tmp_path / "macros.yaml"
    definitions.write_text(
        "segments:\n"
        "  - {id: holder, expression: customer.accounts.size() > 0}\n"
        "  - {id: wealthy, expression: customer.income >= 3000.0}\n"
    )
    result = offline("evaluate", population, "--segments", definitions, "--json")
    assert [(each["members"], each["unknown"]) for each in json.loads(result.stdout)["segments"]] == [(0, 4), (2, 1)]
    assert "customer.accounts" in result.stderr


@pytest.mark.parametrize("ending", ["csv", "arrow", "feather", "parquet"])
def test_every_kind_of_file_gives_the_same_counts(offline: Run, tmp_path: Path, definitions: Path, ending: str) -> None:
    """CSV, Arrow and Parquet of the same customers are one population; the column of the ids may be named."""
    table = pa.table(CUSTOMERS).rename_columns(["client", "income", "country"])
    path = tmp_path / f"population.{ending}"
    match ending:
        case "csv":
            pa.csv.write_csv(table, path)
        case "parquet":
            pa.parquet.write_table(table, path)
        case _:
            pa.feather.write_feather(table, path, compression="uncompressed")
    result = offline("evaluate", path, "--segments", definitions, "--id", "client", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["segments"] == EXPECTED


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_members_are_written(offline: Run, population: Path, definitions: Path, tmp_path: Path, ending: str) -> None:
    """`--members` writes a row a membership, whatever the column of the ids is called."""
    out = tmp_path / f"members.{ending}"
    result = offline("evaluate", population, "--segments", definitions, "--members", out)
    assert result.exit_code == 0, result.stderr
    written = pa.csv.read_csv(out) if ending == "csv" else pa.parquet.read_table(out)
    assert written.to_pydict() == {"customer_id": ["c1", "c3"], "segment": ["wealthy", "wealthy"]}


def test_members_of_a_large_population_come_in_windows(offline: Run, tmp_path: Path) -> None:
    """Members of 600,000 customers are exactly the rows that the condition selects, in order."""
    rows = 600_000
    table = pa.table({"customer_id": [f"c{row}" for row in range(rows)], "n": range(rows)})
    pa.parquet.write_table(table, tmp_path / "large.parquet")
    definitions = tmp_path / "large.yaml"
    definitions.write_text("segments: [{id: seventh, expression: customer.n % 7 == 0}]")
    out = tmp_path / "members.parquet"
    result = offline("evaluate", tmp_path / "large.parquet", "--segments", definitions, "--members", out, "--json")
    assert result.exit_code == 0, result.stderr
    expected = [f"c{row}" for row in range(0, rows, 7)]
    assert pa.parquet.read_table(out)["customer_id"].to_pylist() == expected
    assert json.loads(result.stdout)["segments"] == [{"id": "seventh", "members": len(expected), "unknown": 0}]


@pytest.mark.parametrize(("as_of", "members"), [("2020-06-30", 0), ("2020-07-01", 1), ("2020-06-30T22:00:00Z", 1)])
def test_as_of_decides_what_now_means(
    offline: Run, population: Path, definitions: Path, as_of: str, members: int
) -> None:
    """A date starts in the file's time zone: the first of July in Prague is 22:00 UTC of the day before."""
    condition = "now >= timestamp('2020-06-30T22:00:00Z') && customer.country == 'DE'"
    definitions.write_text(f'time_zone: Europe/Prague\nsegments: [{{id: late, expression: "{condition}"}}]')
    result = offline("evaluate", population, "--segments", definitions, "--as-of", as_of, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["segments"] == [{"id": "late", "members": members, "unknown": 0}]


def test_valid_definitions_are_confirmed(offline: Run, definitions: Path) -> None:
    """A valid file ends with code 0, and counts what is in it."""
    result = offline("check", definitions)
    assert result.exit_code == 0, result.stderr
    assert "2 segments and 3 attributes are valid" in result.stdout
    assert json.loads(offline("check", definitions, "--json").stdout)["valid"] is True


def test_all_errors_are_shown_at_once(offline: Run, definitions: Path) -> None:
    """Two wrong segments give both errors with file, line, entry and caret, and exit code 1."""
    text = definitions.read_text()
    definitions.write_text(
        text.replace("customer.income >= 3000.0\n", "customer.incom >= 3.0\n").replace('"wealthy"', '"welthy"')
    )
    result = offline("check", definitions)
    assert result.exit_code == 1
    assert "did you mean 'wealthy'?" in result.stderr
    assert "did you mean 'income'?" in result.stderr
    assert f"{definitions}:9: segments/local" in result.stderr
    assert "customer.incom >= 3.0\n         ^" in result.stderr
    assert "2 problems" in result.stderr
    problems = json.loads(offline("check", definitions, "--json").stdout)["problems"]
    assert [problem["reason"] for problem in problems] == ["UNKNOWN_SEGMENT", "UNKNOWN_ATTRIBUTE"]
    assert [(problem["line"], problem["column"]) for problem in problems] == [(9, 1), (11, 10)]
    assert problems[1]["snippet"] == "customer.incom >= 3.0\n         ^"


def test_each_place_of_an_expression_is_a_problem_in_json(offline: Run, definitions: Path) -> None:
    """Two errors in one expression are two problems with a column each."""
    text = definitions.read_text()
    definitions.write_text(
        text.replace("customer.income >= 3000.0\n", "customer.incom >= 3.0 || customer.countri == ''\n")
    )
    problems = json.loads(offline("check", definitions, "--json").stdout)["problems"]
    assert [problem["column"] for problem in problems if problem["entry"] == "segments/wealthy"] == [10, 35]


def test_a_pattern_that_is_too_large_is_a_problem(offline: Run, definitions: Path) -> None:
    """It is told with its size, the limit and its place."""
    definitions.write_text(definitions.read_text().replace('country == "CZ"', 'country.matches("[^u-z]{900}x")'))
    (problem,) = json.loads(offline("check", definitions, "--json").stdout)["problems"]
    assert problem["reason"] == "PATTERN_TOO_LARGE"
    line, caret = problem["snippet"].split("\n")
    assert line[len(caret) - 1 :].startswith('"[^u-z]{900}x"')
    assert "7205 instructions; at most 2500" in problem["message"]


def test_warnings_do_not_make_definitions_invalid(offline: Run, definitions: Path) -> None:
    """What may not mean what it seems to is a warning with its place, and the exit code stays 0."""
    definitions.write_text(definitions.read_text().replace('country == "CZ"', 'country != "CZ"'))
    result = offline("check", definitions)
    assert result.exit_code == 0
    assert "warning: segments/local" in result.stderr
    assert "has(customer.country)" in result.stderr


def test_columns_of_a_population_are_attributes_of_the_check(offline: Run, population: Path, tmp_path: Path) -> None:
    """Without a population the file must say everything; with one its columns are known."""
    path = tmp_path / "short.yaml"
    path.write_text("segments: [{id: rich, expression: customer.income >= 3000.0}]")
    assert offline("check", path).exit_code == 1
    assert offline("check", path, "--population", population).exit_code == 0


def test_a_plan_is_printed(offline: Run, definitions: Path) -> None:
    """The plan names the asked segments, and the condition that both share is there once."""
    plan = offline("explain-plan", definitions, "--raw").stdout
    assert "segment local" in plan
    assert "segment wealthy" in plan
    assert plan.count("compare_double") == 1
    assert "segment local" not in offline("explain-plan", definitions, "--segment", "wealthy").stdout
    assert json.loads(offline("explain-plan", definitions, "--json").stdout)["segments"] == ["local", "wealthy"]


def test_a_plan_shows_what_is_asked_of_accounts(offline: Run, tmp_path: Path) -> None:
    """A macro is a column of the plan, its condition a program of its own, what it reads is listed with its subject."""
    file = tmp_path / "accounts.yaml"
    text = "customer.accounts.exists(a, a.kind == 'SAVINGS' && a.balance > 100) || customer.accounts.size() > 3"
    file.write_text(f'segments:\n  - {{id: saver, expression: "{text}"}}\n')
    plan = offline("explain-plan", file).stdout
    assert "= accounts.exists(logical_and(equals(kind, 'SAVINGS'), greater_int64(balance, 10000)))" in plan
    assert "over accounts:\n  1 segment," in plan
    described = json.loads(offline("explain-plan", file, "--json").stdout)
    assert described["attributes"] == {"account.balance": ["saver"], "account.kind": ["saver"]}
    assert [column["attributes"] for column in described["columns"]] == [[], ["account.balance", "account.kind"]]


def test_a_plan_says_what_is_read_as_codes(offline: Run, definitions: Path, population: Path) -> None:
    """Thresholds become codes: as attributes suggest, or as a population has it; text with a population alone."""
    assumed = offline("explain-plan", definitions).stdout
    assert "c0 = codes of income, 2 bits for 1 threshold (0.25 bytes a row instead of 8.125)" in assumed
    assert "# income >= 3000.0" in assumed
    assert "distinct values of (country)" in assumed
    real = json.loads(offline("explain-plan", definitions, "--population", population, "--json").stdout)
    coded = {tuple(column["attributes"]): column["codes"] for column in real["columns"]}
    assert coded == {("income",): True, ("country",): True}
    thresholds = {tuple(column["attributes"]): column["thresholds"] for column in real["columns"]}
    assert thresholds == {("income",): 1, ("country",): None}
    assert real["bytes_per_row"]["chosen"] < real["bytes_per_row"]["raw"] == 8 + 1 / 8 + 4
    raw = json.loads(offline("explain-plan", definitions, "--raw", "--json").stdout)
    assert [(column["codes"], column["thresholds"]) for column in raw["columns"]] == [(False, None), (False, None)]
    assert raw["bytes_per_row"]["raw"] == raw["bytes_per_row"]["chosen"]


@pytest.mark.parametrize(
    ("content", "message"),
    [("not parquet", "population.parquet"), ("", "population.parquet")],
)
def test_a_file_that_cannot_be_read_is_named(
    offline: Run, tmp_path: Path, definitions: Path, content: str, message: str
) -> None:
    """Garbage in the place of a population ends with code 5 and its name, without a traceback."""
    path = tmp_path / "population.parquet"
    path.write_text(content)
    result = offline("evaluate", path, "--segments", definitions)
    assert result.exit_code == 5, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "nowhere.parquet", "--segments", "nowhere.yaml"),
        ("check", "nowhere.yaml"),
        ("explain-plan", "nowhere.yaml"),
        ("score", "nowhere.csv"),
        ("serve", "--population", "nowhere.csv"),
        ("segments", "apply", "nowhere.yaml"),
    ],
)
def test_a_file_that_does_not_exist_ends_every_command_with_code_5(offline: Run, arguments: tuple[str, ...]) -> None:
    """A path that leads nowhere is found before any work, and named."""
    result = offline(*arguments)
    assert result.exit_code == 5
    assert result.stderr.startswith("error: nowhere.")
    assert "No such file or directory" in result.stderr


def test_a_directory_is_no_file(offline: Run, tmp_path: Path) -> None:
    """A directory in the place of a file is named as such."""
    result = offline("check", tmp_path)
    assert result.exit_code == 5
    assert "Is a directory" in result.stderr


def test_ids_are_distinct(offline: Run, tmp_path: Path, definitions: Path) -> None:
    """An id that two customers have is refused, with both rows, as a server refuses it."""
    path = tmp_path / "twice.csv"
    path.write_text("customer_id,income,country\na,1.0,CZ\nb,2.0,CZ\na,3.0,CZ\n")
    result = offline("evaluate", path, "--segments", definitions)
    assert result.exit_code == 5
    assert "'customer_id' has the value a in row 2; ids are distinct, and row 0 has it too" in result.stderr


def test_a_plan_of_an_unknown_segment_is_a_usage_error(offline: Run, definitions: Path) -> None:
    """A segment that the file lacks ends with code 2 and the nearest name."""
    result = offline("explain-plan", definitions, "--segment", "welthy")
    assert result.exit_code == 2
    assert "did you mean 'wealthy'?" in " ".join(result.stderr.replace("│", " ").split())


def test_no_active_segments_are_said(offline: Run, population: Path, tmp_path: Path) -> None:
    """A file whose segments are all inactive is evaluated to nothing, and says why."""
    path = tmp_path / "none.yaml"
    path.write_text("segments: [{id: rich, expression: customer.income >= 3000.0, state: INACTIVE}]")
    result = offline("evaluate", population, "--segments", path)
    assert result.exit_code == 0, result.stderr
    assert "none.yaml has no active segments of customers" in result.stderr
    plan = offline("explain-plan", path, "--population", population)
    assert "none.yaml has no active segments of customers" in plan.stderr


def test_output_that_nobody_reads_ends_quietly(population: Path, definitions: Path) -> None:
    """A reader that goes away ends the command with code 141 and without a word."""
    command = [sys.executable, "-m", "segmentd.cli", "evaluate", str(population), "--segments", str(definitions)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (141, b"")


@pytest.mark.parametrize("server", ["", "localhost", "http://localhost:50051", "localhost:port", "a:b:1"])
def test_an_address_is_a_host_and_a_port(offline: Run, server: str) -> None:
    """Anything else is a usage error that says what to give."""
    result = offline("segments", "list", "--server", server)
    assert result.exit_code == 2
    assert "give HOST:PORT" in " ".join(result.stderr.replace("│", " ").split())


def test_a_wrong_ending_of_the_members_file_is_found_before_any_work(
    offline: Run, population: Path, definitions: Path
) -> None:
    """An ending that cannot be written is a usage error."""
    result = offline("evaluate", population, "--segments", definitions, "--members", "out.xlsx")
    assert result.exit_code == 2
    assert ".parquet" in result.stderr


def test_kernels_are_warmed(offline: Run) -> None:
    """`warmup` says whether the kernels were compiled or loaded, and how long it took."""
    report = json.loads(offline("warmup", "--json").stdout)
    assert isinstance(report["compiled"], bool)
    assert report["seconds"] >= 0
    assert "kernels loaded from the cache" in offline("warmup").stdout or report["compiled"]
