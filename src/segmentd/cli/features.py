"""A file of features, cut down to what a ledger knows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from segmentd.cli.offline import read_population

if TYPE_CHECKING:
    from segmentd.client import Attribute


def read_features(path: Path, id_column: str, attributes: Iterable[Attribute], *, ids_needed: bool) -> Any:
    """The columns of a file that are given attributes of customers, and the ids; what is left out is said.

    Raises BadParameter where ids are needed and there is no such column, ColumnErrors where the file cannot be read.
    """
    table = read_population(path)
    if ids_needed and id_column not in table.column_names:
        raise typer.BadParameter(f"{path.name} has no column {id_column!r}; name that of the ids with --id")
    known = {found.id.removeprefix("customer.") for found in attributes if not found.expression} | {id_column}
    ignored = [name for name in table.column_names if name not in known]
    if ignored:
        typer.echo(f"not sent, because they are no given attributes of the ledger: {', '.join(ignored)}", err=True)
    return table.select([name for name in table.column_names if name in known])
