"""`segmentd ledger rules apply`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.options import DryRunFlag, existing
from segmentd.cli.output import JsonFlag, counted, print_json

EXAMPLE = Path(__file__).parent / "example.yaml"
"""Rules for common purposes, to begin with."""


@connected
def apply(
    connection: Connection,
    file: Annotated[
        Path | None, typer.Argument(callback=existing, metavar="[FILE]", help="Rules, in YAML.", show_default=False)
    ] = None,
    example: Annotated[bool, typer.Option("--example", help="Take the rules that come with segmentd.")] = False,
    dry_run: DryRunFlag = False,
    json: JsonFlag = False,
) -> None:
    """Take a file's rules in the place of all that a ledger has, for transactions that are written from now on."""
    from segmentd.cli.ledger.rules.files import read_rules

    if (file is None) != example:
        raise typer.BadParameter("give either FILE or --example")
    rules = read_rules(file or EXAMPLE)
    with connection.open() as client:
        applied = client.update_category_rules(rules, validate_only=dry_run)
    if json:
        print_json(applied)
        return
    typer.echo(f"{connection.ledger}: {counted(len(applied.rules), 'rule')}{' would be' if dry_run else ''} applied")
