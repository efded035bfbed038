"""What applying a file changed, or would change, as a table or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from segmentd.cli.output import print_json, print_table

if TYPE_CHECKING:
    from segmentd.client import Change


def print_changes(changes: Sequence[Change], *, dry_run: bool, json: bool) -> None:
    """Print each resource with what was done to it."""
    if json:
        print_json({"dry_run": dry_run, "changes": changes})
        return
    rows = [(change.id, action_name(change, dry_run=dry_run), details(change)) for change in changes]
    print_table(("definition", "action", "details"), rows)
    if dry_run:
        typer.echo("nothing was stored; leave out --dry-run to apply this")


def details(change: Change) -> str:
    """The fields that an update changes, and whether a dry run could check everything."""
    fields = ", ".join(change.fields)
    return f"{fields} (needs others of this file, so not checked completely)".strip() if change.waits_for else fields


def action_name(change: Change, *, dry_run: bool) -> str:
    """What was done, or would be."""
    return f"would be {change.action}" if dry_run and change.action != "unchanged" else change.action
