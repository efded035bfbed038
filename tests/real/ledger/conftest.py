"""Fixtures of the ledger: the bank in a running server and in a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from segmentd.client import AttributeDefinition, Client, SegmentDefinition
from segmentd.schema import Subject
from tests.real.ledger.loading import make_visits, serving_ledger
from tests.real.ledger.questions import read_questions, read_segments
from tests.real.ledger.warehouse import Warehouse


@pytest.fixture(scope="session")
def warehouse(berka: Path) -> Warehouse:
    """The bank's facts in SQL, and visits, which are made up: nobody visited a web page then."""
    made = Warehouse(berka)
    made.put("visit", make_visits(sorted(made.ids("FROM customer"))))
    return made


@pytest.fixture(scope="session")
def ledger(berka: Path, warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a server that holds the bank, the segments and the questions; each is computed as `x_value` too."""
    with serving_ledger(berka, tmp_path_factory.mktemp("ledger"), warehouse) as client:
        client.apply_attributes(_attributes())
        client.apply_segments(
            {each.id: SegmentDefinition(each.expression, description=each.sentence) for each in read_segments()}
        )
        yield client


def _attributes() -> dict[str, AttributeDefinition]:
    asked = [question for subject in (Subject.CUSTOMER, Subject.ACCOUNT) for question in read_questions(subject)]
    aggregated = {
        f"{question.subject}.{question.id}": AttributeDefinition(
            aggregate=question.aggregate, description=question.sentence
        )
        for question in asked
    }
    computed = {
        f"customer.{question.id}_value": AttributeDefinition(expression=f"customer.{question.id}")
        for question in asked
        if question.subject is Subject.CUSTOMER
    }
    years = AttributeDefinition(expression="yearsBetween(customer.client_since, now)")
    return {**aggregated, **computed, "customer.client_years": years}
