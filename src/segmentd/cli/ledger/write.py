"""`segmentd ledger write`: a file of records into a ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.exits import ExitCode
from segmentd.cli.options import DryRunFlag, existing
from segmentd.cli.output import JsonFlag, counted, print_json
from segmentd.cli.progress import Report, progress

if TYPE_CHECKING:
    from segmentd.client import SegmentdCallError, WriteResult

SHOWN = 10
"""Rejected rows that are told on stderr."""

KINDS = "customer, account, transaction, balance, engagement or rate"


@connected
def write(
    connection: Connection,
    file: Annotated[Path, typer.Argument(callback=existing, metavar="FILE", help="Records: Parquet, CSV or Arrow.")],
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help=f"What the records are: {KINDS}.")],
    id_column: Annotated[str, typer.Option("--id", metavar="COLUMN", help="The column of the ids.")] = "id",
    batch_id: Annotated[
        str,
        typer.Option(
            "--batch-id", metavar="ID", help="Write the file once, however often this is run.", show_default=False
        ),
    ] = "",
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Write no batch of rows of which one is rejected.")
    ] = False,
    dry_run: DryRunFlag = False,
    json: JsonFlag = False,
) -> None:
    """Write a file of records into a ledger; what it says is written is on the server's disk."""
    from segmentd.cli.ledger.files import fields_of, read_records
    from segmentd.client.records import add_up, row_count, split
    from segmentd.facts.kinds import RecordKind

    chosen = record_kind(kind)
    with connection.open() as client, progress("writing") as report:
        started = perf_counter()
        schema = fields_of(RecordKind(chosen), client.list_attributes(), client.get_ledger().time_zone)
        table, left_out = read_records(file, RecordKind(chosen), schema, id_column)
        if left_out:
            typer.echo(f"not sent, because they are no fields of a {chosen}: {', '.join(left_out)}", err=True)
            typer.echo(f"  it has {', '.join(spec.id for spec in schema)}", err=True)
        batches = list(split(table, batch_id)) if table.num_rows else []
        answers = client.stream_records(batches, chosen, all_or_nothing=all_or_nothing, validate_only=dry_run)
        sizes = [row_count(batch) for batch in batches]
        total = add_up(batch_id, sizes, watched(answers, sizes, report))
    print_result(total, table.num_rows, perf_counter() - started, json=json)
    if total.rejected:
        raise typer.Exit(ExitCode.INPUT)


def record_kind(text: str) -> str:
    """The kind that the text names, in any case. Raises BadParameter."""
    from segmentd.client.records import RecordKind

    try:
        return RecordKind(text.lower()).value
    except ValueError:
        raise typer.BadParameter(f"--kind is {text!r}; give {KINDS}") from None


def watched(
    answers: Iterable[WriteResult | SegmentdCallError], sizes: list[int], report: Report
) -> Iterable[WriteResult | SegmentdCallError]:
    """The answers, reporting how many of the rows they are for."""
    done, total = 0, sum(sizes)
    for size, answer in zip(sizes, answers, strict=False):
        done += size
        report(done, total)
        yield answer


def print_result(result: WriteResult, rows: int, elapsed_s: float, *, json: bool) -> None:
    """Print what became of the rows; why some were rejected goes to stderr."""
    for rejected in result.rejected_rows[:SHOWN]:
        typer.echo(f"row {rejected.row}: {rejected.field}: {rejected.message}", err=True)
    if result.rejected > SHOWN:
        typer.echo(f"and {result.rejected - SHOWN:,} more rejected", err=True)
    if json:
        print_json({"rows": rows, **asdict(result), "elapsed_s": round(elapsed_s, 6)})
        return
    counts = f"{result.inserted:,} new, {result.updated:,} updated, {result.unchanged:,} unchanged"
    again = ", written before" if result.repeated else ""
    typer.echo(f"{counted(rows, 'row')}: {counts}, {result.rejected:,} rejected{again}, {elapsed_s:.2f} s")
