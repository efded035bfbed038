"""`segmentd ledger snapshot delete`."""

from __future__ import annotations

from typing import Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_json


@connected
def delete(
    connection: Connection,
    snapshots: Annotated[list[str], typer.Argument(help="Ids of the snapshots, deleted in this order.")],
    json: JsonFlag = False,
) -> None:
    """Delete snapshots."""
    with connection.open() as client:
        for snapshot in snapshots:
            client.delete_snapshot(snapshot)
            if not json:
                typer.echo(f"{snapshot}: deleted")
    if json:
        print_json({"deleted": snapshots})
