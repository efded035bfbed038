"""`segmentd attributes`: the typed attributes that a server keeps."""

from __future__ import annotations

import typer

from segmentd.cli.attributes.apply import apply_file
from segmentd.cli.attributes.create import create
from segmentd.cli.attributes.delete import delete
from segmentd.cli.attributes.get import get
from segmentd.cli.attributes.listing import list_all

app = typer.Typer(help="List, show, create, apply and delete the attributes of a server.", no_args_is_help=True)
app.command("list")(list_all)
app.command("get")(get)
app.command("create")(create)
app.command("apply")(apply_file)
app.command("delete")(delete)
