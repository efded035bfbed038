"""`segmentd attributes apply`."""

from __future__ import annotations

from segmentd.cli.changes import print_changes
from segmentd.cli.connection import Connection, connected
from segmentd.cli.options import DefinitionFile, DryRunFlag
from segmentd.cli.output import JsonFlag


@connected
def apply_file(
    connection: Connection, file: DefinitionFile, dry_run: DryRunFlag = False, json: JsonFlag = False
) -> None:
    """Create or update the attributes of a file, and say what changed. Others, and segments, are left alone."""
    from segmentd.cli.wanted import wanted_attributes
    from segmentd.segments.definitions import load_definitions

    definitions = load_definitions(file)
    with connection.open() as client:
        changes = client.apply_attributes(wanted_attributes(definitions), dry_run=dry_run)
    print_changes(changes, dry_run=dry_run, json=json)
