"""`segmentd ledger`: files of records into a ledger, its state, and its rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from pyarrow.csv import read_csv

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
    assert "it has account, booking_time, value_time, amount," in result.stderr


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
    """Transactions need ids: the columns that there are and the option to name one are told."""
    (tmp_path / "t.csv").write_text("trans_id,account,amount\nt1,a1,5\n")
    result = books("ledger", "write", tmp_path / "t.csv", "--kind", "transaction", "--ledger", "books")
    assert result.exit_code == 5
    assert "there is no column 'id' for the ids; there are 'trans_id', 'account', 'amount'" in result.stderr
    assert "name it with --id" in result.stderr


def test_a_column_of_ids_that_is_named_has_to_be_there(books: Run, tmp_path: Path) -> None:
    """Balances need no ids, but an id column that was asked for is not passed over."""
    (tmp_path / "b.csv").write_text("account,time,amount\na1,2024-03-01,10.5\n")
    result = books("ledger", "write", tmp_path / "b.csv", "--kind", "balance", "--id", "nr", "--ledger", "books")
    assert result.exit_code == 5
    assert "there is no column 'nr' for the ids" in result.stderr


@pytest.mark.parametrize(
    ("time", "amount", "text"),
    [
        ("01.02.2024", "5", "'01.02.2024' in row 1; a time is written as 2024-01-31T10:00:00"),
        ("2024-02-01T10:00:00Z", "5", "in all rows with Z or an offset or in none"),
        ("2024-02-01", "1.234,50", "an amount is written with a point and without separators, such as 1234.50"),
    ],
)
def test_values_of_another_spelling_are_told(books: Run, tmp_path: Path, time: str, amount: str, text: str) -> None:
    """A column of times or amounts that cannot be read is told by its first value and by what is allowed."""
    (tmp_path / "t.csv").write_text(
        f"id;account;booking_time;amount\nt1;a1;2024-02-01T10:00:00;5\nt2;a1;{time};{amount}"
    )
    result = books("ledger", "write", tmp_path / "t.csv", "--kind", "transaction", "--ledger", "books")
    assert result.exit_code == 5
    assert text in result.stderr


@pytest.mark.parametrize(
    ("kind", "field", "value", "advice"),
    [
        ("rate", "day", "01.01.2024", "a date is written as 2024-01-31"),
        ("customer", "income", "1,200", "a number is written with a point and without separators"),
        ("engagement", "duration_s", "1.5", "a whole number is written without a point"),
        ("account", "external", "nope", "a truth value is written as true or false"),
    ],
)
def test_cells_that_do_not_fit_come_with_advice(
    books: Run, tmp_path: Path, kind: str, field: str, value: str, advice: str
) -> None:
    """The message of a CSV file names the column and the value, and what can be written."""
    (tmp_path / "f.csv").write_text(f"id;{field}\nx;{value}\n")
    result = books("ledger", "write", tmp_path / "f.csv", "--kind", kind, "--ledger", "books")
    assert result.exit_code == 5
    assert f"In column {field!r}" in result.stderr
    assert value in result.stderr
    assert advice in result.stderr


@pytest.mark.parametrize(
    ("time", "moment"),
    [
        ("2024-02-01", "2024-02-01T05:00:00Z"),
        ("2024-02-01T10:00:00", "2024-02-01T15:00:00Z"),
        ("2024-07-01 10:00:00.25", "2024-07-01T14:00:00.25Z"),
        ("2024-11-03T01:30:00", "2024-11-03T05:30:00Z"),
        ("2024-02-01T10:00:00+01:00", "2024-02-01T09:00:00Z"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_times_without_an_offset_are_the_ledgers(cli: Run, tmp_path: Path, time: str, moment: str, ending: str) -> None:
    """A time or a day is that of the ledger's business zone, as in imports: the same moment in UTC changes nothing."""
    zone = ("--time-zone", "America/New_York")
    assert cli("ledgers", "create", "--ledger", "books", "--currency", "USD", *zone).exit_code == 0
    (tmp_path / "accounts.csv").write_text("id,currency\na1,USD\n")
    write(cli, "account", tmp_path / "accounts.csv")
    local, utc = tmp_path / "local.csv", tmp_path / "utc.csv"
    for path, text in ((local, time), (utc, moment)):
        path.write_text(f"id,account,booking_time,amount\nt1,a1,{text},1\n")
    if ending == "parquet":
        pq.write_table(read_csv(local).set_column(3, "amount", [[100]]), local.with_suffix(".parquet"))
        local = local.with_suffix(".parquet")
    assert write(cli, "transaction", local)["inserted"] == 1
    assert write(cli, "transaction", utc)["unchanged"] == 1


def test_lines_of_json_are_for_imports(books: Run, tmp_path: Path) -> None:
    """A file of JSON lines is refused, and the command that reads it is named."""
    (tmp_path / "t.jsonl").write_text('{"id": "t1"}\n')
    result = books("ledger", "write", tmp_path / "t.jsonl", "--kind", "transaction", "--ledger", "books")
    assert result.exit_code == 5
    assert "JSON lines are read by `segmentd ledger import`" in result.stderr


def test_a_file_without_rows_is_written(books: Run, tmp_path: Path) -> None:
    """A day without transactions is no error."""
    (tmp_path / "t.csv").write_text("id,account,booking_time,amount\n")
    assert write(books, "transaction", tmp_path / "t.csv")["rows"] == 0


def test_roles_without_owners_are_told_by_number(books: Run, tmp_path: Path) -> None:
    """Of lists that go together both numbers are told, and whose they are."""
    (tmp_path / "a.csv").write_text("id,owners,owner_roles\na9,c0|c1,OWNER\n")
    result = books("ledger", "write", tmp_path / "a.csv", "--kind", "account", "--ledger", "books")
    assert result.exit_code == 5
    assert "owner_roles: a list of 1 beside 2 owners is not allowed: each owner has one role" in result.stderr


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
