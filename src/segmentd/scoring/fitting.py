"""A population under definitions that have changed since it was read."""

from __future__ import annotations

from dataclasses import dataclass

from segmentd.columns.column import Batch, Column, FixedColumn
from segmentd.columns.zones import DAY_US, start_of_days, utc_offsets
from segmentd.ledger.model import Attribute
from segmentd.ledger.population import Population, names_currency
from segmentd.schema import DataType, Kind, Schema, Subject


def fit_population(population: Population, schema: Schema) -> Population:
    """The population's columns as the schema's attributes: none where the type is another one now.

    A DATE starts with its day in the ledger's zone, so a new zone moves it.
    """
    if population.schema is schema or population.schema == schema:
        return population
    columns = {
        name: _moved(fitted, population.schema.time_zone, schema.time_zone)
        for name, column in population.batch.columns.items()
        if (spec := schema.get(name)) is not None
        and spec.expression is None
        and (fitted := _typed(column, spec.type)) is not None
    }
    batch = Batch(population.batch.rows, columns, population.batch.ids, items=population.batch.items)
    ids, version, index = population.ids, population.data_version, population.index
    return Population(batch, ids, version, schema, index, is_past=population.is_past)


def _typed(column: Column, wanted: DataType) -> Column | None:
    """The column if it has the type, or becomes it by naming the currency of its amounts; None otherwise."""
    if column.type == wanted:
        return column
    if isinstance(column, FixedColumn) and names_currency(column.type, wanted):
        return FixedColumn(wanted, column.values, column.validity)
    return None


def _moved(column: Column, before: str, after: str) -> Column:
    if before == after or not isinstance(column, FixedColumn) or column.type.kind is not Kind.DATE:
        return column
    days = (column.values + utc_offsets(column.values, before)) // DAY_US
    return FixedColumn(column.type, start_of_days(days, after), column.validity)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A population as it was read, and as it is under a schema."""

    given: Population
    fitted: Population


class Fittings:
    """Populations with the defaults and under the schema of the definitions; the last one of each is kept."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, Subject], Fitted] = {}

    def fit(self, ledger: str, population: Population, schema: Schema, attributes: tuple[Attribute, ...]) -> Population:
        """The population for these definitions."""
        key = ledger, schema.subject
        last = self._last.get(key)
        if last is None or last.given is not population or last.fitted.schema is not schema:
            last = self._last[key] = Fitted(population, fit_population(population, schema))
        return last.fitted.with_defaults(attributes)
