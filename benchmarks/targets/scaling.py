"""Ourselves beside ourselves: ten times the segments, and one thread beside two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Any, Final

from rich.console import Console

from benchmarks.comparison import ratio_of
from benchmarks.contenders.contender import Question
from benchmarks.contenders.resident import ResidentEngine
from benchmarks.rounds import Spread, take_turns
from benchmarks.scenarios.bank import bank, platform
from benchmarks.targets.judged import in_ms
from benchmarks.wire.figures import Figure, Target

ROUNDS: Final = 11
TIMES_BANK: Final = {Question.PLANES: Target("≤", 10), Question.COUNTS: Target("≤", 7)}


def measure(rows: int, threads: int, progress: Console) -> Iterator[Figure]:
    """*platform* against *bank* on the same customers, and *bank* on one thread against as many as there are."""
    small, large = bank(), platform()
    progress.print(f"bank and platform in turn, {rows:,} customers")
    population = small.draw(rows)  # the columns of both are the same
    with ExitStack() as stack:
        few = stack.enter_context(closing(ResidentEngine(small, population, threads)))
        single = stack.enter_context(closing(ResidentEngine(small, population, 1)))
        for question in (Question.COUNTS, Question.PLANES):
            yield _threads(question, rows, few, single, threads)
        single.close()
        many = stack.enter_context(closing(ResidentEngine(large, population, threads)))
        for question, target in TIMES_BANK.items():
            yield _segments(question, rows, few, many, target)


def _threads(question: Question, rows: int, several: ResidentEngine, single: ResidentEngine, threads: int) -> Figure:
    ours, alone = _in_turn(question, several, single)
    return Figure(
        f"bank/{question}, {rows:,}: 1 → {threads} threads",
        "ms",
        in_ms(Spread.of(ours)),
        ratio_of(alone, ours),
        "×",
        peer="one thread",
        theirs=in_ms(Spread.of(alone)),
        target=Target("≥", 1.8) if threads == 2 else None,
    )


def _segments(question: Question, rows: int, few: ResidentEngine, many: ResidentEngine, target: Target) -> Figure:
    less, more = _in_turn(question, few, many)
    return Figure(
        f"platform/{question}, {rows:,}: against bank",
        "ms",
        in_ms(Spread.of(more)),
        ratio_of(more, less),
        "×",
        peer="bank",
        theirs=in_ms(Spread.of(less)),
        target=target,
    )


def _in_turn(question: Question, left: ResidentEngine, right: ResidentEngine) -> Sequence[Sequence[float]]:
    ways: dict[str, Any] = {name: each.ways(question)[0] for name, each in (("left", left), ("right", right))}
    for way in ways.values():
        way.ask()
    taken = take_turns({name: way.ask for name, way in ways.items()}, ROUNDS)
    return taken["left"], taken["right"]
