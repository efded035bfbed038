"""`segmentd ledger rules list`."""

from __future__ import annotations

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_json, print_table


@connected
def list_all(connection: Connection, json: JsonFlag = False) -> None:
    """List the rules in their order: the first that is true of a transaction gives it its category."""
    with connection.open() as client:
        found = client.get_category_rules()
    if json:
        print_json(found)
        return
    print_table(
        ("category", "expression", "description?"), [(r.category, r.expression, r.description) for r in found.rules]
    )
