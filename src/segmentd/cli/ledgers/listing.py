"""`segmentd ledgers list`."""

from __future__ import annotations

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_json, print_table


@connected
def list_all(connection: Connection, json: JsonFlag = False) -> None:
    """List the ledgers of a server."""
    with connection.open() as client:
        ledgers = client.list_ledgers()
    if json:
        print_json(ledgers)
        return
    rows = [
        (found.id, found.display_name, found.currency_code, found.time_zone, f"{found.customer_count:,}")
        for found in ledgers
    ]
    print_table(("ledger", "name", "currency", "time zone", "customers>"), rows)
