"""`segmentd segments list`."""

from __future__ import annotations

from typing import Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_json, print_table


@connected
def list_all(
    connection: Connection,
    filter: Annotated[  # noqa: A002 - named as in the API
        str, typer.Option("--filter", help="Such as 'labels.team = \"retail\" AND state = ACTIVE'.", show_default=False)
    ] = "",
    json: JsonFlag = False,
) -> None:
    """List the segments of a ledger."""
    with connection.open() as client:
        segments = client.list_segments(filter=filter)
    if json:
        print_json(segments)
        return
    if not segments:
        typer.echo(f"no {'such ' if filter else ''}segments; `segmentd segments apply FILE` adds some")
        return
    rows = [
        (
            segment.id,
            state(active=segment.definition.active),
            segment.definition.display_name,
            segment.definition.expression,
        )
        for segment in segments
    ]
    print_table(("segment", "state", "name", "expression"), rows)


def state(*, active: bool) -> str:
    """The state's name."""
    return "active" if active else "inactive"
