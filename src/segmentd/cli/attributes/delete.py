"""`segmentd attributes delete`."""

from __future__ import annotations

from typing import Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_json


@connected
def delete(
    connection: Connection,
    attributes: Annotated[list[str], typer.Argument(help="Ids of the attributes, deleted in this order.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only let the server check.")] = False,
    json: JsonFlag = False,
) -> None:
    """Delete attributes. Refused, naming what uses it, while one is in use."""
    with connection.open() as client:
        for attribute in attributes:
            client.delete_attribute(attribute, validate_only=dry_run)
            if not json:
                typer.echo(f"{attribute}: {'would be deleted' if dry_run else 'deleted'}")
    if json:
        print_json({"deleted": attributes, "dry_run": dry_run})
