"""`segmentd attributes list`."""

from __future__ import annotations

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_json, print_table


@connected
def list_all(connection: Connection, json: JsonFlag = False) -> None:
    """List the attributes of a ledger."""
    from segmentd.cli.attributes.described import as_json, describe_definition

    with connection.open() as client:
        attributes = client.list_attributes()
    if json:
        print_json([as_json(found) for found in attributes])
        return
    rows = [
        (found.id, str(found.type), "required" if found.required else "nullable", describe_definition(found))
        for found in attributes
    ]
    print_table(("attribute", "type", "values", "definition"), rows)
