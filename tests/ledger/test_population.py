"""Resident customers: found by id, gathered, completed with defaults, and checked against the ledger's attributes."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns.arrow import batch_from_arrow
from segmentd.columns.build import first_missing
from segmentd.columns.column import Batch, FixedColumn, ItemsOf
from segmentd.columns.errors import ColumnError
from segmentd.errors import ErrorReason
from segmentd.ledger.defaults import Default
from segmentd.ledger.index import IdIndex
from segmentd.ledger.model import Attribute
from segmentd.ledger.population import (
    Population,
    PopulationMismatchError,
    Populations,
    build_population,
    check_against,
)
from segmentd.ledger.usage import Residency
from segmentd.schema import (
    BOOL,
    DATE,
    DOUBLE,
    INT64,
    STRING,
    TIMESTAMP,
    AttributeSpec,
    DataType,
    Kind,
    Schema,
    Subject,
)
from tests.columns.naive import values_of

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
CENTS = DataType(Kind.DECIMAL, 2, "EUR")
SCHEMA = Schema(Subject.CUSTOMER, (AttributeSpec("age", INT64), AttributeSpec("name", STRING)), "Europe/Prague")


def population_of(table: pa.Table, version: int = 1) -> Population:
    """The population of a table with a column `customer_id`."""
    batch = batch_from_arrow(table, SCHEMA, id_field="customer_id")
    return build_population(batch, id_column="customer_id", data_version=version, schema=SCHEMA)


def attribute(id_: str, type_: DataType, default: Default, *, required: bool = False) -> Attribute:
    """An attribute of customers with a default value."""
    return Attribute(
        Subject.CUSTOMER, AttributeSpec(id_, type_, required=required), "", "", default, CREATED, CREATED, "etag"
    )


def rows_by_search(ids: Sequence[str], asked: Sequence[str]) -> list[int]:
    """The row of each id, by looking at every row."""
    return [ids.index(text) if text in ids else -1 for text in asked]


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), unique=True, max_size=200),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=150),
    st.data(),
)
def test_every_id_is_found_and_no_other(ids: list[str], others: list[str], data: st.DataObject) -> None:
    """Few and many ids, in any order, repeated or lacking, have the rows that a search finds."""
    asked = others + (data.draw(st.lists(st.sampled_from(ids), max_size=150)) if ids else [])
    index = IdIndex(pa.array(ids, pa.string()), column="customer_id")
    assert index.rows_of(asked).tolist() == rows_by_search(ids, asked)
    assert index.rows_of(pa.array(asked, pa.string())).tolist() == rows_by_search(ids, asked)


def test_ids_with_the_same_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """If all ids collided, each would still be found in its own row, one by one and many at once."""
    same = staticmethod(lambda ids: np.zeros(len(ids), dtype=np.int64))
    monkeypatch.setattr("segmentd.ledger.index._hash_all", same)
    monkeypatch.setattr("segmentd.ledger.index.hash", lambda _text: 0, raising=False)
    ids = [f"c{number}" for number in range(100)]
    index = IdIndex(pa.array(ids), column="customer_id")
    assert index.rows_of(["c7", "none", "c99"]).tolist() == [7, -1, 99]
    assert index.rows_of([*ids, "none"]).tolist() == [*range(100), -1]
    with pytest.raises(ColumnError, match="row 100"):
        IdIndex(pa.array([*ids, "c5"]), column="customer_id")


def test_an_id_that_occurs_twice_is_refused() -> None:
    """The first row whose id another row has too is named, with the id."""
    with pytest.raises(ColumnError) as caught:
        population_of(pa.table({"customer_id": ["a", "b", "c", "b", "a"]}))
    assert caught.value.reason is ErrorReason.INVALID_VALUE
    assert dict(caught.value.metadata) == {"attribute": "customer_id", "row": "3", "value": "b"}


def test_a_row_without_an_id_is_refused() -> None:
    """A customer has an id."""
    with pytest.raises(ColumnError, match="row 1; every row has an id"):
        population_of(pa.table({"customer_id": ["a", None]}))


def test_rows_are_selected_in_the_order_asked() -> None:
    """Found customers have their values, a lacking one has none."""
    population = population_of(pa.table({"customer_id": ["a", "b"], "age": [30, 41], "name": ["x", None]}))
    batch = population.select(population.rows_of(["b", "none", "a"]))
    assert values_of(batch, "age") == [41, None, 30]
    assert values_of(batch, "name") == [None, None, "x"]
    assert list(population.select(np.array([0]), ["age"]).columns) == ["age"]


def test_defaults_stand_where_customers_have_no_value() -> None:
    """A column that the file has is filled, one that it lacks is made, and what has a value keeps it."""
    table = pa.table({"customer_id": ["a", "b"], "age": pa.array([30, None], pa.int8()), "name": [None, "x"]})
    population = population_of(table)
    completed = population.with_defaults(
        [
            attribute("age", INT64, 1_000_000),
            attribute("name", STRING, "nobody"),
            attribute("isGlobetrotter", BOOL, default=False, required=True),
            attribute("since", DATE, 0),
            attribute("score", DOUBLE, None),
        ]
    )
    assert values_of(completed.batch, "age") == [30, 1_000_000]
    assert values_of(completed.batch, "name") == ["nobody", "x"]
    assert values_of(completed.batch, "isGlobetrotter") == [False, False]
    assert values_of(completed.batch, "since") == [-3_600_000_000] * 2
    assert "score" not in completed.batch.columns
    assert values_of(population.batch, "age") == [30, None]
    assert first_missing(completed.batch.columns["isGlobetrotter"], 2) is None


def test_defaults_of_items_stand_in_the_items() -> None:
    """What macros read of accounts has the defaults of accounts' attributes, not of customers' of the same id."""
    given = population_of(pa.table({"customer_id": ["a", "b"], "age": pa.array([None, 3], pa.int8())}))
    accounts = Batch(2, {"age": FixedColumn(INT64, np.array([7, 0]), np.array([1], np.uint64))})
    held = ItemsOf(np.array([0, 1, 2]), np.array([1, 0]), accounts)
    population = replace(given, batch=replace(given.batch, items={"accounts": held}))
    of_customers, of_accounts = attribute("age", INT64, 1), replace(attribute("age", INT64, 5), subject=Subject.ACCOUNT)
    completed = population.with_defaults([of_customers, of_accounts]).batch
    assert values_of(completed, "age") == [1, 3]
    items = completed.items["accounts"]
    assert values_of(items.batch, "age") == [7, 5]
    assert (items.offsets is held.offsets, items.rows is held.rows) == (True, True)
    assert population.with_defaults([of_customers]).batch.items["accounts"].batch is accounts
    assert given.with_defaults([of_accounts]) is given


def test_columns_of_defaults_are_made_once() -> None:
    """The same defaults give the same batch; other defaults another; none at all the population itself."""
    population = population_of(pa.table({"customer_id": ["a"]}))
    once = population.with_defaults([attribute("age", INT64, 1)])
    again = population.with_defaults([attribute("age", INT64, 1)])
    other = population.with_defaults([attribute("age", INT64, 2)])
    assert once.batch is again.batch
    assert values_of(other.batch, "age") == [2]
    assert population.with_defaults([attribute("age", INT64, None)]) is population


def test_threads_that_ask_at_once_share_the_columns_of_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many threads ask for however many sets of defaults, each set is built once while it is kept."""
    population = population_of(pa.table({"customer_id": [str(row) for row in range(100_000)]}))
    complete, made, together = Population._complete, [], threading.Barrier(8)

    def counted(self: Population, attributes: Sequence[Attribute]) -> Batch:
        made.append(attributes)
        return complete(self, attributes)

    def ask(default: int) -> Batch:
        together.wait(20)
        return population.with_defaults([attribute("age", INT64, default)]).batch

    monkeypatch.setattr(Population, "_complete", counted)
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(ask, [1, 2] * 4))
    assert len(made) == 2
    assert len({id(batch) for batch in batches}) == 2


