"""`segmentd score`: features of a file, or residents whose ids a file has, against a server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.options import AccountsFlag, AsOfOption, MembersOption, SegmentsOption, existing
from segmentd.cli.outcome import Outcome, SegmentCount, print_outcome, tell_absent
from segmentd.cli.output import JsonFlag, counted
from segmentd.cli.progress import Report, progress

if TYPE_CHECKING:
    from datetime import datetime

    from segmentd.cli.members import MembersFile
    from segmentd.client import Client, ScoreResult, SegmentdCallError
    from segmentd.schema import Subject

BATCH_ROWS = 65_536
"""Rows a message: some megabytes, far below what servers accept."""


@connected
def score(
    connection: Connection,
    file: Annotated[
        Path, typer.Argument(callback=existing, metavar="FILE", help="Features, or ids: Parquet, CSV or Arrow.")
    ],
    segments: SegmentsOption = None,
    id_column: Annotated[
        str,
        typer.Option(
            "--id",
            metavar="COLUMN",
            help="The column of the ids. [default: customer_id; of accounts account_id]",
            show_default=False,
        ),
    ] = "",
    accounts: AccountsFlag = False,
    residents: Annotated[
        bool, typer.Option("--residents", help="Ask about those whom the ledger holds, by their ids alone.")
    ] = False,
    as_of: AsOfOption = "",
    members: MembersOption = None,
    json: JsonFlag = False,
) -> None:
    """Score a file on a server: how many customers, or accounts, are in which segment, and who."""
    from segmentd.cli.features import read_features, read_ids
    from segmentd.cli.members import check_ending, open_members
    from segmentd.cli.moments import parse_moment
    from segmentd.schema import Subject

    check_ending(members)
    subject = Subject.ACCOUNT if accounts else Subject.CUSTOMER
    id_column = id_column or f"{subject}_id"
    with connection.open() as client, open_members(members, subject) as output, progress("scoring") as report:
        started = perf_counter()
        asked: Asked = {
            "segments": segments or (),
            "form": "arrow" if output else "counts",
            "now": parse_moment(as_of, client.get_ledger().time_zone) if as_of else None,
            "subject": subject,
        }
        answers: Iterable[ScoreResult | SegmentdCallError]
        if residents:
            given = read_ids(file, id_column)
            answers = score_ids(client, given, asked)
        else:
            given = read_features(file, id_column, client, subject)
            batches = given.to_batches(max_chunksize=BATCH_ROWS)
            answers = client.stream_scores(batches, id_column=id_column, **asked)
        seen = Seen()
        counts = add_up(watched(answers, len(given), report, seen), output)
    if not counts and len(given):
        typer.echo("no active segments; `segmentd segments apply FILE` adds some", err=True)
    seen.tell(subject)
    print_outcome(Outcome(len(given), counts, perf_counter() - started, subject), json=json)


class Asked(TypedDict):
    """What is asked of every batch."""

    segments: Sequence[str]
    form: str
    now: datetime | None
    subject: Subject


@dataclass(slots=True)
class Seen:
    """What answers say beside verdicts: what was read and not given, and how many ids the ledger lacks."""

    absent: dict[str, None] = field(default_factory=dict)
    lacking: int = 0

    def note(self, answer: ScoreResult) -> None:
        """Take in an answer."""
        self.absent.update(dict.fromkeys(answer.basis.absent_attributes))
        self.lacking += len(answer.missing_rows)

    def tell(self, subject: Subject) -> None:
        """Say it, on stderr."""
        tell_absent(self.absent)
        if self.lacking:
            typer.echo(f"the ledger lacks {counted(self.lacking, subject.value)} of the file", err=True)


def score_ids(client: Client, ids: Any, asked: Asked) -> Iterator[ScoreResult]:
    """The answers about residents, as many at a time as of features."""
    for first in range(0, len(ids), BATCH_ROWS):
        yield client.score(ids=ids.slice(first, BATCH_ROWS).to_pylist(), **asked)


def watched(
    answers: Iterable[ScoreResult | SegmentdCallError], rows: int, report: Report, seen: Seen
) -> Iterator[ScoreResult]:
    """The answers, reporting how many of the rows they are for. Raises the first that is an error."""
    done = 0
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
        done += answer.memberships.row_count
        seen.note(answer)
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
