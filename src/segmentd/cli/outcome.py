"""How many are in each segment, as `evaluate` and `score` print it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import typer

from segmentd.cli.output import counted, print_json, print_table, share
from segmentd.schema import Subject


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """How many are in a segment, and for how many that is unknown."""

    members: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The counts by segment over so many rows, and how long it took, reading included."""

    rows: int
    counts: Mapping[str, SegmentCount]
    elapsed_s: float
    subject: Subject = Subject.CUSTOMER


def tell_absent(absent: Collection[str]) -> None:
    """Say what was read and not given: look there first if everything is unknown."""
    if absent:
        typer.echo(f"read, but not given, so missing or unknown everywhere: {', '.join(absent)}", err=True)


def print_outcome(outcome: Outcome, *, json: bool) -> None:
    """Print the counts as a table or as JSON."""
    if json:
        segments = [
            {"id": segment, "members": count.members, "unknown": count.unknown}
            for segment, count in outcome.counts.items()
        ]
        print_json({"rows": outcome.rows, "segments": segments, "elapsed_s": round(outcome.elapsed_s, 6)})
        return
    rows = [
        (segment, f"{count.members:,}", share(count.members, outcome.rows), f"{count.unknown:,}")
        for segment, count in outcome.counts.items()
    ]
    print_table(("segment", "members>", "share>", "unknown>"), rows)
    typer.echo(
        f"{counted(outcome.rows, outcome.subject.value)}, {counted(len(rows), 'segment')}, {outcome.elapsed_s:.2f} s"
    )
