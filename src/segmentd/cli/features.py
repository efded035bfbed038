"""A file of features, cut down to what a ledger knows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import typer

from segmentd.cli.offline import read_population
from segmentd.columns.files import MissingIdColumnError, read_table_for
from segmentd.columns.headers import attribute_ids
from segmentd.ledger.fields import built_in
from segmentd.schema import AttributeSpec, Schema, Subject

if TYPE_CHECKING:
    from segmentd.client import Attribute, Client, Ledger


def read_features(path: Path, id_column: str, client: Client, subject: Subject) -> Any:
    """The columns of a file that are fields or given attributes of a subject, and the ids; what is left out is said.

    Raises ColumnErrors where the file cannot be read or has no column of ids.
    """
    schema = given_schema(client.list_attributes(), client.get_ledger(), subject)
    table = read_typed(path, schema, id_column)
    ignored = [name for name in table.column_names if name != id_column and schema.get(name) is None]
    if ignored:
        typer.echo(f"not sent, because they are no given attributes of the ledger: {', '.join(ignored)}", err=True)
    return table.drop_columns(ignored)


def read_ids(path: Path, id_column: str) -> Any:
    """The ids in a file, as an Arrow array of text, none of them null. Raises ColumnErrors as `read_features` does."""
    table = read_typed(path, Schema(Subject.CUSTOMER, ()), id_column)
    return table[id_column].cast(pa.string()).combine_chunks().fill_null("")


def given_schema(attributes: Iterable[Attribute], ledger: Ledger, subject: Subject) -> Schema:
    """The fields and the given attributes of a subject, as columns are read by them."""
    prefix = f"{subject}."
    given = (
        AttributeSpec(found.id.removeprefix(prefix), found.type, found.required)
        for found in attributes
        if found.id.startswith(prefix) and not found.expression
    )
    return Schema(subject, (*built_in(subject, ledger.currency_code), *given), ledger.time_zone)


def read_typed(path: Path, schema: Schema, id_column: str) -> Any:
    """The table in a file, its columns named by attribute; in CSV the attributes say how text is to be read."""
    is_csv = path.suffix.lower() == ".csv"
    table = read_table_for(path, schema, id_column) if is_csv else read_population(path)
    if id_column not in table.column_names:
        raise MissingIdColumnError(id_column, table.column_names)
    ids = attribute_ids([name for name in table.column_names if name != id_column])
    return table.rename_columns([ids.get(name, name) for name in table.column_names])
