"""Evaluation without a server: segments over a population in this process, window by window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from segmentd.cli.outcome import SegmentCount
from segmentd.engine import Engine, Evaluation
from segmentd.engine.members.extraction import take_texts

if TYPE_CHECKING:
    from segmentd.cli.members import MembersFile
    from segmentd.cli.progress import Report
    from segmentd.columns.column import Batch
    from segmentd.plan import Program

WINDOW_ROWS = 262_144
"""Rows evaluated at a time, a multiple of 64: a bit each of 1,000 segments is 32 MiB."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The counts of segments, and what they read that the population lacks: it was missing, or unknown, everywhere."""

    counts: Mapping[str, SegmentCount]
    absent: tuple[str, ...]


def evaluate_windows(
    program: Program, batch: Batch, now_us: int, output: MembersFile | None, report: Report
) -> Evaluated:
    """The counts of the program's segments over all rows; the members go to the output, if there is one."""
    members = np.zeros(len(program.segments), np.int64)
    unknown = np.zeros(len(program.segments), np.int64)
    with Engine() as engine:
        bound = engine.bind(program, batch, now_us)
        for start in range(0, batch.rows, WINDOW_ROWS):
            stop = min(start + WINDOW_ROWS, batch.rows)
            found = engine.run(bound, start, stop, planes=output is not None)
            members += found.member_counts
            unknown += found.unknown_counts
            if output is not None and batch.ids is not None:
                write_members(program, found, batch.ids.slice(start, stop - start), output)
            report(stop, batch.rows)
    counts = zip(program.segments, members.tolist(), unknown.tolist(), strict=True)
    return Evaluated({segment: SegmentCount(in_it, not_known) for segment, in_it, not_known in counts}, bound.absent)


def write_members(program: Program, found: Evaluation, ids: pa.Array, output: MembersFile) -> None:
    """Write the ids of a window's members, segment by segment."""
    if found.members is None:
        return
    for segment, plane in zip(program.segments, found.members, strict=True):
        output.write(take_texts(plane, ids), segment)
