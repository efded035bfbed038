"""`segmentd score`: features of a file against a server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.options import AsOfOption, MembersOption, SegmentsOption, existing
from segmentd.cli.outcome import Outcome, SegmentCount, print_outcome
from segmentd.cli.output import JsonFlag
from segmentd.cli.progress import Report, progress

if TYPE_CHECKING:
    from segmentd.cli.members import MembersFile
    from segmentd.client import ScoreResult, SegmentdCallError

BATCH_ROWS = 65_536
"""Rows a message: some megabytes, far below what servers accept."""


@connected
def score(
    connection: Connection,
    file: Annotated[Path, typer.Argument(callback=existing, metavar="FILE", help="Features: Parquet, CSV or Arrow.")],
    segments: SegmentsOption = None,
    id_column: Annotated[str, typer.Option("--id", metavar="COLUMN", help="The column of the ids.")] = "customer_id",
    as_of: AsOfOption = "",
    members: MembersOption = None,
    json: JsonFlag = False,
) -> None:
    """Score a file of features on a server: how many customers are in which segment, and who."""
    from segmentd.cli.features import read_features
    from segmentd.cli.members import check_ending, open_members
    from segmentd.cli.moments import parse_moment

    check_ending(members)
    with connection.open() as client, open_members(members) as output, progress("scoring") as report:
        started = perf_counter()
        table = read_features(file, id_column, client)
        answers = client.stream_scores(
            table.to_batches(max_chunksize=BATCH_ROWS),
            segments=segments or (),
            form="arrow" if output else "counts",
            now=parse_moment(as_of, client.get_ledger().time_zone) if as_of else None,
            id_column=id_column,
        )
        counts = add_up(watched(answers, table.num_rows, report), output)
    if not counts:
        typer.echo("no active segments; `segmentd segments apply FILE` adds some", err=True)
    print_outcome(Outcome(table.num_rows, counts, perf_counter() - started), json=json)


def watched(answers: Iterable[ScoreResult | SegmentdCallError], rows: int, report: Report) -> Iterator[ScoreResult]:
    """The answers, reporting how many of the rows they are for. Raises the first that is an error."""
    done = 0
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
        done += answer.memberships.row_count
        report(done, rows)
        yield answer


def add_up(answers: Iterable[ScoreResult], output: MembersFile | None) -> dict[str, SegmentCount]:
    """The counts over all answers; the members go to the output, if there is one."""
    members: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for answer in answers:
        for segment, count in answer.counts.items():
            members[segment] += count.members
            unknown[segment] += count.unknown
        if output is not None:
            output.write_all(answer.to_arrow())
    return {segment: SegmentCount(members[segment], unknown[segment]) for segment in members}
