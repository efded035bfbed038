"""SQL, written from the sentences, agrees with the official CEL evaluator on the expressions: no engine in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from segmentd.language.overloads import SUPPORTED
from segmentd.schema import Schema
from tests.oracle.calendar import instant
from tests.oracle.evaluator import UNKNOWN, Oracle, RowAnswers
from tests.oracle.evaluator import Definitions as OfficialDefinitions
from tests.real.compiled import Compiled, compile_definitions
from tests.real.definitions import Definitions
from tests.real.differences import report_differences
from tests.real.expected import Customers, Verdict
from tests.real.population import NOW
from tests.real.subjects import plain_values, population_rows, population_schema, written_type

# Some 350,000 evaluations, one by one: seven seconds on an idle machine.
pytestmark = pytest.mark.timeout(300)

SEGMENTD_OWN = {"decimal_to_double"}
"""Operations that the official checker does not tell from its own: to CEL, a decimal is an integer."""


@dataclass(frozen=True, slots=True)
class Official:
    """What the official evaluator says, a row a customer."""

    ids: Sequence[str]
    answers: Sequence[RowAnswers]


@pytest.fixture(scope="module")
def schema(population: Path, definitions: Definitions) -> Schema:
    """The population's attributes."""
    return population_schema(pq.read_table(population), definitions)


@pytest.fixture(scope="module")
def compiled(schema: Schema, definitions: Definitions) -> Compiled:
    """The definitions, compiled."""
    return compile_definitions(schema, definitions)


@pytest.fixture(scope="module")
def official(population: Path, schema: Schema, compiled: Compiled) -> Official:
    """Every definition, by the official evaluator, for all who own an account and for every fourth of the others."""
    table = pq.read_table(population)
    owns = table["ownAccounts"].to_numpy() > 0
    table = table.filter(owns | (np.arange(table.num_rows) % 4 == 0))
    checked = OfficialDefinitions(
        {name: expression.checked for name, expression in compiled.attributes.items()},
        {name: expression.checked for name, expression in compiled.segments.items()},
    )
    ids = [str(customer) for customer in table["customer_id"].to_pylist()]
    return Official(ids, Oracle(schema).answers(checked, population_rows(table, schema), instant(NOW)))


def test_every_operation_is_used(compiled: Compiled) -> None:
    """Every operation of the language stands in at least one definition, and segments refer to segments."""
    assert set(SUPPORTED) - compiled.operations() == SEGMENTD_OWN
    assert any("double(customer.orderTotal)" in expression.text for expression in compiled.segments.values())
    assert sum(bool(expression.segments) for expression in compiled.segments.values()) >= 5


def test_official_evaluator_agrees_with_sql_on_segments(
    official: Official, expected: Mapping[str, Verdict], definitions: Definitions, customers: Customers
) -> None:
    """Members and unknowns of every segment are the same by official CEL and by SQL."""
    answered = {
        name: Verdict(
            frozenset(
                id_ for id_, row in zip(official.ids, official.answers, strict=True) if row.segments[name] is True
            ),
            frozenset(
                id_ for id_, row in zip(official.ids, official.answers, strict=True) if row.segments[name] is UNKNOWN
            ),
        )
        for name in definitions.segments
    }
    asked = frozenset(official.ids)
    wanted = {name: verdict.among(asked) for name, verdict in expected.items()}
    report = report_differences(answered, wanted, definitions, customers)
    assert not report, report


def test_official_evaluator_agrees_with_sql_on_computed_attributes(
    official: Official, definitions: Definitions, customers: Customers
) -> None:
    """The values of every computed attribute are the same by official CEL and by SQL, and unknown for the same."""
    for attribute in definitions.attributes.values():
        answers = {id_: row.computed[attribute.id] for id_, row in zip(official.ids, official.answers, strict=True)}
        unknown = frozenset(id_ for id_, answer in answers.items() if answer is UNKNOWN)
        assert unknown == customers.unknown_values(attribute) & answers.keys(), attribute.id
        values = plain_values(customers.values(attribute), written_type(attribute.type))
        assert {id_: answer for id_, answer in answers.items() if answer is not UNKNOWN} == {
            id_: value for id_, value in values.items() if id_ in answers and id_ not in unknown
        }, attribute.id
