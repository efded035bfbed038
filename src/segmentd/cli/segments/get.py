"""`segmentd segments get`."""

from __future__ import annotations

from typing import Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_fields, print_json


@connected
def get(
    connection: Connection,
    segment: Annotated[str, typer.Argument(help="The segment's id.")],
    json: JsonFlag = False,
) -> None:
    """Show one segment."""
    with connection.open() as client:
        found = client.get_segment(segment)
    if json:
        print_json(found)
        return
    definition = found.definition
    benefits = "\n".join(
        f"{benefit.id}: {benefit.display_name or benefit.description}" for benefit in definition.benefits
    )
    print_fields(
        [
            ("segment", found.id),
            ("name", definition.display_name),
            ("description", definition.description),
            ("subject", definition.subject),
            ("expression", definition.expression),
            ("benefits", benefits),
            ("labels", "\n".join(f"{key}={value}" for key, value in definition.labels.items())),
            ("state", "active" if definition.active else "inactive"),
            ("created", found.create_time.isoformat()),
            ("updated", found.update_time.isoformat()),
            ("etag", found.etag),
        ]
    )
