"""Aggregates of all accounts, ours beside the peers': answers are compared, then the fastest ways are timed in turn."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from rich.console import Console

from benchmarks.comparison import WrongAnswerError, ratio_of
from benchmarks.facts.history import History
from benchmarks.facts.ours import OurFacts, averages
from benchmarks.facts.peer import Ask, Peer
from benchmarks.facts.question import Question, expected
from benchmarks.makers import installed
from benchmarks.rounds import Spread, take_turns
from benchmarks.targets.judged import in_ms
from benchmarks.wire.figures import Figure, Target
from segmentd.facts.book import Book

ROUNDS: Final = 5
UNJUDGED_ROUNDS: Final = 3
"""Of what has no target."""
CLOSE: Final = 2.0
"""A peer's way is timed if it took, the first time, at most so many times what the peer's fastest took."""

PEERS: Final[Mapping[str, tuple[str, str]]] = {
    "Polars": ("polars_facts", "PolarsFacts"),
    "DuckDB": ("duckdb_facts", "DuckdbFacts"),
    "chDB": ("chdb_facts", "ChdbFacts"),
}
"""By name: module and class. A peer takes a history and a number of threads."""

TARGETS: Final[Mapping[tuple[Question, str], Target]] = {
    (Question.DAILY_BALANCE, "native"): Target("≥", 25),
    (Question.DAILY_BALANCE, "prepared"): Target("≥", 2),
    (Question.MONTHLY_SUMS, "native"): Target("≥", 5),
}
KEPT: Final = {Question.DAILY_BALANCE: "valid-to column kept", Question.MONTHLY_SUMS: "kept by account"}
"""What peers are given beside the facts as they came, where they are."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A peer's way to ask."""

    peer: Peer
    name: str
    ask: Ask

    @property
    def label(self) -> str:
        """The peer and its way."""
        return f"{self.peer.name}, {self.name}"


def there() -> tuple[str, ...]:
    """The names of the peers that are installed."""
    return tuple(name for name in PEERS if name in installed())


def made(name: str, history: History, threads: int) -> Peer:
    """A peer with the facts in it."""
    module, class_ = PEERS[name]
    found: Peer = getattr(import_module(f"benchmarks.facts.{module}"), class_)(history, threads)
    return found


def measure(history: History, book: Book, threads: int, progress: Console) -> Iterator[Figure]:
    """Both questions, from raw facts and from what peers keep. Raises WrongAnswerError."""
    with ExitStack() as stack:
        ours = stack.enter_context(closing(OurFacts(book.view, threads)))
        peers: list[Peer] = []
        for name in there():
            progress.print(f"facts of {history.accounts:,} accounts into {name}")
            peers.append(stack.enter_context(closing(made(name, history, threads))))
        for question in Question:
            progress.print(f"{question} of {history.accounts:,} accounts")
            yield from _ask(question, history, ours, peers)


def _ask(question: Question, history: History, ours: OurFacts, peers: Sequence[Peer]) -> Iterator[Figure]:
    right = expected(question, history)
    own = ours.ask(question)
    wanted = averages(right) if question is Question.DAILY_BALANCE else right
    if not np.array_equal(ours.read(question, own()), wanted):
        raise WrongAnswerError(f"segmentd, {question}: another answer")
    for form in ("native", "prepared"):
        ways = [way for peer in peers for way in _fastest(peer, form, question, right)]
        if ways:
            rounds = ROUNDS if (question, form) in TARGETS else UNJUDGED_ROUNDS
            taken = take_turns({"ours": own} | {way.label: way.ask for way in ways}, rounds)
            yield _figure(question, form, history, taken)


def _fastest(peer: Peer, form: str, question: Question, right: Any) -> Iterator[_Way]:
    """The ways that are worth timing, after all of them gave the right answer."""
    asks = peer.native(question) if form == "native" else peer.prepared(question)
    seconds: dict[str, float] = {}
    for name, ask in asks.items():
        begun = time.perf_counter()
        found = ask()
        seconds[name] = time.perf_counter() - begun
        if not np.array_equal(peer.read(question, found), right):
            raise WrongAnswerError(f"{peer.name}, {name}, {question}: another answer")
    yield from (_Way(peer, name, asks[name]) for name, each in seconds.items() if each <= CLOSE * min(seconds.values()))


def _figure(question: Question, form: str, history: History, taken: Mapping[str, Sequence[float]]) -> Figure:
    theirs = {name: each for name, each in taken.items() if name != "ours"}
    best = min(theirs, key=lambda name: float(np.median(theirs[name])))
    given = "raw facts" if form == "native" else KEPT[question]
    others = (f"{name} {1e3 * np.median(each):,.0f} ms" for name, each in theirs.items() if name != best)
    lacking = [f"without {name}, which is not installed" for name in PEERS if name not in there()]
    return Figure(
        f"{question}, {history.accounts:,} accounts, {len(history.time):,} transactions: {given}",
        "ms",
        in_ms(Spread.of(taken["ours"])),
        ratio_of(taken[best], taken["ours"]),
        "×",
        peer=best,
        theirs=in_ms(Spread.of(taken[best])),
        target=TARGETS.get((question, form)),
        note="; ".join([*others, *lacking]),
    )
