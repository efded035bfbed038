"""`segmentd segments`: the definitions that a server keeps."""

from __future__ import annotations

import typer

from segmentd.cli.segments.apply import apply_file
from segmentd.cli.segments.delete import delete
from segmentd.cli.segments.get import get
from segmentd.cli.segments.listing import list_all

app = typer.Typer(help="List, show, apply and delete the segments of a server.", no_args_is_help=True)
app.command("list")(list_all)
app.command("get")(get)
app.command("apply")(apply_file)
app.command("delete")(delete)
