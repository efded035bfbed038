"""Balances of the bank by offer, kind, bank and month are SQL's, to the last haler, debts and unknown ones included."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from segmentd.client import BalanceReport, Client
from tests.real.ledger.questions import read_segments
from tests.real.ledger.warehouse import Warehouse
from tests.real.population import ZONE

pytestmark = pytest.mark.timeout(300)  # a server starts and may compile its kernels first

PRAGUE: Final = ZoneInfo(ZONE)
MOMENT: Final = datetime(1994, 3, 31, 18, 30, tzinfo=PRAGUE)

MONTH_ENDS: Final = {
    "1993-12": datetime(1993, 12, 31, 23, 59, 59, tzinfo=PRAGUE),
    "1994-01": datetime(1994, 1, 31, 23, 59, 59, tzinfo=PRAGUE),
    "1994-02": datetime(1994, 2, 28, 23, 59, 59, tzinfo=PRAGUE),
}
"""The complete months before the moment; nothing is booked in their last second."""

OFFERS: Final = ("cross-sell-money-market", "several-good-accounts")

ACCOUNTS: Final = """
SELECT account.*, seen.balance
FROM account LEFT JOIN (
    SELECT account, arg_max(balance, (happened, place)) AS balance
    FROM (
        SELECT account, happened, balance, place FROM booking
        UNION ALL SELECT account, happened, amount, 0 FROM snapshot
    )
    WHERE happened <= moment() GROUP BY account
) seen USING (account)
WHERE coalesce(opened <= today(), true)
"""
"""An account has what its last fact left; without one, at a moment that is past, nobody knows what."""

FIGURES: Final = """
    count(balance), count(*) - count(balance), coalesce(sum(balance), 0)::BIGINT, min(balance), max(balance),
    half_even(sum(balance), count(balance)),
    half_even(quantile_disc(balance, 0.5) + (-quantile_disc(-balance, 0.5)), 2)"""
"""The middle value and, of an even number, the one above it."""

Figures = Mapping[tuple[Any, ...], tuple[Any, ...]]


def asked(ledger: Client, by: list[str], **fields: Any) -> tuple[BalanceReport, Figures]:
    """A report and its figures by group; groups of no account are left out."""
    measures = ["count", "sum", "min", "max", "average", "median"]
    report = ledger.aggregate_balances(by=by, measures=measures, as_of=MOMENT, **fields)
    found = {
        group.keys: (group.count, group.unknown, group.sum, group.min, group.max, group.average, group.median)
        for group in report.groups
        if group.count + group.unknown
    }
    return report, found


def queried(warehouse: Warehouse, keys: str, moment: datetime = MOMENT, source: str = "held_now") -> Figures:
    """What SQL says by group."""
    width = len(keys.split(","))
    rows = warehouse.at(moment).rows(
        f"WITH held_now AS ({ACCOUNTS}) SELECT {keys}, {FIGURES} FROM {source} GROUP BY ALL"
    )
    return {tuple(row[:width]): tuple(row[width:]) for row in rows}


def test_kinds_and_banks(ledger: Client, warehouse: Warehouse) -> None:
    """By kind and bank; loans have what snapshots say, accounts elsewhere are unknown before their first transfer."""
    report, found = asked(ledger, ["kind", "institution"])
    assert found == queried(warehouse, "kind, institution")
    whole = queried(warehouse, "'all'")[("all",)]
    totals = report.totals
    assert (totals.rows_in, totals.rows_unknown, totals.whole) == (whole[0] + whole[1], whole[1], whole[2])
    assert (totals.rows_in_no_group, totals.groups) == (0, whole[2])
    assert whole[1] > 1_000


def test_months_and_kinds(ledger: Client, warehouse: Warehouse) -> None:
    """By the last three complete months and kind, as things stood at the end of each."""
    _, found = asked(ledger, ["month", "kind"], months=len(MONTH_ENDS))
    expected = {
        (name, *key): figures
        for name, end in MONTH_ENDS.items()
        for key, figures in queried(warehouse, "kind", end).items()
    }
    assert found == expected


def test_segments_and_kinds(ledger: Client, warehouse: Warehouse) -> None:
    """By segment of customers and kind: an account counts once in each segment that one of its owners is in."""
    _, found = asked(ledger, ["segment", "kind"], segments=list(OFFERS))
    sql = {segment.id: segment.sql for segment in read_segments()}
    expected: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for offer in OFFERS:
        members = f"WITH said(id, verdict) AS ({sql[offer]}) SELECT id FROM said WHERE verdict"
        source = f"held_now WHERE account IN (SELECT account FROM held WHERE customer IN ({members}))"
        figures = queried(warehouse, "kind", source=source)
        expected |= {(offer, *key): value for key, value in figures.items()}
    assert found == expected


def test_average_daily_balances_by_kind(ledger: Client, warehouse: Warehouse) -> None:
    """The mean over sixty days of what accounts of a kind had together; those not known on a day are told apart."""
    report = ledger.aggregate_balances(by=["kind"], measures=["average_daily_balance"], days=60, as_of=MOMENT)
    rows = warehouse.at(MOMENT).rows(
        """WITH ends AS (
            SELECT account, any_value(kind) AS kind, sum(balance) AS total, count(*) = count(balance) AS is_known
            FROM account JOIN closing_balances(today() - 60, today() - 1) USING (account)
            WHERE kind <> 'LOAN' AND coalesce(opened < today(), true) GROUP BY account
        )
        SELECT kind, half_even(sum(total) FILTER (is_known), 60), count(*) FILTER (NOT is_known)
        FROM ends GROUP BY kind"""
    )
    found = {group.keys[0]: (group.average_daily_balance, group.daily_unknown) for group in report.groups}
    assert {kind: figures for kind, figures in found.items() if kind != "LOAN"} == {
        kind: (mean, unknown) for kind, mean, unknown in rows
    }
