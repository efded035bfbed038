"""Which contests are held: the telling ones, and all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from benchmarks.comparison import Pace
from benchmarks.contenders.contender import Form, Question
from benchmarks.contests import Contest
from benchmarks.scenarios import SCENARIOS

BOTH: Final = (Form.NATIVE, Form.PREPARED)
COUNTS: Final = (Question.COUNTS,)
PLANES: Final = (Question.PLANES,)
COUNTS_AND_PLANES: Final = (Question.COUNTS, Question.PLANES)
COUNTS_AND_PAGES: Final = (Question.COUNTS, Question.PAGES)

FAST: Final = Pace(15, 3.0)
SLOW: Final = Pace(5, 10.0)

TELLING: Final = (
    Contest("bank", 4_000_000, COUNTS_AND_PLANES, FAST, BOTH, raw=True),
    Contest("nulls", 1_000_000, PLANES, FAST),
    Contest("text", 1_000_000, PLANES, FAST),
    Contest("money", 1_000_000, PLANES, FAST),
    Contest("nested", 1_000_000, PLANES, FAST),
    Contest("wide", 1_000_000, COUNTS, FAST),
    Contest("campaign", 10_000, COUNTS_AND_PLANES, FAST),
    Contest("platform", 10_000_000, COUNTS_AND_PAGES, SLOW, peers=("Polars",)),
)
"""At ten million customers and a thousand segments only the best peer, the others of which take tens of seconds."""

ALL_ROWS: Final = (10_000, 1_000_000, 10_000_000)
MAX_PLANE_BYTES: Final = 256 << 20
"""Planes beyond that are asked for in pages."""


def everything() -> tuple[Contest, ...]:
    """Every scenario at every number of rows, native and prepared; and the telling ones that are not among these."""
    plans = tuple(_plan(scenario, rows) for scenario in SCENARIOS for rows in ALL_ROWS)
    return (TELLING[0], *plans)


def resized(contests: tuple[Contest, ...], rows: int | None, rounds: int | None) -> tuple[Contest, ...]:
    """The same contests with other numbers of customers or fewer rounds, for a quick look."""
    return tuple(
        replace(
            each,
            rows=each.rows if rows is None else rows,
            pace=each.pace if rounds is None else Pace(min(rounds, each.pace.rounds), each.pace.budget_s),
        )
        for each in contests
    )


def _plan(scenario: str, rows: int) -> Contest:
    segments = len(SCENARIOS[scenario]().segments)
    questions = COUNTS_AND_PLANES if rows * segments // 8 <= MAX_PLANE_BYTES else COUNTS_AND_PAGES
    return Contest(scenario, rows, questions, FAST if rows <= ALL_ROWS[1] else SLOW, BOTH, raw=scenario == "bank")
