"""Aggregated attributes of the bank's accounts, beside SQL: by thresholds among the values that occur."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Final

import pytest

from segmentd.client import Client, Form, SegmentDefinition
from segmentd.schema import Subject
from tests.real.ledger.questions import Question, read_questions
from tests.real.ledger.test_aggregates import MOMENTS
from tests.real.ledger.warehouse import Value, Warehouse

pytestmark = pytest.mark.timeout(300)  # a server starts and may compile its kernels first

OF_ACCOUNTS: Final = read_questions(Subject.ACCOUNT)
MONEY: Final = frozenset({"balance_30", "turnover", "lowest_debt"})

THRESHOLDS: Final = 20
"""So many values, spread over all that occur, part each attribute's accounts."""


def thresholds(values: Mapping[str, Value]) -> list[int | float]:
    """Values that occur; of doubles what lies between two of them, so that their last bits do not matter."""
    known = sorted({value for value in values.values() if isinstance(value, int | float)})
    if known and isinstance(known[0], float):
        known = [(low + high) / 2 for low, high in pairwise(known) if high - low > 1e-6 * high]
    return known[:: max(len(known) // THRESHOLDS, 1)]


def written(question: Question, threshold: float) -> str:
    """A threshold as CEL."""
    return str(Decimal(int(threshold)).scaleb(-2)) if question.id in MONEY else repr(threshold)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
@pytest.mark.parametrize("question", OF_ACCOUNTS, ids=lambda question: question.id)
def test_accounts(question: Question, moment: datetime, ledger: Client, warehouse: Warehouse) -> None:
    """Which accounts reach each threshold, and of which that is unknown, is what SQL says."""
    values = warehouse.at(moment).values(question.sql, "account", question.otherwise)
    segments = {
        f"{question.id.replace('_', '-')}-{moment:%y%m}-{place}": threshold
        for place, threshold in enumerate(thresholds(values))
    }
    ledger.apply_segments(
        {
            name: SegmentDefinition(f"account.{question.id} >= {written(question, threshold)}", subject=Subject.ACCOUNT)
            for name, threshold in segments.items()
        }
    )
    unknown = {id_ for id_, value in values.items() if value is None}
    if not segments:
        assert unknown == values.keys()
        return
    found = ledger.evaluate(segments=list(segments), subject=Subject.ACCOUNT, form=Form.IDS, now=moment)
    for name, threshold in segments.items():
        reached = {id_ for id_, value in values.items() if isinstance(value, int | float) and value >= threshold}
        assert set(found.member_ids(name)) == reached, (question.sentence, threshold)
        assert set(found.unknown_ids(name)) == unknown, (question.sentence, threshold)
