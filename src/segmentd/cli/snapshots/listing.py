"""`segmentd ledger snapshot list`."""

from __future__ import annotations

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_json, print_table


@connected
def list_all(connection: Connection, json: JsonFlag = False) -> None:
    """List the snapshots of a ledger."""
    with connection.open() as client:
        found = client.list_snapshots()
    if json:
        print_json(found)
        return
    print_table(
        ("snapshot", "of", "as of", "rows>", "segments>", "data version>"),
        [
            (
                each.id,
                f"{each.subject}s",
                each.now.isoformat(timespec="seconds"),
                f"{each.rows:,}",
                f"{len(each.segments):,}",
                f"{each.data_version:,}",
            )
            for each in found
        ],
    )
