"""One scenario, one question, several engines: answers compared first, then timed in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from benchmarks.contenders.contender import Answer, Contender, Form, Question, Way, drain
from benchmarks.dialects.arrays import Verdicts, count_members
from benchmarks.rounds import Spread, take_turns
from benchmarks.scenario import Scenario
from segmentd.columns.planes import word_count

TRIALS: Final = 3
"""Runs of each way of an engine, of which the fastest decides the way that is compared."""
HOPELESS: Final = 3.0
"""A way that takes so many times as long as another when it is checked is not tried again."""
MIN_ROUNDS: Final = 3


class WrongAnswerError(Exception):
    """An engine's answer differs from the plain reading of the rules, so there is nothing to time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an engine is asked: so many rounds, fewer (but three) where they would take longer than the budget."""

    rounds: int
    budget_s: float = 20.0

    def rounds_of(self, seconds: float) -> int:
        """The rounds of an engine that takes so long."""
        return min(self.rounds, max(MIN_ROUNDS, int(self.budget_s / max(seconds, 1e-9))))


@dataclass(frozen=True, slots=True)
class Entrant:
    """A contender, and whether it was given raw columns or codes."""

    form: Form
    contender: Contender

    @property
    def name(self) -> str:
        """What people call it, and what it was given if that is codes."""
        return self.contender.name + (", prepared" if self.form is Form.PREPARED else "")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An engine that does not take part, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Measured:
    """An engine's seconds in its fastest way, and what its other ways took at best when they were tried."""

    name: str
    form: Form
    way: str
    seconds: Spread
    rounds: int
    other_ways_s: dict[str, float]


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer's measurement, and how many times our time it took: of each round, both timed next to each other."""

    measured: Measured
    ratio: Spread


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the engines answered one question."""

    scenario: Scenario
    question: Question
    rows: int
    ours: Measured
    peers: tuple[Peer, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def name(self) -> str:
        """The scenario, the question, and our name where it says more than who we are."""
        return f"{self.scenario.name}/{self.question}"

    def best(self, form: Form) -> Peer | None:
        """The fastest peer among those that were given this form."""
        found = [peer for peer in self.peers if peer.measured.form is form]
        return min(found, key=lambda peer: peer.measured.seconds.median, default=None)

    def peer(self, name: str) -> Peer | None:
        """The peer of this name."""
        return next((peer for peer in self.peers if peer.measured.name == name), None)


@dataclass(frozen=True, slots=True)
class Timed:
    """What an engine was measured at, and each of its rounds."""

    measured: Measured
    seconds: tuple[float, ...]


def time_all(
    question: Question, expected: Verdicts, rows: int, entrants: Sequence[Entrant], pace: Pace
) -> dict[str, Timed]:
    """Ask every contender, in turn, and time it. Raises WrongAnswerError before anything is timed in turn."""
    chosen: dict[str, tuple[Entrant, Way, float, dict[str, float]]] = {}
    for entrant in entrants:
        ways = entrant.contender.ways(question)
        first_s = {way.name: check(entrant.name, way, question, expected, rows) for way in ways}
        chosen[entrant.name] = (entrant, *_fastest(ways, question, first_s, pace))
    calls = {name: _call(way, question) for name, (_, way, _, _) in chosen.items()}
    rounds = {name: pace.rounds_of(best) for name, (_, _, best, _) in chosen.items()}
    taken = take_turns(calls, rounds)
    return {
        name: Timed(
            Measured(name, entrant.form, way.name, Spread.of(taken[name]), rounds[name], others), tuple(taken[name])
        )
        for name, (entrant, way, _, others) in chosen.items()
    }


def compare(scenario: Scenario, question: Question, rows: int, ours: Timed, peers: Sequence[Timed]) -> Comparison:
    """Ours beside theirs, round by round."""
    beside = tuple(Peer(peer.measured, ratio_of(peer.seconds, ours.seconds)) for peer in peers)
    return Comparison(scenario, question, rows, ours.measured, beside)


def ratio_of(theirs: Sequence[float], ours: Sequence[float]) -> Spread:
    """Their time over ours, of the rounds in which both took part."""
    return Spread.of([their / own for their, own in zip(theirs, ours, strict=False)])


def check(name: str, way: Way, question: Question, expected: Verdicts, rows: int) -> float:
    """Seconds of a first run. Raises WrongAnswerError if its answer is not the expected one."""
    begun = time.perf_counter()
    asked = way.ask()
    if question is not Question.PAGES:
        seconds = time.perf_counter() - begun
        _check(name, way, question, way.read(asked), expected, range(rows))
        return seconds
    start, seconds = 0, 0.0
    for page in asked:
        seconds += time.perf_counter() - begun
        answer = way.read(page)
        if answer.members is None:
            raise WrongAnswerError(f"{name}, {way.name}: pages without members")
        stop = min(rows, start + answer.members.shape[1] * 64)
        _check(name, way, question, answer, expected, range(start, stop))
        start, begun = stop, time.perf_counter()
    if start != rows:
        raise WrongAnswerError(f"{name}, {way.name}: pages of {start} rows of {rows}")
    return seconds


def _check(name: str, way: Way, question: Question, answer: Answer, expected: Verdicts, rows: range) -> None:
    words = slice(rows.start // 64, word_count(rows.stop))
    kinds = {
        "members": (answer.member_counts, answer.members, expected.members[:, words]),
        "unknowns": (answer.unknown_counts, answer.unknowns, expected.unknowns[:, words]),
    }
    for kind, (counted, planes, wanted) in kinds.items():
        wrong = np.flatnonzero(counted != count_members(wanted))
        if len(wrong):
            raise WrongAnswerError(
                f"{name}, {way.name}: wrong counts of {kind} of {len(wrong)} segments, first {wrong[0]}"
            )
        if question is Question.COUNTS or (planes is None and kind == "unknowns" and not counted.any()):
            continue
        if planes is None:
            raise WrongAnswerError(f"{name}, {way.name}: {kind} were asked for, and only counts were answered")
        wrong = np.flatnonzero((planes != wanted).any(axis=1))
        if len(wrong):
            raise WrongAnswerError(f"{name}, {way.name}: wrong {kind} of {len(wrong)} segments, first {wrong[0]}")


def _call(way: Way, question: Question) -> Callable[[], Any]:
    return (lambda: drain(way.ask())) if question is Question.PAGES else way.ask


def _fastest(
    ways: Sequence[Way], question: Question, first_s: Mapping[str, float], pace: Pace
) -> tuple[Way, float, dict[str, float]]:
    """The fastest way, its best seconds, and those of the others. Slow engines are not tried again."""
    least = min(first_s.values())
    near = [way for way in ways if first_s[way.name] <= HOPELESS * least]
    best = dict(first_s)
    if least * TRIALS * len(near) <= pace.budget_s:
        tried = take_turns({way.name: _call(way, question) for way in near}, TRIALS)
        best |= {name: min(taken) for name, taken in tried.items()}
    fastest = min(near, key=lambda way: best[way.name])
    return fastest, best[fastest.name], {name: taken for name, taken in best.items() if name != fastest.name}
