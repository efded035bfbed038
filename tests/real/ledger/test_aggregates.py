"""Aggregated attributes over the real bank are SQL's, for every customer and account, at every moment asked about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from segmentd.client import Client
from segmentd.ledger.aggregates import Function, Source
from segmentd.schema import Subject
from tests.real.ledger.questions import Question, read_questions
from tests.real.ledger.warehouse import Value, Warehouse
from tests.real.population import ZONE

pytestmark = pytest.mark.timeout(300)  # a server starts and may compile its kernels first

_PRAGUE: Final = ZoneInfo(ZONE)

MOMENTS: Final = (
    datetime(1993, 7, 1, tzinfo=_PRAGUE),
    datetime(1993, 12, 15, 12, tzinfo=_PRAGUE),
    datetime(1994, 3, 31, 18, 30, tzinfo=_PRAGUE),
)
"""The start of a month, when bookings of the moment itself count; a noon; an evening after clocks were set forward."""

OF_CUSTOMERS: Final = read_questions(Subject.CUSTOMER)

Values = Mapping[str, Value]
"""By customer or account."""

RELATIVE: Final = 1e-12
"""Doubles are rounded once or a few times; everything else is exact."""


def test_all_functions_are_asked_for() -> None:
    """Thirty aggregates at least, over every source, with every function."""
    assert {question.aggregate.function for question in OF_CUSTOMERS} == set(Function)
    assert {question.aggregate.source for question in OF_CUSTOMERS} == set(Source)
    assert len(OF_CUSTOMERS) >= 30


@pytest.fixture(scope="session", params=MOMENTS, ids=str)
def answered(
    request: pytest.FixtureRequest, ledger: Client, warehouse: Warehouse
) -> tuple[datetime, Mapping[str, Values]]:
    """The values of all customers at a moment, by attribute and customer; None: unknown."""
    customers = sorted(warehouse.ids("FROM customer"))
    names = [f"{question.id}_value" for question in OF_CUSTOMERS]
    answer = ledger.score(ids=customers, now=request.param, computed=names, segments=())
    values = {}
    for question in OF_CUSTOMERS:
        column = answer.computed[f"{question.id}_value"]
        pairs = zip(column.values.tolist(), column.present.tolist(), strict=True)
        values[question.id] = dict(zip(customers, [value if there else None for value, there in pairs], strict=True))
    return request.param, values


@pytest.mark.parametrize("question", OF_CUSTOMERS, ids=lambda question: question.id)
def test_customers(question: Question, answered: tuple[datetime, Mapping[str, Values]], warehouse: Warehouse) -> None:
    """Every customer's value, and whether it is known, is SQL's; money to the haler."""
    moment, values = answered
    wanted = warehouse.at(moment).values(question.sql, "customer", question.otherwise)
    assert_same(question, values[question.id], wanted)


def assert_same(question: Question, found: Values, wanted: Values) -> None:
    """All values are the same, but for the last bits of doubles."""
    assert found.keys() == wanted.keys()
    wrong = {id_: (found[id_], value) for id_, value in wanted.items() if not is_same(found[id_], value)}
    some = "; ".join(f"{id_}: {ours}, SQL {theirs}" for id_, (ours, theirs) in list(wrong.items())[:5])
    assert not wrong, f"{question.id}: {question.sentence}\n{len(wrong)} differ: {some}"


def is_same(found: Value, wanted: Value) -> bool:
    """Equal, doubles nearly so; unknown only to unknown."""
    if isinstance(found, float) and isinstance(wanted, float):
        return math.isclose(found, wanted, rel_tol=RELATIVE)
    return type(found) is type(wanted) and found == wanted
