"""Targets on contests: how many times our time the best peer takes, and what our columns take in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.comparison import Comparison, Peer
from benchmarks.contenders.contender import Form, Question
from benchmarks.contests import Kept, Outcome
from benchmarks.rounds import Spread
from benchmarks.wire.figures import Figure, Target

OURS: Final = "segmentd"
TIMES_FIVE: Final = Target("≥", 5)
PLATFORM_ROWS: Final = 10_000_000


def judge(outcomes: Sequence[Outcome]) -> list[Figure]:
    """The figures with targets in what was measured."""
    figures: list[Figure] = []
    for outcome in outcomes:
        for comparison in outcome.comparisons:
            figures += _judge(comparison)
        if outcome.kept is not None and outcome.kept.scenario in ("bank", "platform"):
            figures.append(_memory(outcome.kept))
    return figures


def _judge(comparison: Comparison) -> Iterator[Figure]:
    native, prepared = comparison.best(Form.NATIVE), comparison.best(Form.PREPARED)
    scenario, is_counts = comparison.scenario.name, comparison.question is Question.COUNTS
    if native is None:
        return
    if comparison.ours.name != OURS:
        if not is_counts:
            yield _beside(comparison, native, "columns arriving raw, best peer", Target("≥", 2))
    elif scenario == "bank" and not is_counts:
        yield _beside(comparison, native, "native, best peer", Target("≥", 10))
        if duckdb := comparison.peer("DuckDB"):
            yield _beside(comparison, duckdb, "native, DuckDB", Target("≥", 100))
        if prepared is not None:
            yield _beside(comparison, prepared, "equally prepared, best peer", Target("≥", 4))
    elif scenario == "platform" and comparison.rows >= PLATFORM_ROWS:
        yield _beside(comparison, native, "native, best peer", Target("≥", 10))
    elif scenario in ("text", "nulls", "money", "nested") and not is_counts:
        yield _beside(comparison, native, "native, best peer", TIMES_FIVE)


def _beside(comparison: Comparison, peer: Peer, what: str, target: Target) -> Figure:
    return Figure(
        f"{comparison.name}, {comparison.rows:,}: {what}",
        "ms",
        in_ms(comparison.ours.seconds),
        peer.ratio,
        "×",
        peer=peer.measured.name,
        theirs=in_ms(peer.measured.seconds),
        target=target,
    )


def _memory(kept: Kept) -> Figure:
    ratio = (kept.raw_bytes + kept.code_bytes) / kept.raw_bytes
    megabytes = (kept.raw_bytes + kept.code_bytes) / 1e6
    return Figure(
        f"{kept.scenario}, {kept.rows:,}: resident columns with their codes",
        "MB",
        Spread(megabytes, megabytes, megabytes),
        Spread(ratio, ratio, ratio),
        "×",
        peer="the raw columns",
        theirs=Spread(kept.raw_bytes / 1e6, kept.raw_bytes / 1e6, kept.raw_bytes / 1e6),
        target=Target("≤", 1.3),
    )


def in_ms(seconds: Spread) -> Spread:
    """The spread in milliseconds."""
    return Spread(*(1e3 * each for each in (seconds.median, seconds.low, seconds.high)))
