"""`segmentd attributes apply`."""

from __future__ import annotations

from dataclasses import replace

from segmentd.cli.changes import print_changes
from segmentd.cli.connection import Connection, connected
from segmentd.cli.options import DefinitionFile, DryRunFlag
from segmentd.cli.output import JsonFlag


@connected
def apply_file(
    connection: Connection, file: DefinitionFile, dry_run: DryRunFlag = False, json: JsonFlag = False
) -> None:
    """Create or update the attributes of a file, and say what changed. Others, and segments, are left alone.

    All are checked, against the ledger's own too, before the first is stored.
    """
    from segmentd.cli.applying import check_within, noting_what_is_applied
    from segmentd.cli.wanted import wanted_attributes
    from segmentd.segments.definitions import load_definitions

    definitions = load_definitions(file)
    with connection.open() as client:
        currency = check_within(client, replace(definitions, segments=()))
        wanted = wanted_attributes(definitions, currency)
        with noting_what_is_applied(client, wanted, {}, dry_run=dry_run):
            changes = client.apply_attributes(wanted, dry_run=dry_run)
    print_changes(changes, dry_run=dry_run, json=json)
