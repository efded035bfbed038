"""`segmentd ledger`: files of records into a ledger, its state, and its rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Run

ACCOUNTS = "id,owners,currency,opened,external\na1,c0|c1,CZK,2020-01-31,false\na2,,JPY,,\n"

TRANSACTIONS = """\
id;account;Booking Time;amount;purpose;colour
t1;a1;2024-03-01T12:00:00Z;1234.50;salary;red
t2;a1;2024-03-02T12:00:00Z;-12;rent;red
t3;a2;2024-03-02T12:00:00Z;-500;;red
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Accounts, transactions of which one is wrong, and customers."""
    written = {"accounts": ACCOUNTS, "transactions": TRANSACTIONS, "customers": "id,income\nc0,1.5\nc1,\n"}
    for name, text in written.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return {name: tmp_path / f"{name}.csv" for name in written}


def write(cli: Run, kind: str, file: Path, *options: str) -> dict[str, Any]:
    """What the command says as JSON."""
    result = cli("ledger", "write", file, "--kind", kind, "--ledger", "books", "--json", *options)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


@pytest.fixture
def books(cli: Run, files: dict[str, Path]) -> Run:
    """The command line, with a ledger of customers and accounts."""
    assert cli("ledgers", "create", "--ledger", "books", "--currency", "CZK").exit_code == 0
    assert cli("attributes", "create", "customer.income", "--type", "DOUBLE", "--ledger", "books").exit_code == 0
    assert write(cli, "customer", files["customers"])["inserted"] == 2
    assert write(cli, "ACCOUNT", files["accounts"])["inserted"] == 2
    return cli


def test_a_csv_file_is_written(books: Run, files: dict[str, Path]) -> None:
    """Amounts are major units, headers are taken as attributes' are, and columns that are no fields are named."""
    result = books("ledger", "write", files["transactions"], "--kind", "transaction", "--ledger", "books")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("3 rows: 3 new, 0 updated, 0 unchanged, 0 rejected, ")
    assert "not sent, because they are no fields of a transaction: colour" in result.stderr


def test_the_same_records_of_other_files_are_unchanged(books: Run, files: dict[str, Path], tmp_path: Path) -> None:
    """Parquet and Arrow with types of their own say the same as CSV; whole numbers in them are minor units."""
    write(books, "transaction", files["transactions"])
    times = pa.array([1_709_294_400, 1_709_380_800, 1_709_380_800], pa.timestamp("s", tz="UTC"))
    table = pa.table(
        {
            "who": ["t1", "t2", "t3"],
            "account": ["a1", "a1", "a2"],
            "bookingTime": times,
            "amount": pa.array([123_450, -1_200, -500], pa.int64()),
            "purpose": ["salary", "rent", None],
        }
    )
    pq.write_table(table.rename_columns({"bookingTime": "booking_time"}), tmp_path / "t.parquet")
    pa.feather.write_feather(table.rename_columns({"bookingTime": "booking_time"}), tmp_path / "t.arrow")
    for name in ("t.parquet", "t.arrow"):
        told = write(books, "transaction", tmp_path / name, "--id", "who")
        assert (told["inserted"], told["updated"], told["unchanged"]) == (0, 0, 3), name


def test_rejected_rows_are_told(books: Run, tmp_path: Path) -> None:
    """They are named on stderr, the others are written, and the exit code says that the file does not fit."""
    (tmp_path / "t.csv").write_text(TRANSACTIONS.replace("t2;a1", "t2;nobody").replace("-500", "-500.5"))
    result = books("ledger", "write", tmp_path / "t.csv", "--kind", "transaction", "--ledger", "books")
    assert result.exit_code == 5
    assert "1 new, 0 updated, 0 unchanged, 2 rejected" in result.stdout
    assert "row 1: account: 'nobody' is the id of no account" in result.stderr
    assert "row 2: amount: " in result.stderr


def test_a_batch_id_is_written_once(books: Run, files: dict[str, Path]) -> None:
    """Run again, the command says that it has been, and what became of it then."""
    first = write(books, "transaction", files["transactions"], "--batch-id", "march")
    again = write(books, "transaction", files["transactions"], "--batch-id", "march")
    assert (first["inserted"], first["repeated"]) == (3, False)
    assert (again["inserted"], again["repeated"], again["data_version"]) == (3, True, first["data_version"])


def test_a_dry_run_writes_nothing(books: Run, files: dict[str, Path]) -> None:
    """It says what would be written, twice the same."""
    for _ in range(2):
        assert write(books, "transaction", files["transactions"], "--dry-run")["inserted"] == 3


