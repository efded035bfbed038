"""`segmentd ledger snapshot create`."""

from __future__ import annotations

from typing import Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.moments import parse_moment
from segmentd.cli.options import AsOfOption
from segmentd.cli.output import JsonFlag, print_json, print_table


@connected
def create(
    connection: Connection,
    snapshot: Annotated[str, typer.Argument(help="The new snapshot's id.")],
    segments: Annotated[list[str] | None, typer.Argument(help="Ids of segments; none: all active ones.")] = None,
    accounts: Annotated[bool, typer.Option("--accounts", help="Of segments of accounts.")] = False,
    as_of: AsOfOption = "",
    json: JsonFlag = False,
) -> None:
    """Evaluate segments over the residents, and keep who is in them."""
    from segmentd.schema import Subject

    with connection.open() as client:
        made = client.create_snapshot(
            snapshot,
            segments=segments or (),
            subject=Subject.ACCOUNT if accounts else Subject.CUSTOMER,
            now=parse_moment(as_of, client.get_ledger().time_zone) if as_of else None,
        )
    if json:
        print_json(made)
        return
    print_table(
        ("segment", "members>", "unknown>"),
        [(each.id, f"{each.members:,}", f"{each.unknown:,}") for each in made.segments],
    )
    typer.echo(
        f"{made.id}: {made.rows:,} {made.subject}s as of {made.now.isoformat()}, data version {made.data_version}"
    )
