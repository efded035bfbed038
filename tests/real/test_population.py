"""The population holds what the eight files say."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.real.definitions import Definitions

AS_OF = "940331"
ZERO = Decimal("0.00")


@pytest.fixture(scope="module")
def table(population: Path) -> pa.Table:
    """The population, read back."""
    return pq.read_table(population)


@pytest.fixture(scope="module")
def own_account(berka: Path) -> dict[str, str]:
    """The owner of each account that was open, by account."""
    opened = {row["account_id"] for row in rows(berka, "account") if row["date"] <= AS_OF}
    owners = (row for row in rows(berka, "disp") if row["type"] == "OWNER")
    return {row["account_id"]: row["client_id"] for row in owners if row["account_id"] in opened}


def rows(berka: Path, name: str) -> list[dict[str, str]]:
    """A file's rows, read by another reader than the one that builds the population."""
    with (berka / f"{name}.asc").open(newline="", encoding="ascii") as file:
        return list(csv.DictReader(file, delimiter=";"))


def column(table: pa.Table, name: str) -> dict[str, Any]:
    """One attribute's values by customer id, without the missing ones."""
    ids = map(str, table["customer_id"].to_pylist())
    pairs = zip(ids, table[name].to_pylist(), strict=True)
    return {customer: value for customer, value in pairs if value is not None}


def test_every_client_has_a_row(table: pa.Table, berka: Path) -> None:
    """The population has a row per client and each client once."""
    ids = table["customer_id"].to_pylist()
    assert len(ids) == 5369
    assert sorted(map(str, ids)) == sorted(row["client_id"] for row in rows(berka, "client"))


def test_attributes_have_eight_kinds_of_types(table: pa.Table) -> None:
    """There are at least 25 attributes, of every type that an attribute can have."""
    types = [field.type for field in table.schema if field.name != "customer_id"]
    assert len(types) >= 25
    assert {str(type_) for type_ in types} == {
        "bool",
        "int64",
        "double",
        "decimal128(18, 2)",
        "string",
        "timestamp[us, tz=UTC]",
        "date32[day]",
        "list<element: string>",
    }


def test_every_decimal_is_an_amount(table: pa.Table, definitions: Definitions) -> None:
    """The definitions name exactly the population's decimals as amounts of koruna."""
    decimals = {field.name for field in table.schema if pa.types.is_decimal(field.type)}
    assert decimals == set(definitions.amounts)


def test_many_attributes_are_missing_somewhere(table: pa.Table) -> None:
    """At least 25 attributes are missing for some customers, and none for all."""
    missing = {name: table[name].null_count for name in table.column_names}
    assert sum(count > 0 for count in missing.values()) >= 25
    assert max(missing.values()) < table.num_rows


def test_birth_numbers_are_read_as_days_and_genders(table: pa.Table) -> None:
    """Client 1, of birth number 706213, is a woman born on 1970-12-13; client 2, of 450204, a man of 1945-02-04."""
    assert (column(table, "gender")["1"], column(table, "birthDate")["1"]) == ("F", date(1970, 12, 13))
    assert (column(table, "gender")["2"], column(table, "birthDate")["2"]) == ("M", date(1945, 2, 4))
    assert (column(table, "age")["1"], column(table, "age")["2"]) == (23, 49)


def test_inflow_is_the_exact_sum_of_credits(table: pa.Table, berka: Path, own_account: dict[str, str]) -> None:
    """Inflow and outflow are the sums of credits and debits from January to March 1994, to the haléř."""
    sums: dict[bool, dict[str, Decimal]] = {True: defaultdict(lambda: ZERO), False: defaultdict(lambda: ZERO)}
    for row in rows(berka, "trans"):
        if "940101" <= row["date"] <= AS_OF:
            sums[row["type"] == "PRIJEM"][own_account[row["account_id"]]] += Decimal(row["amount"])
    for name, is_credit in (("inflow3m", True), ("outflow3m", False)):
        found = column(table, name)
        assert len(found) > 1000
        assert found == {customer: sums[is_credit][customer] for customer in found}


def test_three_months_are_known_of_accounts_opened_before(
    table: pa.Table, berka: Path, own_account: dict[str, str]
) -> None:
    """Inflow is there exactly for owners of an account that was opened on 1994-01-01 or earlier."""
    opened = [row["account_id"] for row in rows(berka, "account") if row["date"] <= "940101"]
    assert column(table, "inflow3m").keys() == {own_account[account] for account in opened}


def test_balance_is_a_balance_of_the_last_day(table: pa.Table, berka: Path, own_account: dict[str, str]) -> None:
    """A customer's balance is one that the file gives for the account's last day, and nobody else has one."""
    last: dict[str, tuple[str, set[Decimal]]] = defaultdict(lambda: ("", set()))
    for row in rows(berka, "trans"):
        customer = own_account[row["account_id"]]
        day, balances = last[customer]
        fresh = balances if row["date"] == day else set()
        if row["date"] >= day:
            last[customer] = (row["date"], fresh | {Decimal(row["balance"])})
    found = column(table, "balance")
    assert found.keys() == last.keys()
    assert all(balance in last[customer][1] for customer, balance in found.items())


def test_orders_sum_up_exactly(table: pa.Table, berka: Path, own_account: dict[str, str]) -> None:
    """The standing orders of a customer come to the exact sum of the file's amounts, and their kinds to its symbols."""
    total: dict[str, Decimal] = defaultdict(lambda: ZERO)
    household: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in rows(berka, "order"):
        if row["account_id"] in own_account:
            customer = own_account[row["account_id"]]
            total[customer] += Decimal(row["amount"])
            if row["k_symbol"].strip() == "SIPO":
                household[customer] += Decimal(row["amount"])
    assert column(table, "orderTotal") == total
    assert column(table, "householdOrders") == household


def test_loans_and_cards_are_those_of_the_day(table: pa.Table, berka: Path, own_account: dict[str, str]) -> None:
    """Loans are those granted by 1994-03-31, at their exact amounts; cards those issued by then."""
    loans = {
        own_account[row["account_id"]]: Decimal(row["amount"]) for row in rows(berka, "loan") if row["date"] <= AS_OF
    }
    client = {row["disp_id"]: row["client_id"] for row in rows(berka, "disp")}
    cards = {client[row["disp_id"]]: [row["type"]] for row in rows(berka, "card") if row["issued"][:6] <= AS_OF}
    assert column(table, "loanAmount") == loans
    assert column(table, "cards") == cards


def test_a_question_mark_is_a_missing_figure(table: pa.Table) -> None:
    """Jesenik alone has no unemployment and no crimes for 1995, and has those of 1996."""
    names = column(table, "districtName")
    without = names.keys() - column(table, "unemployment1995").keys()
    assert {names[customer] for customer in without} == {"Jesenik"}
    assert names.keys() - column(table, "crimes1995").keys() == without
    assert len(column(table, "unemployment1996")) == table.num_rows
