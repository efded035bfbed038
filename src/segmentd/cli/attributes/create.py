"""`segmentd attributes create`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.options import DryRunFlag
from segmentd.cli.output import JsonFlag, print_json


@connected
def create(
    connection: Connection,
    attribute: Annotated[str, typer.Argument(help="The attribute's id, such as customer.isGlobetrotter.")],
    type: Annotated[  # noqa: A002 - the option's name
        str,
        typer.Option("--type", help='Such as BOOL, "DECIMAL(2, EUR)" or LIST; of an expression or aggregate, its own.'),
    ] = "",
    expression: Annotated[str, typer.Option(help="CEL, for a computed attribute.", show_default=False)] = "",
    aggregate: Annotated[
        str,
        typer.Option(
            help="YAML as in a definitions file, for an aggregated attribute: "
            "'{source: transactions, function: sum, measure: amount, window: {trailing_days: 90}}'.",
            show_default=False,
        ),
    ] = "",
    required: Annotated[bool, typer.Option("--required", help="Never missing; needs a default.")] = False,
    default: Annotated[
        str | None, typer.Option(help="For customers without a value; decimals in major units.", show_default=False)
    ] = None,
    name: Annotated[str, typer.Option(help="For people.", show_default=False)] = "",
    description: Annotated[str, typer.Option(help="For people.", show_default=False)] = "",
    dry_run: DryRunFlag = False,
    json: JsonFlag = False,
) -> None:
    """Add an attribute to a running service; it is missing everywhere until told."""
    from segmentd.cli.attributes.described import as_json
    from segmentd.cli.attributes.values import parse_declared, parse_default, parse_type
    from segmentd.client import AttributeDefinition

    data_type = parse_type(type)
    value = parse_default(default, data_type)
    definition = AttributeDefinition(data_type, required, expression, value, name, description)
    declared = parse_declared(aggregate, attribute)
    with connection.open() as client:
        if declared is not None:
            definition = replace(definition, aggregate=declared.in_currency(client.get_ledger().currency_code))
        created = client.create_attribute(attribute, definition, validate_only=dry_run)
    if json:
        print_json(as_json(created))
        return
    typer.echo(f"{created.id}: {'would be created' if dry_run else 'created'}, {created.type}")
