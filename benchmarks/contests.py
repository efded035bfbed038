"""A contest: one scenario and number of rows, all engines that take part, all questions that are asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console

from benchmarks.comparison import Comparison, Entrant, LeftOut, Pace, compare, time_all
from benchmarks.contenders.contender import Form, Maker, Question
from benchmarks.contenders.resident import ArrivingEngine, ResidentEngine
from benchmarks.dialects.arrays import Verdicts, expected_verdicts
from benchmarks.population import Population
from benchmarks.preparation import prepare
from benchmarks.scenario import Scenario
from benchmarks.scenarios import SCENARIOS

TOO_LARGE: Final = 6 << 30
"""Bytes of raw columns that no contest goes beyond: every engine keeps a copy of its own."""


@dataclass(frozen=True, slots=True)
class Contest:
    """What is asked of whom. `peers` by name, None: of all; `raw`: our engine on columns as they arrive, too."""

    scenario: str
    rows: int
    questions: tuple[Question, ...]
    pace: Pace
    forms: tuple[Form, ...] = (Form.NATIVE,)
    raw: bool = False
    peers: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.scenario}, {self.rows:,} customers"


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that our resident columns take: as they came, and the codes beside them."""

    scenario: str
    rows: int
    raw_bytes: int
    code_bytes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of a contest."""

    comparisons: tuple[Comparison, ...]
    kept: Kept | None


def hold(contest: Contest, peers: Sequence[Maker], threads: int, progress: Console) -> Outcome:
    """Draw the customers, judge them plainly, give them to every engine, and ask. Raises WrongAnswerError."""
    scenario = SCENARIOS[contest.scenario]()
    progress.print(f"{contest.name}: drawing them and judging them plainly")
    population = scenario.draw(contest.rows)
    if population.nbytes > TOO_LARGE:
        progress.print(f"{contest.name}: left out, {population.nbytes / 1e9:.0f} GB for each engine")
        return Outcome((), None)
    expected = expected_verdicts(scenario.segments, population)
    comparisons: list[Comparison] = []
    with ExitStack() as stack:
        ours = stack.enter_context(closing(ResidentEngine(scenario, population, threads)))
        field = Field(contest, scenario, population, threads, stack)
        if contest.raw:
            arriving = stack.enter_context(closing(ArrivingEngine(scenario, population, threads)))
            field.ours.append(Entrant(Form.NATIVE, arriving))
        field.ours.insert(0, Entrant(Form.NATIVE, ours))
        field.enter([peer for peer in peers if contest.peers is None or peer.name in contest.peers])
        for question in contest.questions:
            progress.print(f"{contest.name}: asking for {question}")
            comparisons += field.ask(question, expected)
        raw_bytes, code_bytes = ours.kept_bytes
    return Outcome(tuple(comparisons), Kept(scenario.name, contest.rows, raw_bytes, code_bytes))


class Field:
    """The engines of a contest, each with the columns in it."""

    def __init__(
        self, contest: Contest, scenario: Scenario, population: Population, threads: int, stack: ExitStack
    ) -> None:
        self.ours: list[Entrant] = []
        self._peers: list[tuple[Entrant, Maker]] = []
        self._contest = contest
        self._scenario = scenario
        self._population = population
        self._threads = threads
        self._stack = stack
        self._never: list[LeftOut] = []

    def enter(self, peers: Sequence[Maker]) -> None:
        """Load the columns into every peer that takes part in a question, raw and in codes as the contest says."""
        for form in self._contest.forms:
            scenario, population = self._scenario, self._population
            if form is Form.PREPARED:
                scenario, population = prepare(scenario, population)
            for peer in peers:
                reasons = [peer.declines(scenario, asked, population.rows) for asked in self._contest.questions]
                if all(reasons):
                    self._never.append(LeftOut(_name(peer, form), reasons[0] or ""))
                    continue
                contender = self._stack.enter_context(closing(peer(scenario, population, self._threads)))
                self._peers.append((Entrant(form, contender), peer))

    def ask(self, question: Question, expected: Verdicts) -> Iterator[Comparison]:
        """What came out: ours beside all peers, then ours on raw columns beside those with raw columns."""
        rows = self._contest.rows
        left_out, entrants = list(self._never), list(self.ours)
        for entrant, peer in self._peers:
            if reason := peer.declines(self._scenario, question, rows):
                left_out.append(LeftOut(entrant.name, reason))
            else:
                entrants.append(entrant)
        timed = time_all(question, expected, rows, entrants, self._contest.pace)
        first, *others = (timed[entrant.name] for entrant in self.ours)
        peers = [timed[entrant.name] for entrant in entrants[len(self.ours) :]]
        yield replace(compare(self._scenario, question, rows, first, peers), left_out=tuple(left_out))
        native = [peer for peer in peers if peer.measured.form is Form.NATIVE]
        for other in others:
            yield compare(self._scenario, question, rows, other, native)


def _name(peer: Maker, form: Form) -> str:
    return peer.name + (", prepared" if form is Form.PREPARED else "")