@pytest.mark.parametrize("default", [False, 0, 0.0])
def test_defaults_that_are_equal_numbers_are_told_apart_by_type(default: Default) -> None:
    """False, 0 and 0.0 are equal in Python and different values here."""
    population = population_of(pa.table({"customer_id": ["a"]}))
    types: dict[type, DataType] = {bool: BOOL, int: INT64, float: DOUBLE}
    for other in (False, 0, 0.0, default):
        completed = population.with_defaults([attribute("x", types[type(other)], other)])
        assert [type(value) for value in values_of(completed.batch, "x")] == [type(other)]


@pytest.mark.parametrize(
    ("stored", "inferred"),
    [
        (INT64, INT64),
        (DOUBLE, INT64),
        (CENTS, INT64),
        (CENTS, DOUBLE),
        (CENTS, DataType(Kind.DECIMAL, 1)),
        (CENTS, CENTS),
        (DATE, TIMESTAMP),
        (TIMESTAMP, DATE),
    ],
)
def test_a_file_may_suggest_what_the_stored_type_can_hold(stored: DataType, inferred: DataType) -> None:
    """What is stored wins; whether the values fit is seen when they are read."""
    check_against(Schema(Subject.CUSTOMER, (AttributeSpec("x", stored),)), [AttributeSpec("x", inferred)])


@pytest.mark.parametrize(
    ("stored", "inferred"),
    [
        (INT64, STRING),
        (INT64, DOUBLE),
        (STRING, INT64),
        (BOOL, INT64),
        (CENTS, DataType(Kind.DECIMAL, 3)),
        (CENTS, DataType(Kind.DECIMAL, 2, "CZK")),
        (DOUBLE, CENTS),
        (TIMESTAMP, INT64),
    ],
)
def test_a_file_that_disagrees_is_refused_by_column(stored: DataType, inferred: DataType) -> None:
    """The error names the column, what the file has and what the ledger has."""
    schema = Schema(Subject.CUSTOMER, (AttributeSpec("x", stored),))
    with pytest.raises(PopulationMismatchError) as caught:
        check_against(schema, [AttributeSpec("new", BOOL), AttributeSpec("x", inferred)])
    assert caught.value.reason is ErrorReason.POPULATION_MISMATCH
    assert dict(caught.value.metadata) == {"column": "x", "given": str(inferred), "expected": str(stored)}


def test_a_column_of_a_computed_attribute_is_refused() -> None:
    """Its expression decides, so a file cannot give it."""
    schema = Schema(Subject.CUSTOMER, (AttributeSpec("tier", STRING, expression="'x'"),))
    with pytest.raises(PopulationMismatchError, match="computed"):
        check_against(schema, [AttributeSpec("tier", STRING)])


def test_the_current_population_is_found_by_ledger() -> None:
    """One state a ledger: a reader keeps the one it found while another takes its place."""
    populations = Populations()
    assert populations.find("main") is None
    assert populations.residency("main") == Residency(0, 0)
    first, second = (population_of(pa.table({"customer_id": ids}), len(ids)) for ids in (["a"], ["a", "b"]))
    populations.put("main", first)
    found = populations.find("main")
    populations.put("main", second)
    assert found is first
    assert populations.find("main") is second
    assert populations.residency("main") == Residency(2, 2)
    assert populations.find("other") is None
