"""Who is in one segment: row numbers, integer ids and text ids, beside Polars that filters and selects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from benchmarks.comparison import WrongAnswerError, ratio_of
from benchmarks.contenders.resident import ResidentEngine
from benchmarks.dialects.arrays import expected_verdicts
from benchmarks.dialects.frames import Frames
from benchmarks.rounds import Spread, take_turns
from benchmarks.rules import Comparison, Condition, Every, Segment
from benchmarks.scenario import Scenario
from benchmarks.scenarios.bank import COLUMNS
from benchmarks.targets.judged import in_ms
from benchmarks.wire.figures import Figure, Target
from segmentd.columns.planes import unpack
from segmentd.engine import PlaneBuffers
from segmentd.engine.members import extraction

ROUNDS: Final = 15
SEED: Final = 2029
QUARTER: Final = Segment(
    "quarter",
    Every(
        (
            Condition("income", Comparison.AT_LEAST, 2_000.0),
            Condition("riskScore", Comparison.LESS, 0.35),
            Condition("tenureMonths", Comparison.GREATER, 149),
        )
    ),
)
"""A rule that about a quarter of the customers fulfils."""

TARGETS: Final = {"row numbers": Target("≥", 3), "integer ids": Target("≥", 3), "text ids, Arrow": Target("≥", 1)}


def measure(rows: int, threads: int, progress: Console) -> Iterator[Figure]:
    """The three kinds of ids, evaluation included on both sides. Raises WrongAnswerError."""
    progress.print(f"members of one segment of {rows:,} customers")
    scenario = Scenario("members", COLUMNS, (QUARTER,), SEED)
    population = scenario.draw(rows)
    ids = np.arange(rows, dtype=np.int64) * 7 + 1_000
    texts = pc.utf8_lpad(pa.array(ids).cast(pa.string()), 12, "0")
    plane = expected_verdicts(scenario.segments, population).members[0]
    members = np.flatnonzero(unpack(plane, rows))
    expected = {
        "row numbers": members,
        "integer ids": ids[members],
        "text ids, Arrow": texts.take(pa.array(members)),
    }
    frame = pl.DataFrame(population.to_arrow()).with_columns(id=ids, text=pl.Series(texts)).with_row_index("row")
    with closing(ResidentEngine(scenario, population, threads)) as engine:
        ours, theirs = _ours(engine, ids, texts), _theirs(frame.rechunk())
        for kind, target in TARGETS.items():
            _check(kind, ours[kind](), theirs[kind].values(), expected[kind])
            yield _compare(kind, ours[kind], theirs[kind], len(members), target)


def _ours(engine: ResidentEngine, ids: Any, texts: pa.StringArray) -> Mapping[str, Callable[[], Any]]:
    buffers = PlaneBuffers(1, engine.batch.rows)

    def plane() -> Any:
        bound = engine.engine.bind(engine.program, engine.batch, 0)
        found = engine.engine.run(bound, 0, bound.rows, planes=True, into=buffers).members
        assert found is not None
        return found[0]

    run = engine.engine.run_tasks
    return {
        "row numbers": lambda: extraction.rows_of(plane(), run=run),
        "integer ids": lambda: extraction.take_numbers(plane(), ids, run=run),
        "text ids, Arrow": lambda: extraction.take_texts(plane(), texts, run=run),
    }


def _theirs(frame: pl.DataFrame) -> Mapping[str, Mapping[str, Callable[[], Any]]]:
    """Both engines of Polars; text leaves it as Arrow, since that is what ours gives."""
    rule = Frames(frame.schema, frozenset()).expression(QUARTER.rule, {})

    def ways(column: str, read: Callable[[pl.DataFrame], Any]) -> Mapping[str, Callable[[], Any]]:
        query = frame.lazy().filter(rule).select(column)
        return {
            "in-memory": lambda: read(query.collect(engine="in-memory")),
            "streaming": lambda: read(query.collect(engine="streaming")),
        }

    return {
        "row numbers": ways("row", lambda found: found["row"]),
        "integer ids": ways("id", lambda found: found["id"]),
        "text ids, Arrow": ways("text", lambda found: found["text"].to_arrow()),
    }


def _check(kind: str, ours: Any, theirs: Any, expected: Any) -> None:
    for name, found in (("segmentd", ours), *(("Polars", ask()) for ask in theirs)):
        same = (
            pa.array(found).cast(pa.string()).equals(pa.array(expected))
            if isinstance(expected, pa.Array)
            else np.array_equal(np.asarray(found), expected)
        )
        if not same:
            raise WrongAnswerError(f"{name}, {kind}: wrong members")


def _compare(
    kind: str, ours: Callable[[], Any], theirs: Mapping[str, Callable[[], Any]], members: int, target: Target
) -> Figure:
    taken = take_turns({"ours": ours} | dict(theirs), ROUNDS)
    best = min(theirs, key=lambda way: float(np.median(taken[way])))
    return Figure(
        f"{members:,} members of one segment: {kind}",
        "ms",
        in_ms(Spread.of(taken["ours"])),
        ratio_of(taken[best], taken["ours"]),
        "×",
        peer=f"Polars, {best}",
        theirs=in_ms(Spread.of(taken[best])),
        target=target,
    )
