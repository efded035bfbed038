"""`segmentd segments apply`."""

from __future__ import annotations

from segmentd.cli.changes import print_changes
from segmentd.cli.connection import Connection, connected
from segmentd.cli.options import DefinitionFile, DryRunFlag
from segmentd.cli.output import JsonFlag


@connected
def apply_file(
    connection: Connection, file: DefinitionFile, dry_run: DryRunFlag = False, json: JsonFlag = False
) -> None:
    """Create or update the attributes and segments of a file, and say what changed. Others are left alone.

    All are checked, against the ledger's own too, before the first is stored.
    """
    from segmentd.cli.applying import check_within, noting_what_is_applied
    from segmentd.cli.wanted import wanted_attributes, wanted_segments
    from segmentd.segments.definitions import load_definitions

    definitions = load_definitions(file)
    with connection.open() as client:
        currency = check_within(client, definitions)
        wanted = wanted_attributes(definitions, currency), wanted_segments(definitions)
        with noting_what_is_applied(client, *wanted, dry_run=dry_run):
            attributes = client.apply_attributes(wanted[0], dry_run=dry_run)
            new = [change.id for change in attributes if change.action == "created"]
            segments = client.apply_segments(wanted[1], dry_run=dry_run, assumed=new)
    print_changes([*attributes, *segments], dry_run=dry_run, json=json)
