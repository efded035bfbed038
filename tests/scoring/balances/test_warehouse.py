"""Reports through a real server are those of DuckDB over the same facts, to the last minor unit."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from segmentd.client import INT64, AttributeDefinition, BalanceGroup, BalanceReport, Client, SegmentDefinition
from segmentd.schema import Subject
from segmentd.server.app import Server
from tests.berka import berka_directory
from tests.scoring.balances.warehouse import Figures, Key, Warehouse, day_start_us, month_ends

MEASURES: Final = ("sum", "average", "min", "max", "median", "standard_deviation")
PERCENTILES: Final = (0, 5, 25, 99.5, 100)
BOUNDS: Final = (-1_000, 0, 1_000_000, 5_000_000)


@dataclass
class Bank:
    """A ledger on a server, the same facts in a warehouse, and a day to ask about, which begins at a moment."""

    client: Client
    warehouse: Warehouse
    day: date

    @property
    def moment(self) -> datetime:
        """When the day begins."""
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=day_start_us(self.day))

    def ask(self, by: Sequence[str], **fields: Any) -> BalanceReport:
        """The report as of the moment, with every figure."""
        return self.client.aggregate_balances(
            by=by, measures=MEASURES, percentiles=PERCENTILES, bounds=BOUNDS, as_of=self.moment, **fields
        )


def check(report: BalanceReport, expected: dict[Key, Figures]) -> None:
    """Every group and every figure is that of SQL."""
    assert {group.keys or ("all",) for group in report.groups if group.count + group.unknown} == set(expected)
    for group in report.groups:
        if group.count + group.unknown:
            check_group(group, expected[group.keys or ("all",)])


def check_group(group: BalanceGroup, wanted: Figures) -> None:
    """Every figure of a group."""
    assert (group.count, group.unknown, group.sum) == (wanted.count, wanted.unknown, wanted.sum), group.keys
    assert (group.min, group.max) == (wanted.min, wanted.max)
    places = np.searchsorted(np.array(BOUNDS), np.array(wanted.values, np.int64), side="right")
    assert list(group.histogram) == np.bincount(places, minlength=5).tolist()
    if group.count:
        assert (group.average, group.median) == (wanted.average, wanted.median)
        ranks = [max(-(-round(each * 100) * wanted.count // 10_000), 1) for each in PERCENTILES]
        assert list(group.percentiles) == [wanted.values[rank - 1] for rank in ranks]
    if group.count > 1:
        assert group.standard_deviation == pytest.approx(wanted.deviation, rel=1e-9)


SEGMENTS: Final = {
    "prague": (Subject.CUSTOMER, "customer.district == 1"),
    "far": (Subject.CUSTOMER, "customer.district > 40"),
    "weekly": (Subject.ACCOUNT, 'account.kind == "POPLATEK TYDNE"'),
}
"""Two of customers, which joint accounts can both be in, and one of accounts."""

MEMBERS: Final = """
CREATE TABLE members AS
SELECT DISTINCT CASE WHEN district = 1 THEN 'prague' ELSE 'far' END AS segment, account
FROM owners JOIN customers USING (customer) WHERE district = 1 OR district > 40
UNION ALL SELECT 'weekly', account FROM accounts WHERE kind = 'POPLATEK TYDNE'
"""


def define(client: Client) -> None:
    """The districts of customers, the tiers of accounts, and the segments."""
    client.create_attribute("customer.district", AttributeDefinition(INT64))
    client.create_attribute("account.tier", AttributeDefinition(INT64))
    for name, (subject, expression) in SEGMENTS.items():
        client.create_segment(name, SegmentDefinition(expression, subject=subject))


@pytest.fixture(scope="module", params=["berka", "generated"])
def bank(request: pytest.FixtureRequest, server: Server) -> Iterator[Bank]:
    """The Berka bank, and one that has everything that Berka lacks."""
    facts, day = berka(berka_directory()) if request.param == "berka" else generated()
    warehouse = Warehouse()
    with Client(f"127.0.0.1:{server.port}", ledger=request.param) as client:
        client.create_ledger(request.param, currency_code="CZK", time_zone="Europe/Prague")
        define(client)
        fill(client, facts)
        stock(warehouse, facts)
        yield Bank(client, warehouse, day)


def fill(client: Client, facts: dict[str, pa.Table]) -> None:
    """Write the facts to the ledger, in their order; no row is rejected."""
    for kind, table in facts.items():
        if table.num_rows == 0:
            continue
        result = client.write_records(kind, table)
        assert (result.inserted, result.rejected) == (table.num_rows, 0), result.rejected_rows[:3]


def stock(warehouse: Warehouse, facts: dict[str, pa.Table]) -> None:
    """Put the facts into the warehouse; what is in dollars, which have no rate, is worth an unknown amount."""
    for kind, table in facts.items():
        warehouse.put(f"given_{kind}", table.append_column("place", pa.array(range(table.num_rows))))
    warehouse.run("CREATE TABLE customers AS SELECT id AS customer, district FROM given_customer")
    warehouse.run(
        "CREATE TABLE owners AS "
        "SELECT id AS account, unnest(owners) AS customer FROM given_account WHERE len(owners) > 0"
    )
    warehouse.run(
        "CREATE TABLE accounts AS SELECT id AS account, kind, currency, institution, tier,"
        " opened - DATE '1970-01-01' AS opened, closed - DATE '1970-01-01' AS closed,"
        " CASE WHEN currency = 'CZK' THEN balance END AS balance FROM given_account"
    )
    worth = "CASE WHEN currency = 'CZK' THEN {} END, place{} FROM given_{} f JOIN accounts a ON f.account = a.account"
    transactions = worth.format("balance_after", "", "transaction")
    snapshots = worth.format("amount", " + 1000000000", "balance")
    warehouse.run(
        "CREATE TABLE seen(account, time_us, balance, place) AS "
        f"SELECT f.account, epoch_us(booking_time), {transactions} "
        "WHERE balance_after IS NOT NULL OR currency <> 'CZK' "
        f"UNION ALL SELECT f.account, epoch_us(time), {snapshots}"
    )
    warehouse.run(MEMBERS)
    warehouse.run(
        "CREATE TABLE regions AS SELECT DISTINCT account, district FROM owners JOIN customers USING (customer)"
    )


def berka(directory: Path) -> tuple[dict[str, pa.Table], date]:
    """The clients, accounts and transactions of the files, amounts in hellers; an account's fee is its kind."""
    client, account, disp, trans = (read(directory / f"{name}.asc") for name in ("client", "account", "disp", "trans"))
    customers = pa.table({"id": client["client_id"], "district": pc.cast(client["district_id"], pa.int64())})
    owned: dict[str, list[tuple[str, str]]] = {}
    for row in disp.to_pylist():
        owned.setdefault(row["account_id"], []).append((row["client_id"], row["type"]))
    owners = [owned[each] for each in account["account_id"].to_pylist()]
    none = pa.nulls(account.num_rows, pa.string())
    accounts = pa.table(
        {
            "id": account["account_id"],
            "owners": pa.array([[customer for customer, _ in each] for each in owners], pa.list_(pa.string())),
            "owner_roles": pa.array([[role for _, role in each] for each in owners], pa.list_(pa.string())),
            "kind": account["frequency"],
            "currency": pa.array(["CZK"] * account.num_rows),
            "institution": none,
            "tier": pa.array([int(each) % 3 or None for each in account["account_id"].to_pylist()], pa.int64()),
            "opened": pa.array(map(day_of, account["date"].to_pylist()), pa.date32()),
            "closed": none.cast(pa.date32()),
            "balance": none.cast(pa.int64()),
        }
    )
    amounts, sign = hellers(trans["amount"]), pc.if_else(pc.equal(trans["type"], "PRIJEM"), 1, -1)
    transactions = pa.table(
        {
            "id": trans["trans_id"],
            "account": trans["account_id"],
            "booking_time": moments([day_start_us(day_of(each)) for each in trans["date"].to_pylist()]),
            "amount": pc.multiply(amounts, pc.cast(sign, pa.int64())),
            "balance_after": hellers(trans["balance"]),
        }
    )
    facts = {"customer": customers, "account": accounts, "transaction": transactions, "balance": no_snapshots()}
    return facts, date(1998, 7, 15)


