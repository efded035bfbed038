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
    """Generate a bank, start a server, define its segments, evaluate them, and show what came out."""
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
            share(line.members, result.customers),
            f"{line.unknown:,}",
            f"{line.balance:,}",
        )
        for line in result.segments
    ]
    columns = ("segment", "name?", "members>", "share>", "unknown>", f"balance {result.currency}>")
    typer.echo()
    print_table(columns, rows)
    segments = len(result.segments)
    typer.echo(f"resident customers: {result.evaluated_per_s:,.0f} a second, {segments} segments each, over gRPC")
    typer.echo(f"feature batches:    {result.scored_per_s:,.0f} a second, {segments} segments each, over gRPC")
    for process, mebibytes in result.peak_memory_mib.items():
        if mebibytes is not None:
            typer.echo(f"peak memory of the {process}: {mebibytes:,} MiB")


def print_next_steps(keep: Path | None, as_of: str) -> None:
    """Print the commands to go on with; the bank is seen as of one moment."""
    segmentd, place = program_name(), keep or Path("bank")
    files = f"{place}/bank.parquet --segments {place}/segments.yaml"
    commands = [
        f"{segmentd} evaluate {files} --as-of {as_of} --members members.parquet",
        f"{segmentd} explain-plan {place}/segments.yaml --population {place}/bank.parquet",
        f"{segmentd} serve --population {place}/bank.parquet --data-dir {place}/data &",
        f"{segmentd} segments list",
    ]
    if keep is None:
        commands.insert(0, f"{segmentd} demo --keep {place}")
    typer.echo("\nGo on with")
    for command in commands:
        typer.echo(f"  {command}")