def test_all_or_nothing_writes_nothing_of_a_wrong_file(books: Run, files: dict[str, Path], tmp_path: Path) -> None:
    """With one wrong row none is written."""
    (tmp_path / "t.csv").write_text(TRANSACTIONS.replace("t2;a1", "t2;nobody"))
    options = ("--kind", "transaction", "--ledger", "books", "--all-or-nothing")
    result = books("ledger", "write", tmp_path / "t.csv", *options)
    assert result.exit_code == 5
    assert "0 new, 0 updated, 0 unchanged, 1 rejected" in result.stdout
    assert write(books, "transaction", files["transactions"])["inserted"] == 3


def test_ids_can_be_left_out_where_they_are_made(books: Run, tmp_path: Path) -> None:
    """Rates and balances have none in a file."""
    (tmp_path / "rates.csv").write_text("currency,day,rate\nJPY,2024-03-01,0.155\nEUR,2024-03-01,25.3\n")
    told = write(books, "rate", tmp_path / "rates.csv")
    assert (told["inserted"], told["rejected"]) == (2, 0)
    (tmp_path / "balances.csv").write_text("account,time,amount\na1,2024-03-01,10.5\n")
    assert write(books, "balance", tmp_path / "balances.csv")["inserted"] == 1
    assert write(books, "balance", tmp_path / "balances.csv")["unchanged"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("--kind", "movement"), 2, "give customer, account, transaction"),
        (("--kind", "transaction", "--ledger", "nowhere"), 4, "there is no ledger 'nowhere'"),
        ((), 2, "--kind"),
    ],
)
def test_wrong_options_are_explained(
    books: Run, files: dict[str, Path], arguments: tuple[str, ...], code: int, text: str
) -> None:
    """The exit code and a line say what is wrong."""
    result = books("ledger", "write", files["transactions"], *arguments)
    assert result.exit_code == code
    assert text in result.stderr


def test_a_file_without_ids_is_refused(books: Run, tmp_path: Path) -> None:
    """Transactions need ids; the server says where they belong."""
    (tmp_path / "t.csv").write_text("account,amount\na1,5\n")
    result = books("ledger", "write", tmp_path / "t.csv", "--kind", "transaction", "--ledger", "books")
    assert result.exit_code == 4
    assert "must give the records' ids" in result.stderr


def test_the_status_has_versions_and_counts(books: Run) -> None:
    """The data version counts the batches that were written."""
    result = books("ledger", "status", "--ledger", "books", "--json")
    told = json.loads(result.stdout)
    assert (told["currency_code"], told["data_version"], told["customer_count"]) == ("CZK", 2, 2)
    lines = books("ledger", "status", "--ledger", "books").stdout.splitlines()
    assert [line.split() for line in lines if line.startswith(("data", "customers"))] == [
        ["data", "version", "2"],
        ["customers", "2"],
    ]


def test_rules_are_applied_and_listed(books: Run, tmp_path: Path) -> None:
    """A file's rules replace all; with --example those that come with segmentd; a dry run changes nothing."""
    path = tmp_path / "rules.yaml"
    path.write_text("rules:\n  - {category: IN, expression: transaction.amount > 0.00, description: All that comes}\n")
    options = ("--ledger", "books")
    assert "1 rule would be applied" in books("ledger", "rules", "apply", path, "--dry-run", *options).stdout
    assert json.loads(books("ledger", "rules", "list", "--json", *options).stdout)["rules"] == []
    assert "books: 1 rule applied" in books("ledger", "rules", "apply", path, *options).stdout
    assert "IN" in books("ledger", "rules", "list", *options).stdout
    result = books("ledger", "rules", "apply", "--example", "--json", *options)
    assert json.loads(result.stdout)["rules"][0]["category"] == "INCOME/SALARY"


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("rules: 5", 5, "it must have one key, `rules`, with a list"),
        ("rules: [5]", 5, "rule 1 is no mapping"),
        ("rules: [{category: A}]", 5, "rule 1 lacks 'expression'"),
        ("rules: [{category: A, expression: 'true', state: x}]", 5, "rule 1 has the key 'state'"),
        ("rules: [{category: A, expression: true}]", 5, "rule 1: expression must be text"),
        ("rules: [", 5, "no YAML in UTF-8"),
        ("rules: [{category: A, expression: transaction.amont > 1.00}]", 4, "did you mean"),
    ],
)
def test_wrong_rules_are_explained(books: Run, tmp_path: Path, text: str, code: int, told: str) -> None:
    """The file's entry, or the server's reason, is named."""
    (tmp_path / "rules.yaml").write_text(text)
    result = books("ledger", "rules", "apply", tmp_path / "rules.yaml", "--ledger", "books")
    assert (result.exit_code, told in result.stderr) == (code, True), result.stderr


def test_rules_come_from_one_place(books: Run, tmp_path: Path) -> None:
    """Either a file or the example is given."""
    (tmp_path / "rules.yaml").write_text("rules: []")
    assert books("ledger", "rules", "apply").exit_code == 2
    assert books("ledger", "rules", "apply", tmp_path / "rules.yaml", "--example").exit_code == 2
