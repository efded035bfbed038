"""A population under definitions that have changed since it was read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Batch, FixedColumn
from segmentd.columns.planes import pack
from segmentd.columns.zones import start_of_days
from segmentd.ledger.population import Population, build_population
from segmentd.schema import DATE, DOUBLE, INT64, TIMESTAMP, AttributeSpec, DataType, Kind, Schema, Subject
from segmentd.scoring.fitting import Fittings, fit_population

SCHEMA = Schema(
    Subject.CUSTOMER,
    (AttributeSpec("age", INT64), AttributeSpec("born", DATE), AttributeSpec("seen", TIMESTAMP)),
    "Europe/Prague",
)
DAYS = np.array([0, 200, -4_000])


def population() -> Population:
    """Three customers of a ledger in Prague."""
    columns = {
        "age": FixedColumn(INT64, np.array([1, 2, 3])),
        "born": FixedColumn(DATE, start_of_days(DAYS, "Europe/Prague"), pack(np.array([True, True, False]))),
        "seen": FixedColumn(TIMESTAMP, np.array([7, 8, 9])),
    }
    batch = Batch(3, columns, pa.array(["a", "b", "c"]))
    return build_population(batch, id_column="id", data_version=5, schema=SCHEMA)


def test_unchanged_definitions_leave_a_population_alone() -> None:
    """Under an equal schema the population is the same object."""
    given = population()
    assert fit_population(given, Schema(Subject.CUSTOMER, SCHEMA.attributes, "Europe/Prague")) is given


def test_a_column_of_another_type_is_left_out() -> None:
    """An attribute that was deleted, retyped or made computed has no column; the others keep theirs."""
    retyped = (AttributeSpec("age", DOUBLE), AttributeSpec("seen", TIMESTAMP, expression="now"))
    assert fit_population(population(), replace(SCHEMA, attributes=retyped)).batch.columns.keys() == set()
    fitted = fit_population(population(), replace(SCHEMA, attributes=(*SCHEMA.attributes, AttributeSpec("new", DATE))))
    assert fitted.batch.columns.keys() == {"age", "born", "seen"}
    assert (fitted.ids.to_pylist(), fitted.data_version, fitted.rows_of(["c", "x"]).tolist()) == (
        ["a", "b", "c"],
        5,
        [2, -1],
    )


def test_a_new_zone_moves_days_and_no_moments() -> None:
    """Dates are the same days in the new zone, timestamps the same moments."""
    fitted = fit_population(population(), replace(SCHEMA, time_zone="America/New_York"))
    born, seen = fitted.batch.columns["born"], fitted.batch.columns["seen"]
    assert isinstance(born, FixedColumn)
    assert isinstance(seen, FixedColumn)
    assert born.values.tolist() == start_of_days(DAYS, "America/New_York").tolist()
    assert seen.values.tolist() == [7, 8, 9]


def test_a_population_is_fitted_once_for_each_schema() -> None:
    """Asked again with the same population and schema, the same columns come back; a new state gives new ones."""
    fittings, given = Fittings(), population()
    moved = replace(SCHEMA, time_zone="UTC")
    first = fittings.fit("main", given, moved, ())
    assert fittings.fit("main", given, moved, ()) is first
    assert fittings.fit("main", population(), moved, ()) is not first
    assert fittings.fit("main", given, SCHEMA, ()) is given


def test_amounts_whose_currency_is_named_keep_their_values() -> None:
    """A DECIMAL without a currency becomes one of the same scale with it; with another scale it is left out."""
    plain = Schema(Subject.CUSTOMER, (AttributeSpec("balance", DataType(Kind.DECIMAL, 2)),))
    column = FixedColumn(DataType(Kind.DECIMAL, 2), np.array([150, -1]))
    batch = Batch(2, {"balance": column}, pa.array(["a", "b"]))
    given = build_population(batch, id_column="id", data_version=5, schema=plain)
    euros, mills = (
        replace(plain, attributes=(AttributeSpec("balance", DataType(Kind.DECIMAL, scale, "EUR")),)) for scale in (2, 3)
    )
    assert fit_population(given, euros).batch.columns["balance"].type == DataType(Kind.DECIMAL, 2, "EUR")
    assert fit_population(given, mills).batch.columns == {}
