"""The Berka bank, imported through the API by the mappings that are shipped, against a plain reading of its files."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from segmentd.facts.kinds import RecordKind
from segmentd.segments.definitions import load_definitions
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from tests.berka import ROOT, berka_directory
from tests.facts.imports.bank import Bank, open_bank

pytestmark = pytest.mark.timeout(300)  # a server starts, and may compile its kernels first

EXAMPLES = ROOT / "examples" / "berka"
FILES = {"customers": "client", "accounts": "account", "owners": "disp", "orders": "order", "transactions": "trans"}
"""The files of the bank by mapping, in the order in which they refer to each other."""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """The bank as a server has imported it, opened after the server has ended."""
    berka, data_dir = berka_directory(), tmp_path_factory.mktemp("berka")
    import_all(berka, data_dir)
    with open_bank(data_dir) as opened:
        yield opened


def import_all(berka: Path, data_dir: Path) -> None:
    """Import all files through the API; no row is rejected."""
    from segmentd.cli.wanted import wanted_attributes  # noqa: PLC0415 - typer, which only this needs
    from segmentd.client import Client  # noqa: PLC0415

    config = ServerConfig(data_dir=data_dir, port=0, threads=2, drain_s=1.0, import_roots=(berka,))
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as client:
        client.create_ledger("main", currency_code="CZK", time_zone="Europe/Prague")
        client.apply_attributes(wanted_attributes(load_definitions(EXAMPLES / "attributes.yaml"), "CZK"))
        for mapping, file in FILES.items():
            text = (EXAMPLES / f"{mapping}.yaml").read_text("utf-8")
            job = client.import_records(str(berka / f"{file}.asc"), text)
            end = list(client.watch_import_job(job.id))[-1]
            assert (end.state, end.error_message, end.progress.rejected) == ("SUCCEEDED", "", 0)


def rows_of(table: str) -> list[dict[str, str]]:
    """The rows of a file, every value as it is written."""
    with (berka_directory() / f"{table}.asc").open(encoding="ascii", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def midnight_us(yymmdd: str) -> int:
    """The start of a day of the bank in Prague, in microseconds since 1970."""
    day = datetime.strptime(f"19{yymmdd}", "%Y%m%d").replace(tzinfo=ZoneInfo("Europe/Prague"))
    return int(day.timestamp()) * 1_000_000


def haler(amount: str) -> int:
    """An amount in hundredths."""
    return int(Decimal(amount) * 100)


def test_transactions_add_up_by_type_to_the_last_haler(bank: Bank) -> None:
    """49,102 transactions: what came and what went is what the file says, withdrawals in cash included."""
    sums: defaultdict[str, int] = defaultdict(int)
    for row in rows_of("trans"):
        sums[row["type"]] += haler(row["amount"])
    held = bank.facts(RecordKind.TRANSACTION)
    assert len(held) == 49_102
    assert sum(fact["amount"] for fact in held if fact["amount"] > 0) == sums["PRIJEM"]
    assert sum(fact["amount"] for fact in held if fact["amount"] < 0) == -sums["VYDAJ"] - sums["VYBER"]


def test_every_transaction_is_what_its_row_says(bank: Bank) -> None:
    """Account, day, signed amount, balance, purpose, operation and counterparty of every row are in the ledger."""
    expected = Counter(
        (
            f"a{row['account_id']}",
            midnight_us(row["date"]),
            haler(row["amount"]) * (1 if row["type"] == "PRIJEM" else -1),
            haler(row["balance"]),
            row["k_symbol"] or None,
            row["operation"] or None,
            f"{row['bank']}/{row['account']}" if row["bank"] and row["account"] else None,
        )
        for row in rows_of("trans")
    )
    fields = ("account", "booking_time", "amount", "balance_after", "purpose", "operation", "counterparty")
    held = Counter(tuple(fact.get(field) for field in fields) for fact in bank.facts(RecordKind.TRANSACTION))
    assert held == expected


def test_categories_follow_the_symbols(bank: Bank) -> None:
    """Each symbol of the bank has its category; rows without one are other income or spending."""
    held = Counter(fact["category"] for fact in bank.facts(RecordKind.TRANSACTION))
    symbols = Counter(row["k_symbol"] for row in rows_of("trans"))
    assert held["INCOME/PENSION"] == symbols["DUCHOD"] == 1_770
    assert held["SPENDING/HOUSEHOLD"] == symbols["SIPO"] == 3_719
    assert held["FEES/OVERDRAFT"] == symbols["SANKC. UROK"] == 64
    assert held["INCOME/OTHER"] + held["SPENDING/OTHER"] == symbols[""] + symbols[" "]


def test_accounts_and_their_owners(bank: Bank) -> None:
    """4,500 accounts with the days they were opened, and 5,369 customers who own them or may use them."""
    accounts = bank.entities(RecordKind.ACCOUNT)
    expected: dict[str, tuple[Any, ...]] = {
        f"a{row['account_id']}": ("CHECKING", "CZK", midnight_us(row["date"]), row["district_id"])
        for row in rows_of("account")
    }
    fields = ("kind", "currency", "opened", "district")
    assert {id_: tuple(row[field] for field in fields) for id_, row in accounts.items()} == expected
    owners = defaultdict(set)
    for row in rows_of("disp"):
        role = {"OWNER": "OWNER", "DISPONENT": "AUTHORIZED"}[row["type"]]
        owners[f"a{row['account_id']}"].add((f"c{row['client_id']}", role))
    assert {account: set(of_account) for account, of_account in bank.owners().items()} == owners


def test_accounts_list_their_standing_orders(bank: Bank) -> None:
    """6,471 standing orders are on the accounts that they are of, in the order of the file."""
    expected = defaultdict(list)
    for row in rows_of("order"):
        expected[f"a{row['account_id']}"].append(f"{row['k_symbol'].strip() or 'OTHER'} {row['amount']}")
    held = {id_: row["standing_orders"] for id_, row in bank.entities(RecordKind.ACCOUNT).items()}
    assert sum(map(len, held.values())) == 6_471
    assert {id_: orders for id_, orders in held.items() if orders} == expected


def test_customers_have_the_birth_years_and_genders_of_their_numbers(bank: Bank) -> None:
    """The month of a woman's birth number has 50 added."""
    expected = {
        f"c{row['client_id']}": (
            1900 + int(row["birth_number"][:2]),
            "F" if int(row["birth_number"][2:4]) > 50 else "M",
            row["district_id"],
        )
        for row in rows_of("client")
    }
    held = bank.entities(RecordKind.CUSTOMER)
    fields = ("birth_year", "gender", "district")
    assert {id_: tuple(row[field] for field in fields) for id_, row in held.items()} == expected
