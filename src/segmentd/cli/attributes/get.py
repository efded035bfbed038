"""`segmentd attributes get`."""

from __future__ import annotations

from typing import Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, as_plain, print_fields, print_json


@connected
def get(
    connection: Connection,
    attribute: Annotated[str, typer.Argument(help="The attribute's id, such as customer.income.")],
    json: JsonFlag = False,
) -> None:
    """Show one attribute."""
    from segmentd.cli.attributes.described import as_json, describe_aggregate

    with connection.open() as client:
        found = client.get_attribute(attribute)
    if json:
        print_json(as_json(found))
        return
    print_fields(
        [
            ("attribute", found.id),
            ("name", found.display_name),
            ("description", found.description),
            ("type", str(found.type)),
            ("values", "required" if found.required else "nullable"),
            ("default", "" if found.default is None else str(as_plain(found.default))),
            ("expression", found.expression),
            ("aggregate", describe_aggregate(found)),
            ("created", found.create_time.isoformat()),
            ("updated", found.update_time.isoformat()),
            ("etag", found.etag),
        ]
    )
