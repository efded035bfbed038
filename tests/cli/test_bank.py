"""The generated bank: the same for a seed, and plausible."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from segmentd.cli.bank import AS_OF, CHUNK_ROWS, SCHEMA, Bank
from segmentd.columns.files import infer_attributes
from segmentd.schema import Kind


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
    assert pc.count_distinct(bank["id"]).as_py() == bank.num_rows


def test_every_kind_of_attribute_occurs(bank: pa.Table) -> None:
    """More than a dozen attributes, of every type that there is; amounts are in euros."""
    inferred = infer_attributes(bank, "id")
    assert len(inferred) >= 15
    assert {spec.type.kind for spec in inferred} == set(Kind) - {Kind.DURATION, Kind.NULL}
    assert {spec.type.currency for spec in inferred if spec.type.kind is Kind.DECIMAL} == {"EUR"}


@pytest.mark.parametrize(
    ("column", "share"),
    [
        ("country", 0.01),
        ("birthDate", 0.004),
        ("income", 0.12),
        ("loanAmount", 0.77),
        ("lastLogin", 0.16),
        ("email", 0.08),
        ("id", 0.0),
        ("tags", 0.0),
    ],
)
def test_values_are_missing_as_often_as_in_a_bank(bank: pa.Table, column: str, share: float) -> None:
    """What customers need not tell is missing for some; what the bank itself knows, for nobody."""
    missing = bank[column].null_count / bank.num_rows
    assert missing == share if share == 0.0 else abs(missing - share) < 0.1 * share


def test_nothing_is_later_than_the_day_of_the_count(bank: pa.Table) -> None:
    """Births and logins lie in the past of the bank; its customers are grown up."""
    assert pc.max(bank["lastLogin"]).as_py().date() <= AS_OF
    ages = (np.datetime64(AS_OF) - bank["birthDate"].to_numpy().astype("datetime64[D]")).astype(int) / 365.25
    known = ~np.isnan(ages) & (ages > 0)
    assert ages[known].min() > 17.9


def test_lists_repeat_nothing(bank: pa.Table) -> None:
    """A country is visited once in a list, however many there are."""
    for visited in bank["foreignCountriesVisited"].slice(0, 5_000).to_pylist():
        assert len(visited) == len(set(visited))
