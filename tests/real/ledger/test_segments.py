"""Segments over accounts, average balances and visits have the members and unknowns that SQL has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from segmentd.client import Client, Form
from tests.real.expected import Verdict
from tests.real.ledger.questions import LedgerSegment, read_segments
from tests.real.ledger.warehouse import Warehouse
from tests.real.population import ZONE

pytestmark = pytest.mark.timeout(300)  # a server starts and may compile its kernels first

EARLY: Final = datetime(1994, 3, 31, 18, 30, tzinfo=ZoneInfo(ZONE))
"""The evening of the last day with transactions."""

LATE: Final = datetime(1996, 12, 31, 12, tzinfo=ZoneInfo(ZONE))
"""When there are clients of three years; balances stay as the last transactions left them."""


def verdict(segment: LedgerSegment, moment: datetime, warehouse: Warehouse) -> Verdict:
    """What SQL says."""
    said = warehouse.at(moment).values(segment.sql, "customer", "NULL")
    return Verdict(
        frozenset(customer for customer, value in said.items() if value is True),
        frozenset(customer for customer, value in said.items() if value is None),
    )


@pytest.fixture(scope="module")
def late(warehouse: Warehouse) -> Mapping[str, Verdict]:
    """What SQL says of all segments when there are clients of three years."""
    return {segment.id: verdict(segment, LATE, warehouse) for segment in read_segments()}


@pytest.mark.parametrize("segment", read_segments(), ids=lambda segment: segment.id)
def test_evaluation(segment: LedgerSegment, ledger: Client, warehouse: Warehouse) -> None:
    """EvaluateSegments says of every customer of the bank what SQL says."""
    assert_evaluated(segment, ledger, EARLY, verdict(segment, EARLY, warehouse))


@pytest.mark.parametrize("segment", read_segments(), ids=lambda segment: segment.id)
def test_evaluation_years_later(segment: LedgerSegment, ledger: Client, late: Mapping[str, Verdict]) -> None:
    """It does so at a moment long after the last transaction, too."""
    assert_evaluated(segment, ledger, LATE, late[segment.id])


def assert_evaluated(segment: LedgerSegment, ledger: Client, moment: datetime, wanted: Verdict) -> None:
    """Members, unknowns and counts are the wanted ones."""
    result = ledger.evaluate(segments=[segment.id], form=Form.IDS, now=moment)
    found = Verdict(frozenset(result.member_ids(segment.id)), frozenset(result.unknown_ids(segment.id)))
    assert found == wanted, segment.sentence
    count = result.counts[segment.id]
    assert (count.members, count.unknown) == (len(wanted.members), len(wanted.unknowns))


def test_scores(ledger: Client, warehouse: Warehouse, late: Mapping[str, Verdict]) -> None:
    """Score of customers by id says the same, also of one who is asked about twice; a stranger is told."""
    decided = frozenset.union(*(said.members | said.unknowns for said in late.values()))
    ids = ["c2", "stranger", "c2", *sorted(decided), *sorted(warehouse.ids("FROM customer"))[:999]]
    answer = ledger.score(ids=ids, segments=sorted(late), now=LATE)
    assert answer.missing_rows.tolist() == [1]
    places = [place for place in range(len(ids)) if place != 1]
    for segment, said in late.items():
        members, unknown = answer.members(segment), answer.unknown(segment)
        assert [members[place] for place in places] == [ids[place] in said.members for place in places]
        assert [unknown[place] for place in places] == [ids[place] in said.unknowns for place in places]


def test_the_offers_decide_something(late: Mapping[str, Verdict]) -> None:
    """Once there are clients of three years, some are in each of the two offers, and of some it is unknown."""
    for offer in ("cross-sell-money-market", "upsell-mortgage"):
        said = late[offer]
        assert len(said.members) >= 5
        assert len(said.unknowns) >= 5
        assert len(said.members) + len(said.unknowns) < 2_000
