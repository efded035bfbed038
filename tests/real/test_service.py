"""The running service answers as SQL does, for every customer and every segment, in every form and by every way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentd.client import Client, EvaluationResult, Form, Memberships
from tests.real.definitions import Definitions
from tests.real.differences import report_differences
from tests.real.expected import Customers, Verdict
from tests.real.population import NOW
from tests.real.subjects import plain_values, written_type

# Two servers start, one after the other, and warm up: on a busy machine that alone takes a minute.
pytestmark = pytest.mark.timeout(300)

PAGE_ROWS = 1_000
FEATURES_A_SECOND_TIME = 700
ASKED_CUSTOMERS = 1_500


@pytest.fixture(scope="module")
def table(population: Path) -> pa.Table:
    """The population, read back."""
    return pq.read_table(population)


@pytest.mark.parametrize("form", [form for form in Form if form is not Form.COUNTS])
def test_evaluation_agrees_with_sql(
    form: Form,
    bank: Client,
    expected: Mapping[str, Verdict],
    definitions: Definitions,
    customers: Customers,
) -> None:
    """EvaluateSegments has the members and unknowns that SQL has, in pages, in each form that says who."""
    result = bank.evaluate(form=form, now=NOW, page_rows=PAGE_ROWS)
    assert len(result.pages) >= len(customers.ids()) / PAGE_ROWS
    report = report_differences(evaluated(result, customers.ids()), expected, definitions, customers)
    assert not report, report


@pytest.mark.parametrize("form", list(Form))
def test_counts_agree_with_sql(form: Form, bank: Client, expected: Mapping[str, Verdict]) -> None:
    """The totals of EvaluateSegments are SQL's counts of members and unknowns, whatever the form."""
    result = bank.evaluate(form=form, now=NOW)
    assert (result.rows, result.basis.now) == (5369, NOW)
    assert {name: (count.members, count.unknown) for name, count in result.counts.items()} == {
        name: (len(verdict.members), len(verdict.unknowns)) for name, verdict in expected.items()
    }


def test_a_range_of_rows_agrees_with_sql(
    bank: Client, expected: Mapping[str, Verdict], definitions: Definitions, customers: Customers
) -> None:
    """EvaluateSegments over rows that start and end anywhere answers for exactly those customers."""
    rows = range(1_001, 4_777)
    result = bank.evaluate(form=Form.PLANES, now=NOW, rows=rows)
    ids = customers.ids()[rows.start : rows.stop]
    report = report_differences(evaluated(result, ids), among(expected, ids), definitions, customers)
    assert not report, report


def test_score_by_id_agrees_with_sql(
    bank: Client, expected: Mapping[str, Verdict], definitions: Definitions, customers: Customers
) -> None:
    """Score of resident customers, in any order and with a stranger among them, has SQL's members and unknowns."""
    ids = shuffled(customers.ids())[:ASKED_CUSTOMERS]
    answer = bank.score(ids=[*ids[:100], "stranger", *ids[100:]], form=Form.IDS, now=NOW)
    assert answer.missing_rows.tolist() == [100]
    report = report_differences(named(answer.memberships), among(expected, ids), definitions, customers)
    assert not report, report


def test_score_of_an_arrow_table_agrees_with_sql(
    bank: Client,
    table: pa.Table,
    expected: Mapping[str, Verdict],
    definitions: Definitions,
    customers: Customers,
) -> None:
    """Score of the population's own columns, sent as Arrow, has SQL's members and unknowns."""
    answer = bank.score(table, id_column="customer_id", form=Form.IDS, now=NOW)
    report = report_differences(named(answer.memberships), expected, definitions, customers)
    assert not report, report


def test_score_of_columns_agrees_with_sql(
    bank: Client,
    table: pa.Table,
    expected: Mapping[str, Verdict],
    definitions: Definitions,
    customers: Customers,
) -> None:
    """Score of Python values sent as columns has SQL's members and unknowns."""
    part = table.slice(FEATURES_A_SECOND_TIME, FEATURES_A_SECOND_TIME)
    features = {name: part[name].to_pylist() for name in part.column_names}
    ids = [str(customer) for customer in features.pop("customer_id")]
    answer = bank.score(features, form=Form.PLANES, now=NOW)
    report = report_differences(placed(answer.memberships, ids), among(expected, ids), definitions, customers)
    assert not report, report


def test_computed_attributes_agree_with_sql(bank: Client, definitions: Definitions, customers: Customers) -> None:
    """Score returns the computed attributes' values that SQL has: exact amounts, days, moments, text; and unknowns."""
    ids = customers.ids()
    answer = bank.score(ids=ids, segments=["saver"], computed=list(definitions.attributes), now=NOW)
    for name, attribute in definitions.attributes.items():
        found = answer.computed[name]
        assert set(np.array(ids)[found.unknown]) == customers.unknown_values(attribute), name
        values = plain_values(customers.values(attribute), written_type(attribute.type))
        present = {id_: value for id_, value in values.items() if value is not None}
        days = attribute.type == "DATE"
        assert dict(zip(np.array(ids)[found.present], found.values[found.present].tolist(), strict=True)) == (
            {id_: day_number(customers.values(attribute)[id_]) for id_ in present} if days else present
        ), name


def day_number(day: object) -> int:
    """Days since 1970, as the API counts days."""
    return int(np.datetime64(str(day), "D").astype(np.int64))


def shuffled(ids: tuple[str, ...]) -> list[str]:
    """The ids in another order, the same each time."""
    return [str(id_) for id_ in np.random.default_rng(1994).permutation(np.array(ids))]


def among(verdicts: Mapping[str, Verdict], ids: list[str] | tuple[str, ...]) -> dict[str, Verdict]:
    """The verdicts on some customers."""
    asked = frozenset(ids)
    return {name: verdict.among(asked) for name, verdict in verdicts.items()}


def evaluated(result: EvaluationResult, ids: tuple[str, ...]) -> dict[str, Verdict]:
    """The verdicts of all pages on customers in the order of the rows that were evaluated."""
    start = result.pages[0].row_start
    parts = []
    for page in result.pages:
        if page.form in (Form.IDS, Form.LISTS, Form.ARROW):
            parts.append(named(page))
        else:
            first = page.row_start - start
            parts.append(placed(page, list(ids[first : first + page.row_count])))
    return {name: union([part[name] for part in parts]) for name in result.counts}


def named(memberships: Memberships) -> dict[str, Verdict]:
    """The verdicts of an answer that names customers."""
    return {
        name: Verdict(frozenset(memberships.member_ids(name)), frozenset(memberships.unknown_ids(name)))
        for name in memberships.counts
    }


def placed(memberships: Memberships, ids: list[str]) -> dict[str, Verdict]:
    """The verdicts of an answer by row, on customers in the order of its rows."""
    order = np.array(ids)
    return {
        name: Verdict(
            frozenset(order[memberships.members(name)].tolist()), frozenset(order[memberships.unknown(name)].tolist())
        )
        for name in memberships.counts
    }


def union(parts: list[Verdict]) -> Verdict:
    """The verdicts of pages together."""
    return Verdict(
        frozenset().union(*(part.members for part in parts)), frozenset().union(*(part.unknowns for part in parts))
    )
