"""`segmentd segments delete`."""

from __future__ import annotations

from typing import Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_json


@connected
def delete(
    connection: Connection,
    segments: Annotated[list[str], typer.Argument(help="Ids of the segments, deleted in this order.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only let the server check.")] = False,
    json: JsonFlag = False,
) -> None:
    """Delete segments. Refused, with their names, while others refer to one."""
    with connection.open() as client:
        for segment in segments:
            client.delete_segment(segment, validate_only=dry_run)
            if not json:
                typer.echo(f"{segment}: {'would be deleted' if dry_run else 'deleted'}")
    if json:
        print_json({"deleted": segments, "dry_run": dry_run})
