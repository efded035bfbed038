"""`segmentd ledger rules`: how transactions get their categories."""

from __future__ import annotations

import typer

from segmentd.cli.ledger.rules.apply import apply
from segmentd.cli.ledger.rules.listing import list_all

app = typer.Typer(help="Show and change the rules that give transactions their categories.", no_args_is_help=True)
app.command("list")(list_all)
app.command("apply")(apply)
