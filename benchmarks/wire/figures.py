"""What was measured: ours beside a peer's, and the one value that is judged by a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rich.table import Table

from benchmarks.rounds import Spread

BARE: Final = "bare gRPC"
"""The peer that most figures are compared with."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a value has to be."""

    sign: Literal["≥", "≤"]
    bound: float

    def is_met(self, value: float) -> bool:
        """Whether a median is good enough."""
        return value >= self.bound if self.sign == "≥" else value <= self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement: ours and the peer's in `unit`, and the `judged` value in a unit of its own.

    A figure without a peer is about us alone; one without a target is there to be seen. `note` is for people.
    """

    name: str
    unit: str
    ours: Spread
    judged: Spread
    judged_unit: str
    peer: str | None = None
    theirs: Spread | None = None
    target: Target | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None if there is none."""
        return None if self.target is None else self.target.is_met(self.judged.median)

    def line(self) -> str:
        """The judged value in a line of text, with its target."""
        verdict = {True: ", met", False: ", missed", None: ""}[self.is_met]
        target = "" if self.target is None else f" ({_bound(self.target, self.judged_unit)})"
        return f"{self.name}: {_text(self.judged, self.judged_unit)}{verdict}{target}"

    def to_json(self) -> dict[str, Any]:
        """The figure with its units; `ratio` is the judged value where that is one."""
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": _spread(self.ours),
            "peer": self.peer,
            "theirs": None if self.theirs is None else _spread(self.theirs),
            "ratio": _spread(self.judged) if self.judged_unit == "×" else None,
            "judged": _spread(self.judged) | {"unit": self.judged_unit},
            "target": None if self.target is None else f"{self.target.sign} {self.target.bound:g}",
            "met": self.is_met,
            "note": self.note,
        }


def ratio(name: str, unit: str, ours: Sequence[float], theirs: Sequence[float], **more: Any) -> Figure:
    """A figure judged by ours over theirs, round by round. `more`: peer, target, note."""
    ratios = [own / other for own, other in zip(ours, theirs, strict=True)]
    return Figure(name, unit, Spread.of(ours), Spread.of(ratios), "×", theirs=Spread.of(theirs), **more)


def difference(name: str, unit: str, ours: Sequence[float], theirs: Sequence[float], **more: Any) -> Figure:
    """A figure judged by ours minus theirs, round by round. `more`: peer, target, note."""
    differences = [own - other for own, other in zip(ours, theirs, strict=True)]
    return Figure(name, unit, Spread.of(ours), Spread.of(differences), unit, theirs=Spread.of(theirs), **more)


def alone(name: str, unit: str, ours: Sequence[float], **more: Any) -> Figure:
    """A figure of ours that is judged by itself. `more`: target, note."""
    return Figure(name, unit, Spread.of(ours), Spread.of(ours), unit, **more)


def table(figures: Sequence[Figure]) -> Table:
    """Judged values first, then what they come from."""
    shown = Table("measured", title="The wire: median (quartiles)")
    for heading in ("judged", "target", "", "ours", "peer", "note"):
        shown.add_column(heading, justify="left" if heading in ("", "note") else "right")
    for figure in figures:
        target = "" if figure.target is None else _bound(figure.target, figure.judged_unit)
        theirs = "" if figure.theirs is None else f"{figure.peer} {_text(figure.theirs, figure.unit)}"
        met = {True: "met", False: "missed", None: ""}[figure.is_met]
        judged = _text(figure.judged, figure.judged_unit)
        shown.add_row(figure.name, judged, target, met, _text(figure.ours, figure.unit), theirs, figure.note)
    return shown


def _spread(spread: Spread) -> dict[str, float]:
    return {"median": spread.median, "low": spread.low, "high": spread.high}


def _bound(target: Target, unit: str) -> str:
    return f"{target.sign} {target.bound:g} {unit}"


def _text(spread: Spread, unit: str) -> str:
    median, low, high = (_number(number) for number in (spread.median, spread.low, spread.high))
    return f"{median} {unit}" if low == high else f"{median} {unit} ({low}–{high})"


def _number(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
