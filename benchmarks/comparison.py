"""One scenario, one question, several engines: answers compared first, then timed in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.contenders.contender import Answer, Contender, Planes, Question, Way
from benchmarks.dialects.arrays import count_members
from benchmarks.rounds import Spread, take_turns
from benchmarks.scenario import Scenario

TRIALS = 3
"""Runs of each way of an engine, of which the fastest decides the way that is compared."""


class WrongAnswerError(Exception):
    """An engine's answer differs from the plain reading of the rules, so there is nothing to time."""


@dataclass(frozen=True, slots=True)
class Measured:
    """An engine's seconds in its fastest way, and what its other ways took at best when they were tried."""

    name: str
    way: str
    seconds: Spread
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
    rounds: int
    ours: Measured
    peers: tuple[Peer, ...]


def compare(
    scenario: Scenario, question: Question, expected: Planes, rows: int, contenders: Sequence[Contender], rounds: int
) -> Comparison:
    """Ask every contender, ours first. Raises WrongAnswerError before anything is timed."""
    ways = {contender.name: contender.ways(question) for contender in contenders}
    for name, tried in ways.items():
        for way in tried:
            check(name, way, question, expected)
    chosen = {name: _fastest(tried) for name, tried in ways.items()}
    seconds = take_turns({name: way.ask for name, (way, _) in chosen.items()}, rounds)
    measured = [Measured(name, way.name, Spread.of(seconds[name]), others) for name, (way, others) in chosen.items()]
    ours = seconds[measured[0].name]
    peers = tuple(Peer(peer, _ratio(seconds[peer.name], ours)) for peer in measured[1:])
    return Comparison(scenario, question, rows, rounds, measured[0], peers)


def check(name: str, way: Way, question: Question, expected: Planes) -> None:
    """Raises WrongAnswerError if the way's answer is not the expected one; its buffers have been touched then."""
    answer: Answer = way.read(way.ask())
    wrong = np.flatnonzero(answer.counts != count_members(expected))
    if len(wrong):
        raise WrongAnswerError(f"{name}, {way.name}: wrong counts of {len(wrong)} segments, first {wrong[0]}")
    if question is Question.COUNTS:
        return
    if answer.planes is None:
        raise WrongAnswerError(f"{name}, {way.name}: members were asked for, and only counts were answered")
    wrong = np.flatnonzero((answer.planes != expected).any(axis=1))
    if len(wrong):
        raise WrongAnswerError(f"{name}, {way.name}: wrong members of {len(wrong)} segments, first {wrong[0]}")


def _fastest(ways: Sequence[Way]) -> tuple[Way, dict[str, float]]:
    """The fastest way, and the best seconds of the others."""
    if len(ways) == 1:
        return ways[0], {}
    best = {name: min(tried) for name, tried in take_turns({way.name: way.ask for way in ways}, TRIALS).items()}
    fastest = min(ways, key=lambda way: best[way.name])
    return fastest, {name: seconds for name, seconds in best.items() if name != fastest.name}


def _ratio(peer: Sequence[float], ours: Sequence[float]) -> Spread:
    return Spread.of([theirs / own for theirs, own in zip(peer, ours, strict=True)])
