"""`segmentd ledgers create`."""

from __future__ import annotations

from typing import Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_json


@connected
def create(
    connection: Connection,
    currency: Annotated[str, typer.Option(help="ISO 4217 code, such as EUR.")],
    time_zone: Annotated[str, typer.Option(help="IANA name of the business time zone.")] = "UTC",
    name: Annotated[str, typer.Option(help="For people.", show_default=False)] = "",
    json: JsonFlag = False,
) -> None:
    """Create the ledger that --ledger names."""
    with connection.open() as client:
        created = client.create_ledger(
            connection.ledger, currency_code=currency, time_zone=time_zone, display_name=name
        )
    if json:
        print_json(created)
        return
    typer.echo(f"{created.id}: created, {created.currency_code}, {created.time_zone}")
