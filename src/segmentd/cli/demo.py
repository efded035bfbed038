"""`segmentd demo`: from nothing to scored segments, to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from segmentd.cli.invocation import program_name
from segmentd.cli.output import JsonFlag, print_json, print_table, share

if TYPE_CHECKING:
    from segmentd.cli.demonstration import Demonstration


def demo(
    customers: Annotated[int, typer.Option(min=1, max=20_000_000, help="How many customers the bank has.")] = 1_000_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bank.")] = 1,
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep", metavar="DIR", file_okay=False, help="Keep the bank and its definitions.", show_default=False
        ),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Generate a bank, start a server, load the bank into a ledger, evaluate its segments, and show what came out."""
    from segmentd.cli.demonstration import demonstrate
    from segmentd.cli.timing import Steps

    with directory(keep) as place:
        result = demonstrate(place, customers, seed, Steps(quiet=json))
    if json:
        print_json(result)
        return
    print_result(result)
    print_next_steps(keep, result.as_of.isoformat())


@contextmanager
def directory(keep: Path | None) -> Iterator[Path]:
    """The directory to work in: the one to keep, made if it is lacking, or one that goes away afterwards."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with TemporaryDirectory(prefix="segmentd-demo-") as temporary:
        yield Path(temporary)


def print_result(result: Demonstration) -> None:
    """Print the segments, and what it took."""
    rows = [
        (
            line.id,
            line.name,
            f"{line.members:,}",
            share(line.members, result.records[line.subject]),
            f"{line.unknown:,}",
            f"{line.accounts:,}",
            f"{line.balance:,}",
        )
        for line in result.segments
    ]
    columns = ("segment", "name?", "members>", "share>", "unknown>", "accounts>", f"balance {result.currency}>")
    typer.echo()
    print_table(columns, rows)
    records, news = sum(result.records.values()), result.news
    typer.echo(f"records:   {records:,} written, {result.loaded_per_s:,.0f} a second, each on disk")
    typer.echo(f"customers: {result.evaluated_per_s:,.0f} a second, {len(result.segments)} segments each, over gRPC")
    typer.echo(
        f"news:      {news.transactions:,} transactions on disk after {1e3 * news.written_s:,.0f} ms; the next answer, "
        f"{1e3 * news.evaluated_s:,.0f} ms later, has {news.after:,} customers in {news.segment}, not {news.before:,}"
    )
    for process, mebibytes in result.peak_memory_mib.items():
        if mebibytes is not None:
            typer.echo(f"peak memory of the {process}: {mebibytes:,} MiB")


def print_next_steps(keep: Path | None, as_of: str) -> None:
    """Print the commands to go on with; the bank is seen as of one moment."""
    segmentd, place = program_name(), keep or Path("bank")
    commands = [
        f"{segmentd} serve --data-dir {place}/data &",
        f"{segmentd} ledger status",
        f"{segmentd} segments list",
        f"{segmentd} balances --by kind,institution --as-of {as_of}",
        f"{segmentd} ledger snapshot create today --as-of {as_of}",
    ]
    if keep is None:
        commands.insert(0, f"{segmentd} demo --keep {place}")
    typer.echo("\nGo on with")
    for command in commands:
        typer.echo(f"  {command}")