def read(path: Path) -> pa.Table:
    """A file of the bank, every column text."""
    names = path.read_text().partition("\n")[0].replace('"', "").strip().split(";")
    return pyarrow.csv.read_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(delimiter=";"),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


def day_of(text: str) -> date:
    """A day as the files write it, such as 930101."""
    return datetime.strptime(text, "%y%m%d").replace(tzinfo=UTC).date()


def hellers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Amounts with two digits after the point, in hundredths."""
    return pc.cast(pc.replace_substring(column, ".", ""), pa.int64())


def moments(microseconds: Any) -> pa.Array:
    """Moments of UTC."""
    return pa.array(microseconds, pa.timestamp("us", "UTC"))


def no_snapshots() -> pa.Table:
    """No snapshots of balances."""
    return pa.table({name: pa.array([], type_) for name, type_ in SNAPSHOT.items()})


SNAPSHOT: Final = {
    "id": pa.string(),
    "account": pa.string(),
    "time": pa.timestamp("us", "UTC"),
    "amount": pa.int64(),
}


def generated(
    accounts: int = 3_000, transactions: int = 40_000, snapshots: int = 3_000
) -> tuple[dict[str, pa.Table], date]:
    """Accounts of several owners or none, opened and closed, in two currencies of which one has no rate."""
    dice, day = np.random.default_rng(4), date(2026, 3, 10)
    customers, today = accounts // 2, (day - date(1970, 1, 1)).days

    def some(values: Any, share: float, type_: pa.DataType) -> pa.Array:
        return pa.array(values, type_, mask=dice.random(len(values)) >= share)

    owners = [
        [f"c{each}" for each in dice.choice(customers, number, replace=False)]
        for number in dice.integers(0, 4, accounts)
    ]
    seconds = dice.integers(-130 * 86_400, 3 * 86_400, transactions)
    facts = {
        "customer": pa.table(
            {
                "id": [f"c{each}" for each in range(customers)],
                "district": some(dice.integers(1, 60, customers), 0.9, pa.int64()),
            }
        ),
        "account": pa.table(
            {
                "id": [f"a{each}" for each in range(accounts)],
                "owners": pa.array(owners, pa.list_(pa.string())),
                "owner_roles": pa.array([["OWNER"] * len(each) for each in owners], pa.list_(pa.string())),
                "kind": some(dice.choice(["POPLATEK TYDNE", "SPOŘENÍ", "úvěr"], accounts), 0.9, pa.string()),
                "currency": pa.array(dice.choice(["CZK", "USD"], accounts, p=[0.9, 0.1]), pa.string()),
                "institution": some(dice.choice(["own", "ČSOB"], accounts), 0.7, pa.string()),
                "tier": pa.array([each % 4 or None for each in range(accounts)], pa.int64()),
                "opened": some(today - dice.integers(-5, 400, accounts), 0.8, pa.int32()).cast(pa.date32()),
                "closed": some(today + dice.integers(-90, 90, accounts), 0.2, pa.int32()).cast(pa.date32()),
                "balance": some(dice.integers(-(10**9), 10**9, accounts), 0.5, pa.int64()),
            }
        ),
        "transaction": pa.table(
            {
                "id": [f"t{each}" for each in range(transactions)],
                "account": [f"a{each}" for each in dice.integers(0, accounts, transactions)],
                "booking_time": moments(day_start_us(day) + seconds * 10**6),
                "amount": dice.integers(-(10**6), 10**6, transactions),
                "balance_after": some(dice.integers(-(10**8), 10**14, transactions), 0.9, pa.int64()),
            }
        ),
    }
    of_facts = facts["transaction"].slice(0, snapshots)
    facts["balance"] = pa.table(
        {
            "id": [f"s{each}" for each in range(snapshots)],
            "account": of_facts["account"],
            "time": of_facts["booking_time"],
            "amount": dice.integers(-(10**8), 10**8, snapshots),
        }
    )
    return facts, day


def test_groups_by_fields_of_accounts(bank: Bank) -> None:
    """Kind, currency and institution, and all accounts at once."""
    now = [("", day_start_us(bank.day))]
    check(bank.ask(["kind", "currency", "institution"]), bank.warehouse.figures("kind, currency, institution", now))
    check(bank.ask([]), bank.warehouse.figures("", now))


def test_groups_by_segment_and_kind(bank: Bank) -> None:
    """An account of two owners is once in the group of each of their segments."""
    now = [("", day_start_us(bank.day))]
    check(bank.ask(["segment", "kind"]), bank.warehouse.figures("segment, kind", now))
    check(bank.ask(["segment"]), bank.warehouse.figures("segment", now))


def test_groups_by_month_and_segment(bank: Bank) -> None:
    """The balances at the ends of twelve months, of today's segments."""
    report = bank.ask(["month", "segment"], months=12, segments=["prague", "far"])
    expected = bank.warehouse.figures("month, segment", month_ends(bank.day, 12))
    check(report, {key: figures for key, figures in expected.items() if key[1] != "weekly"})


