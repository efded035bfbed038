"""`segmentd ledgers`: the books that attributes and segments live in."""

from __future__ import annotations

import typer

from segmentd.cli.ledgers.create import create
from segmentd.cli.ledgers.listing import list_all

app = typer.Typer(help="List and create the ledgers of a server.", no_args_is_help=True)
app.command("list")(list_all)
app.command("create")(create)
