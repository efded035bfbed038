"""`segmentd evaluate`: segments over a population in a file, without a server."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from segmentd.cli.options import AccountsFlag, AsOfOption, IdOption, MembersOption, existing
from segmentd.cli.outcome import Outcome, print_outcome, tell_absent
from segmentd.cli.output import JsonFlag


def evaluate(
    population: Annotated[
        Path,
        typer.Argument(callback=existing, metavar="POPULATION", help="Customers, or accounts: Parquet, CSV or Arrow."),
    ],
    segments: Annotated[
        Path,
        typer.Option("--segments", callback=existing, metavar="FILE", help="Definitions, in YAML."),
    ],
    id_column: IdOption = None,
    accounts: AccountsFlag = False,
    as_of: AsOfOption = "",
    members: MembersOption = None,
    json: JsonFlag = False,
) -> None:
    """Count the members of each segment, and those for whom it is unknown."""
    from segmentd.cli import offline
    from segmentd.cli.local import evaluate_windows
    from segmentd.cli.members import check_ending, open_members
    from segmentd.cli.moments import parse_now
    from segmentd.cli.progress import progress
    from segmentd.schema import Subject

    started = perf_counter()
    check_ending(members)
    subject = Subject.ACCOUNT if accounts else Subject.CUSTOMER
    prepared = offline.prepare(population, segments, id_column, subject)
    now_us = parse_now(as_of, prepared.time_zone)
    with open_members(members, subject) as output, progress("evaluating") as report:
        found = evaluate_windows(prepared.program, prepared.batch, now_us, output, report)
    if not found.counts:
        typer.echo(f"{segments} has no active segments of {subject}s", err=True)
    tell_absent(found.absent)
    print_outcome(Outcome(prepared.batch.rows, found.counts, perf_counter() - started, subject), json=json)
