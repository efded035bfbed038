"""A verification finds what is wrong with files, balances and aggregates, and nothing where nothing is."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from segmentd.cli.main import app
from segmentd.client import AttributeDefinition, Client, SegmentDefinition
from segmentd.client.records import RecordKind
from segmentd.client.verification import VerificationProgress, VerificationReport
from segmentd.columns.build import missing_column
from segmentd.columns.column import BoolColumn, FixedColumn
from segmentd.columns.planes import pack
from segmentd.columns.text import build_text
from segmentd.facts.journal import Checkpoint, CheckpointFile, Entry, Journal
from segmentd.facts.records import WriteOutcome
from segmentd.facts.verification.model import FilesReport, Progress, Report
from segmentd.facts.verification.recomputing import differing
from segmentd.facts.verification.service import Verification, paced
from segmentd.facts.verification.totals import exact_sum
from segmentd.ledger.aggregates import Aggregate, Function, Source
from segmentd.schema import BOOL, DOUBLE, INT64
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from tests.facts.erasure.planting import NOON, balance, movement, visit

Row = dict[str, Any]

ACCOUNTS: Final = 30

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def config(tmp_path: Path) -> ServerConfig:
    """A server on a data directory of the test."""
    return ServerConfig(data_dir=tmp_path / "data", port=0, threads=1)


def client_of(server: Server) -> Client:
    """A client of its ledger."""
    return Client(f"127.0.0.1:{server.port}", ledger="main")


def verified(client: Client) -> VerificationReport:
    """The report, after some progress."""
    *moved, report = client.verify_ledger()
    assert all(isinstance(each, VerificationProgress) and each.done <= each.total for each in moved)
    assert isinstance(report, VerificationReport)
    return report


def write_bank(client: Client, chance: random.Random) -> dict[str, list[Row]]:
    """Accounts in three currencies with transactions and balances that fit, and some of each that do not."""
    client.create_ledger("main", currency_code="EUR")
    accounts = [
        {"id": f"a{n}", "owners": [f"c{n % 7}"], "currency": ("EUR", "JPY", "KWD")[n % 3], "balance": n * 2**40}
        for n in range(ACCOUNTS)
    ]
    client.write_records("customer", [{"id": f"c{n}"} for n in range(7)])
    client.write_records("account", accounts)
    moved: list[Row] = []
    stood: list[Row] = []
    for n in range(ACCOUNTS):
        total = chance.randrange(2**40)
        for step in range(chance.randrange(12)):
            amount = chance.randrange(-(2**35), 2**35)
            total += amount
            at = NOON + timedelta(hours=step)
            moved.append({**movement(f"t{n}-{step}", f"a{n}", amount=amount, balance_after=total), "booking_time": at})
            if step % 3 == 0:
                stood.append({**balance(f"b{n}-{step}", f"a{n}", amount=total), "time": at})
    client.write_records("transaction", moved)
    client.write_records("balance", stood)
    client.write_records("engagement", [visit(f"e{n}", f"c{n % 7}", duration_s=n) for n in range(20)])
    return {"account": accounts, "transaction": moved, "balance": stood}


def sums_of(rows: list[Row], amount: str, currencies: dict[str, str]) -> dict[str, int]:
    """Sums by currency, in Python."""
    sums: dict[str, int] = {}
    for row in rows:
        code = currencies[str(row.get("account") or row["id"])]
        sums[code] = sums.get(code, 0) + row[amount]
    return sums


def test_totals_are_those_of_what_was_written(config: ServerConfig) -> None:
    """Rows by kind and sums by currency; balances that fit transactions are no differences, over a restart too."""
    with running_server(config) as server, client_of(server) as client:
        given = write_bank(client, random.Random(3))  # noqa: S311 - any bank
        first = verified(client)
    currencies = {row["id"]: row["currency"] for row in given["account"]}
    for kind, amount in (("account", "balance"), ("transaction", "amount"), ("balance", "amount")):
        total = first.totals[RecordKind(kind)]
        assert total.rows == len(given[kind])
        assert total.sums_minor == sums_of(given[kind], amount, currencies)
    assert (first.totals[RecordKind.CUSTOMER].rows, first.totals[RecordKind.ENGAGEMENT].rows) == (7, 20)
    by_account = [sum(row["account"] == id_ for row in given["transaction"]) for id_ in currencies]
    assert first.given_balances.compared == sum(max(count - 1, 0) for count in by_account)
    assert (first.given_balances.differing, first.balance_snapshots.differing) == (0, 0)
    assert first.balance_snapshots.compared == sum(max(-(-count // 3) - 1, 0) for count in by_account)
    assert (first.is_sound, first.faults, first.files, first.batches) == (True, (), 0, 5)
    with running_server(config) as server, client_of(server) as client:
        again = verified(client)
        assert again.totals == first.totals


def test_the_command_tells_what_was_found(config: ServerConfig) -> None:
    """A sound ledger ends with 0, and control totals are in the table."""
    with running_server(config) as server, client_of(server) as client:
        write_bank(client, random.Random(3))  # noqa: S311 - any bank
        target = {"SEGMENTD_SERVER": f"127.0.0.1:{server.port}", "SEGMENTD_LEDGER": "main"}
        told = CliRunner().invoke(app, ["ledger", "verify"], env=target)
        assert told.exit_code == 0, told.output
        assert "5 batches" in told.stdout
        sums = verified(client).totals[RecordKind.BALANCE].sums_minor
        assert all(f"{code} {amount:,}" in told.stdout for code, amount in sums.items())


def test_balances_that_do_not_fit_are_counted_and_named(config: ServerConfig) -> None:
    """A transaction that the source left out is seen in both kinds of balances, in its account alone."""
    with running_server(config) as server, client_of(server) as client:
        write_bank(client, random.Random(4))  # noqa: S311 - any bank
        rows = [movement(f"x{n}", "a0", amount=10, balance_after=100 + 10 * n) for n in range(5)]
        late = [{**row, "booking_time": NOON + timedelta(days=9, hours=n)} for n, row in enumerate(rows)]
        client.write_records("transaction", late)
        for n in range(5):
            at = NOON + timedelta(days=9, hours=n, minutes=1)
            client.write_records("balance", [{**balance(f"y{n}", "a0", amount=100 + 10 * n), "time": at}])
        before = verified(client)
        client.delete_records("transaction", ["x2"])
        after = verified(client)
        assert after.given_balances.differing == before.given_balances.differing + 1
        assert after.balance_snapshots.differing == before.balance_snapshots.differing + 1
        assert after.given_balances.accounts == after.balance_snapshots.accounts == ("a0",)
        assert after.is_sound


def test_a_damaged_file_is_named(config: ServerConfig) -> None:
    """A byte that was turned over on disk while the server runs is found, and the command ends with 1."""
    with running_server(config) as server, client_of(server) as client:
        write_bank(client, random.Random(5))  # noqa: S311 - any bank
        client.delete_customer("c6", wait=True)  # has files written
        assert verified(client).files > 10
        (path,) = (config.data_dir / "facts" / "main").glob("*/transaction.arrow")
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        report = verified(client)
        assert not report.is_sound
        assert report.faults[0].startswith(f"{path} is damaged")
        target = {"SEGMENTD_SERVER": f"127.0.0.1:{server.port}", "SEGMENTD_LEDGER": "main"}
        told = CliRunner().invoke(app, ["ledger", "verify"], env=target)
        assert told.exit_code == 1
        assert "is damaged" in told.stdout
        path.unlink()
        told = CliRunner().invoke(app, ["ledger", "verify", "--json"], env=target)
        assert "is lacking" in json.loads(told.stdout)["faults"][0]


class Superseding(Journal):
    """A journal of which each checkpoint is superseded while its files are read, as under a heavy load."""

    superseded = 0

    def check_file(self, checkpoint: Checkpoint, file: CheckpointFile) -> Iterator[int]:
        """Read the file once there is another checkpoint in the place of its own."""
        self.superseded += 1
        version, tables = self.load("main")
        self.save("main", version + 1, tables)
        return super().check_file(checkpoint, file)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("", ""),
        ("UPDATE payloads SET payload = x'00' WHERE version = 30", "has batch 30 of ledger 'main' damaged"),
        ("DELETE FROM payloads WHERE version = 30", "lacks the batches of ledger 'main' after 29"),
        ("DELETE FROM payloads WHERE version > 30", "lacks the batches of ledger 'main' after 30, up to 40"),
    ],
)
def test_what_is_wrong_with_the_journal_is_told_however_often_files_go(tmp_path: Path, harm: str, told: str) -> None:
    """Files that went are no faults, batches that went with them neither; those that nothing has are."""
    journal = Superseding(tmp_path)
    journal.append([Entry("main", "", WriteOutcome(number), b"%d" % number) for number in range(1, 41)])
    journal.save("main", 1, {"one": pa.table({"number": [1]})})
    if harm:
        with journal._store._file.writing() as connection:
            connection.execute(harm)
    nothing: Any = None
    verification = Verification(nothing, journal, nothing, nothing, nothing)
    reports: list[FilesReport] = []

    def read() -> Iterator[Progress]:
        reports.append((yield from verification._check_files("main", 40)))

    assert all(each.done <= each.total for each in read())
    (report,) = reports
    assert journal.superseded >= 3
    assert [told in fault for fault in report.faults] == ([True] if told else [])
    journal.close()


def test_progress_is_told_as_time_goes_by() -> None:
    """Of each step the first, then one each half a second, and the report, whatever the number of batches."""
    moments = iter([0.0, *(number / 100 for number in range(1_000)), *[9.99] * 9])
    steps = [Progress("journal", number, number) for number in range(900)]
    told = list(paced(iter([Progress("files", 1, 9), *steps, Report(1, FilesReport())]), 0.5, lambda: next(moments)))
    assert isinstance(told[-1], Report)
    names = [each.step for each in told if isinstance(each, Progress)]
    assert names[:2] == ["files", "journal"]
    assert 15 < len(names) < 25


def test_followed_aggregates_are_computed_anew(config: ServerConfig) -> None:
    """Values that an evaluation was given, and that followed a write since, are compared, and equal; so are all."""
    spent = Aggregate(Source.TRANSACTIONS, Function.SUM, "amount")
    visits = Aggregate(Source.ENGAGEMENTS, Function.COUNT)
    with running_server(config) as server, client_of(server) as client:
        write_bank(client, random.Random(6))  # noqa: S311 - any bank
        rates = [{"currency": code, "day": NOON.date(), "rate": "0.5"} for code in ("JPY", "KWD")]
        client.write_records("rate", rates)
        client.create_attribute("customer.spent", AttributeDefinition(aggregate=spent))
        client.create_attribute("customer.visits", AttributeDefinition(aggregate=visits))
        client.create_segment("spenders", SegmentDefinition("customer.spent > 10.00"))
        client.evaluate()
        client.write_records("transaction", [movement("more", "a3", amount=5)])
        client.evaluate()
        report = verified(client)
        checked = {(each.attribute, each.followed): (each.rows, each.differing) for each in report.aggregates}
        assert checked == {
            ("customer.spent", True): (7, 0),
            ("customer.spent", False): (7, 0),
            ("customer.visits", False): (7, 0),
        }
        _turn_over(server)
        report = verified(client)
        checked = {(each.attribute, each.followed): (each.rows, each.differing) for each in report.aggregates}
        assert checked["customer.spent", True] == (7, 1)
        assert not report.is_sound


def _turn_over(server: Server) -> None:
    """Have a value be held that is not right, as a mistake of ours would."""
    ((_, state, _),) = server._residents.followed("main")
    (column,) = state.columns
    assert isinstance(column, FixedColumn)
    assert column.validity is None or column.validity[0] & 1
    column.values.setflags(write=True)
    column.values[0] += 1


def test_a_caller_may_go(config: ServerConfig) -> None:
    """Who has seen enough ends the verification, and the server goes on."""
    with running_server(config) as server, client_of(server) as client:
        write_bank(client, random.Random(7))  # noqa: S311 - any bank
        for _ in client.verify_ledger():
            break
        assert verified(client).is_sound


def test_columns_that_differ_are_counted() -> None:
    """By row, where one is missing, or both are there and other; missing values and NaN are the same everywhere."""
    nan = float("nan")
    present = pack(np.array([1, 1, 0, 0, 1], np.bool_))
    one = FixedColumn(DOUBLE, np.array([1.0, nan, 3.0, 4.0, 5.0]), present)
    other = FixedColumn(DOUBLE, np.array([nan, 9.0, 4.0, 6.0]), pack(np.array([1, 0, 1, 1], np.bool_)))
    assert differing(one, 1, 5, other) == 2
    texts = [build_text("x", pa.array(texts, pa.string())) for texts in (["a", None, "b", "c"], ["c", None, "a"])]
    assert differing(texts[0], 1, 4, texts[1]) == 3
    flags = [BoolColumn(pack(np.array(bits, np.bool_)), None) for bits in ([0, 1, 1], [1, 0])]
    assert differing(flags[0], 1, 3, flags[1]) == 1
    assert differing(missing_column(INT64, 2), 0, 2, missing_column(BOOL, 2)) == 2


def test_sums_are_exact_beyond_64_bits() -> None:
    """Many of the largest and of the smallest numbers."""
    most, least = 2**63 - 1, -(2**63)
    assert exact_sum(np.full(1_000, most)) == 1_000 * most
    assert exact_sum(np.array([least] * 999 + [most, -1, 0])) == 999 * least + most - 1
