"""The generated bank's accounts, transactions and visits fit each other and its customers."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from segmentd.cli.bank import AS_OF_DAY, Bank
from segmentd.cli.bank_facts import HISTORY_DAYS, Facts, bank_facts

CUSTOMERS = 3_000


@pytest.fixture(scope="module")
def facts() -> Facts:
    """What a small bank's customers own and did."""
    (only,) = bank_facts(Bank(CUSTOMERS))
    return only


def test_accounts_are_of_the_banks_customers(facts: Facts) -> None:
    """Some are joint; nobody owns one who is no customer."""
    customers = Bank(CUSTOMERS).table().column("id")
    owners = facts.accounts.column("owners")
    assert pc.all(pc.is_in(owners.flatten(), customers)).as_py()
    assert set(pc.list_value_length(owners).to_pylist()) == {1, 2}
    assert pc.count_distinct(facts.accounts.column("id")).as_py() == facts.accounts.num_rows
    assert 1.9 * CUSTOMERS < facts.accounts.num_rows < 2.1 * CUSTOMERS


def test_balances_follow_from_amounts(facts: Facts) -> None:
    """After each transaction an account has what it had before and the amount; at last what the account says."""
    columns = ("account", "booking_time", "amount", "balance_after")
    rows = zip(*(facts.transactions.column(name).to_pylist() for name in columns), strict=True)
    balances: dict[str, int] = {}
    times: dict[str, datetime] = {}
    for account, time, amount, balance in rows:
        if account in balances:
            assert balance == balances[account] + amount
            assert time > times[account]
        balances[account], times[account] = balance, time
    accounts = zip(*(facts.accounts.column(name).to_pylist() for name in ("id", "balance")), strict=True)
    assert balances == dict(accounts)


def test_every_balance_is_known_from_the_start_of_the_history(facts: Facts) -> None:
    """Each account was opened by then and has its first transaction at its first moment, and only that one there."""
    start = datetime.fromtimestamp((AS_OF_DAY - HISTORY_DAYS) * 86_400, UTC)
    table = pa.table({name: facts.transactions.column(name) for name in ("account", "booking_time")})
    first = table.group_by("account").aggregate([("booking_time", "min"), ("booking_time", "count")])
    assert first.num_rows == facts.accounts.num_rows
    assert set(first.column("booking_time_min").to_pylist()) == {start}
    assert pc.sum(pc.equal(table.column("booking_time"), start)).as_py() == first.num_rows
    assert pc.max(facts.accounts.column("opened")).as_py() <= start.date()


def test_a_transaction_has_an_id_of_its_own(facts: Facts) -> None:
    """Over all chunks of customers; about twenty a customer."""
    ids = pa.chunked_array([each.transactions.column("id") for each in bank_facts(Bank(132_000))])
    assert pc.count_distinct(ids).as_py() == len(ids)
    assert 19 * CUSTOMERS < facts.transactions.num_rows < 22 * CUSTOMERS


def test_the_seed_decides(facts: Facts) -> None:
    """The same one gives the same bank, of a larger one the first customers own the same; another gives others."""
    (again,) = bank_facts(Bank(CUSTOMERS))
    assert (again.accounts, again.transactions) == (facts.accounts, facts.transactions)
    (larger,) = bank_facts(Bank(CUSTOMERS + 500))
    (other,) = bank_facts(Bank(CUSTOMERS, seed=2))
    kinds = larger.accounts.column("kind")
    assert kinds.slice(0, facts.accounts.num_rows).equals(facts.accounts.column("kind"))
    assert not other.transactions.column("amount").equals(facts.transactions.column("amount"))
