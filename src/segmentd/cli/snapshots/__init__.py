"""`segmentd ledger snapshot`: who was in which segment, and who came and went since."""

from __future__ import annotations

import typer

from segmentd.cli.snapshots.compare import compare
from segmentd.cli.snapshots.create import create
from segmentd.cli.snapshots.delete import delete
from segmentd.cli.snapshots.listing import list_all

app = typer.Typer(help="Keep who is in which segment, and tell who came and went.", no_args_is_help=True)
app.command("create")(create)
app.command("list")(list_all)
app.command("compare")(compare)
app.command("delete")(delete)
