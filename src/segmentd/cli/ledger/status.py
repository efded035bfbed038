"""`segmentd ledger status`."""

from __future__ import annotations

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_fields, print_json


@connected
def status(connection: Connection, json: JsonFlag = False) -> None:
    """Show the ledger that --ledger names: its terms, its versions, how many customers it has."""
    with connection.open() as client:
        ledger = client.get_ledger()
    if json:
        print_json(ledger)
        return
    print_fields(
        (
            ("ledger", ledger.id),
            ("name", ledger.display_name),
            ("currency", ledger.currency_code),
            ("time zone", ledger.time_zone),
            ("catalogue version", f"{ledger.catalogue_version:,}"),
            ("data version", f"{ledger.data_version:,}"),
            ("customers", f"{ledger.customer_count:,}"),
        )
    )
