"""The generated bank: the same for a seed, plausible, and fit for its own definitions."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from segmentd.cli.bank import AS_OF, CHUNK_ROWS, SCHEMA, Bank
from segmentd.columns.files import batch_of_table, infer_attributes
from segmentd.engine import Engine
from segmentd.plan import compile_program
from segmentd.schema import Kind, Subject
from segmentd.segments.definitions import load_definitions

DEFINITIONS = Path(__file__).parents[2] / "src" / "segmentd" / "cli" / "demo_definitions.yaml"
AS_OF_US = int(np.datetime64(AS_OF, "us").astype(np.int64))


@pytest.fixture(scope="module")
def bank() -> pa.Table:
    """A bank of a few more customers than are drawn at once."""
    return Bank(CHUNK_ROWS + 1_000, seed=7).table()


def test_a_seed_gives_one_bank(bank: pa.Table) -> None:
    """The same seed gives the same customers, a larger bank begins with those of a smaller, another seed others."""
    assert Bank(CHUNK_ROWS + 1_000, seed=7).table().equals(bank)
    assert Bank(500, seed=7).table().equals(bank.slice(0, 500))
    assert not Bank(500, seed=8).table().equals(bank.slice(0, 500))


def test_customers_have_ids_of_their_own(bank: pa.Table) -> None:
    """As many different ids as customers."""
    assert bank.schema.equals(SCHEMA)
    assert bank.num_rows == CHUNK_ROWS + 1_000
    assert pc.count_distinct(bank["customer_id"]).as_py() == bank.num_rows


def test_every_kind_of_attribute_occurs(bank: pa.Table) -> None:
    """At least 25 attributes, of every type that there is; amounts are in euros."""
    inferred = infer_attributes(bank, "customer_id")
    assert len(inferred) >= 25
    assert {spec.type.kind for spec in inferred} == set(Kind) - {Kind.DURATION, Kind.NULL}
    assert {spec.type.currency for spec in inferred if spec.type.kind is Kind.DECIMAL} == {"EUR"}


@pytest.mark.parametrize(
    ("column", "share"),
    [
        ("country", 0.01),
        ("birthDate", 0.004),
        ("income", 0.12),
        ("avgDailyBalanceAll", 0.27),
        ("loanAmount", 0.77),
        ("consentMarketing", 0.14),
        ("lastLogin", 0.16),
        ("email", 0.08),
        ("ownsSavings", 0.0),
        ("balance", 0.0),
    ],
)
def test_values_are_missing_as_often_as_in_a_bank(bank: pa.Table, column: str, share: float) -> None:
    """What customers need not tell is missing for some; what the bank itself knows, for nobody."""
    missing = bank[column].null_count / bank.num_rows
    assert missing == share if share == 0.0 else abs(missing - share) < 0.1 * share


def test_nothing_is_later_than_the_day_of_the_count(bank: pa.Table) -> None:
    """Births, first accounts and logins lie in the past of the bank; nobody is a client before 16."""
    assert pc.max(bank["clientSince"]).as_py() <= AS_OF
    assert pc.max(bank["lastLogin"]).as_py().date() <= AS_OF
    ages = (np.datetime64(AS_OF) - bank["birthDate"].to_numpy().astype("datetime64[D]")).astype(int) / 365.25
    years = (np.datetime64(AS_OF) - bank["clientSince"].to_numpy().astype("datetime64[D]")).astype(int) / 365.25
    known = ~np.isnan(ages) & (ages > 0)
    assert ages[known].min() > 17.9
    assert (ages - years)[known].min() > 15.9


def test_accounts_add_up(bank: pa.Table) -> None:
    """The accounts counted are those owned, everybody has one, and all accounts hold at least the deposits."""
    owned = sum(bank[name].to_numpy().astype(int) for name in ("ownsSavings", "ownsChecking", "ownsMoneyMarket"))
    assert np.array_equal(bank["accountCount"].to_numpy(), owned)
    assert owned.min() == 1
    more = pc.greater_equal(bank["avgDailyBalanceAll"], bank["avgDailyBalanceSavingsChecking"])
    assert pc.all(more).as_py()


def test_lists_repeat_nothing(bank: pa.Table) -> None:
    """A country is visited once in a list, however many there are."""
    for visited in bank["foreignCountriesVisited"].slice(0, 5_000).to_pylist():
        assert len(visited) == len(set(visited))


def test_each_segment_of_the_demo_has_members_and_others(bank: pa.Table) -> None:
    """A dozen definitions or more compile against the bank; each selects some and not all, and some are undecided."""
    definitions = load_definitions(DEFINITIONS).merge_inferred(infer_attributes(bank, "customer_id"))
    catalogue = definitions.catalogue()
    asked = catalogue.asked(Subject.CUSTOMER, ())
    schema = catalogue.schemas[Subject.CUSTOMER]
    program = compile_program(asked, (), catalogue.definitions(Subject.CUSTOMER), schema)
    batch = batch_of_table(bank, schema, "customer_id")
    with Engine(1) as engine:
        evaluation = engine.evaluate(program, batch, AS_OF_US, planes=False)
    assert len(asked) >= 12
    assert evaluation.absent == ()
    assert (evaluation.member_counts > 100).all()
    assert (evaluation.member_counts < 0.6 * batch.rows).all()
    assert (evaluation.unknown_counts > 0).sum() >= 6