def test_average_daily_balances(bank: Bank) -> None:
    """By kind, over the sixty days before."""
    report = bank.client.aggregate_balances(by=["kind"], measures=["average_daily_balance"], days=60, as_of=bank.moment)
    days = [("", bank.day - timedelta(days=back)) for back in range(1, 61)]
    expected = bank.warehouse.daily("kind", days)
    assert {group.keys for group in report.groups} == set(expected)
    for group in report.groups:
        total, lost = expected[group.keys]
        assert (group.average_daily_balance, group.daily_unknown) == (round(Fraction(total, 60)), lost)


BY: Final = {
    "segment": "segment",
    "kind": "kind",
    "currency": "currency",
    "institution": "institution",
    "account.tier": "tier",
    "customer.district": "district",
    "month": "month",
}
"""All that groups can be by, and the column of it in SQL."""


@pytest.mark.parametrize("by", [*(each for size in (1, 2) for each in combinations(BY, size)), tuple(BY)], ids="+".join)
def test_every_combination_of_groupings(bank: Bank, by: tuple[str, ...]) -> None:
    """Every measure in every pair of groupings, and in all of them at once; days are those of the month, or sixty."""
    keys, months = ", ".join(BY[each] for each in by), 2 if "month" in by else 0
    valuations = month_ends(bank.day, months) if months else [("", day_start_us(bank.day))]
    days = (
        [(month, day) for month, _ in valuations for day in days_of(month)]
        if months
        else [("", bank.day - timedelta(days=back)) for back in range(1, 61)]
    )
    report = bank.client.aggregate_balances(
        by=by,
        measures=(*MEASURES, "average_daily_balance"),
        percentiles=PERCENTILES,
        bounds=BOUNDS,
        as_of=bank.moment,
        months=months,
        days=0 if months else 60,
    )
    check(report, bank.warehouse.figures(keys, valuations))
    expected = bank.warehouse.daily(keys, days)
    for group in report.groups:
        total, lost = expected.get(group.keys, (0, 0))
        length = len(days_of(str(group.keys[by.index("month")]))) if months else 60
        assert (group.average_daily_balance or 0, group.daily_unknown) == (round(Fraction(total, length)), lost)


