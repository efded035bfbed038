"""Fixtures of the ledger: the bank in a running server and in a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from segmentd.client import AttributeDefinition, Client
from segmentd.schema import Subject
from tests.real.ledger.loading import make_visits, serving_ledger
from tests.real.ledger.questions import read_questions
from tests.real.ledger.warehouse import Warehouse


@pytest.fixture(scope="session")
def warehouse(berka: Path) -> Warehouse:
    """The bank's facts in SQL, and visits, which are made up: nobody visited a web page then."""
    made = Warehouse(berka)
    made.put("visit", make_visits(sorted(made.ids("FROM customer"))))
    return made


@pytest.fixture(scope="session")
def ledger(berka: Path, warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a server that holds the bank and the questions; those of customers are computed as `x_value` too."""
    with serving_ledger(berka, tmp_path_factory.mktemp("ledger"), warehouse) as client:
        asked = [question for subject in (Subject.CUSTOMER, Subject.ACCOUNT) for question in read_questions(subject)]
        definitions = {
            f"{question.subject}.{question.id}": AttributeDefinition(
                aggregate=question.aggregate, description=question.sentence
            )
            for question in asked
        }
        definitions |= {
            f"customer.{question.id}_value": AttributeDefinition(expression=f"customer.{question.id}")
            for question in asked
            if question.subject is Subject.CUSTOMER
        }
        client.apply_attributes(definitions)
        yield client
