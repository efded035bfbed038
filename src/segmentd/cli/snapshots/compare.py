"""`segmentd ledger snapshot compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.output import JsonFlag, print_json, print_table

if TYPE_CHECKING:
    from segmentd.client.snapshots import Comparison


@connected
def compare(
    connection: Connection,
    snapshot: Annotated[str, typer.Argument(help="The snapshot's id.")],
    other: Annotated[str, typer.Argument(help="A later snapshot's id; none: compare with now.")] = "",
    segment: Annotated[list[str] | None, typer.Option("--segment", help="Only this segment; may be repeated.")] = None,
    ids: Annotated[bool, typer.Option("--ids", help="Print who came and who went, too.")] = False,
    json: JsonFlag = False,
) -> None:
    """Tell who came to and who went from each segment since a snapshot was taken."""
    from segmentd.client.snapshots import Comparison, SegmentChanges

    changes: list[SegmentChanges] = []
    with connection.open() as client:
        for page in client.compare_snapshots(snapshot, other, segments=segment or (), counts_only=not ids):
            if isinstance(page, Comparison):
                compared = page
            else:
                changes.append(page)
    if json:
        print_json({"comparison": compared, "changes": changes})
        return
    print_numbers(compared)
    for page in changes:
        for sign, who in (("+", page.came), ("-", page.went)):
            for id_ in who:
                typer.echo(f"{page.segment}\t{sign}\t{id_}")


def print_numbers(compared: Comparison) -> None:
    """Print the numbers, a line a segment."""
    rows = [
        (
            f"{each.segment}{' (changed)' if each.expression_changed else ''}",
            f"{each.stayed:,}",
            f"{each.came:,}",
            f"{each.new:,}",
            f"{each.went:,}",
            f"{each.gone:,}",
        )
        for each in compared.segments
    ]
    print_table(("segment", "stayed>", "came>", "of them new>", "went>", "of them gone>"), rows)
    if compared.left_out:
        typer.echo(f"only one of the two has {', '.join(compared.left_out)}")