def days_of(month: str) -> list[date]:
    """The days of a month such as `2026-02`."""
    first = date.fromisoformat(f"{month}-01")
    return [first + timedelta(days=number) for number in range(monthrange(first.year, first.month)[1])]


def test_control_totals(bank: Bank) -> None:
    """Rows, unknowns and the whole are SQL's; groups of a partition and what is in no group add up to them."""
    whole = bank.warehouse.figures("", [("", day_start_us(bank.day))])[("all",)]
    for report in (bank.ask(["kind"]), bank.ask(["kind"], segments=["weekly", "far"])):
        totals = report.totals
        assert (totals.rows_in, totals.rows_unknown, totals.whole) == (
            whole.count + whole.unknown,
            whole.unknown,
            whole.sum,
        )
        assert totals.rows_in_groups + totals.rows_in_no_group == totals.rows_in
        assert totals.groups + totals.no_group == totals.whole
        assert not report.frame.overlapping


def test_balances_of_now(bank: Bank) -> None:
    """Without a moment, all facts count, and the balances of records where there is no fact."""
    report = bank.client.aggregate_balances(by=["kind"], measures=MEASURES, percentiles=PERCENTILES, bounds=BOUNDS)
    now_us = (report.basis.now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    check(report, bank.warehouse.figures("kind", [("", now_us)], is_now=True))
