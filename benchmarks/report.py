"""The figures of a run: as tables for people and as JSON for whoever draws or compares them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from benchmarks.comparison import Comparison, Measured, Peer
from benchmarks.contenders.contender import Form
from benchmarks.contests import Kept
from benchmarks.growth import Growth
from benchmarks.rounds import Spread
from benchmarks.wire.figures import Figure


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run measured, and where it took place. `targets` are the resident ones, `wire` those of the wire."""

    comparisons: tuple[Comparison, ...]
    targets: tuple[Figure, ...]
    wire: tuple[Figure, ...]
    growth: tuple[Growth, ...]
    kept: tuple[Kept, ...]
    threads: int
    recorded: str
    machine: dict[str, Any]
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Numbers in seconds and bytes where no unit is named; a ratio of a comparison is a peer's time over ours."""
        return {
            "recorded": self.recorded,
            "threads": self.threads,
            "machine": self.machine,
            "versions": self.versions,
            "results": [_result(comparison) for comparison in self.comparisons],
            "targets": [figure.to_json() for figure in self.targets],
            "wire": [figure.to_json() for figure in self.wire],
            "growth": [growth.to_json() for growth in self.growth],
            "resident_bytes": [
                {"scenario": kept.scenario, "rows": kept.rows, "raw": kept.raw_bytes, "codes": kept.code_bytes}
                for kept in self.kept
            ],
        }

    def write(self, path: Path) -> None:
        """Write the JSON, and the folder where it is lacking."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.to_json(), indent=2) + "\n", "utf-8")

    def tables(self) -> list[Table]:
        """How each engine was asked; the comparisons, ratios first and seconds second; then what has a target."""
        tables = [_ways(self.comparisons), _ratios(self), _times(self)] if self.comparisons else []
        return [*tables, *([_growth(self.growth)] if self.growth else []), _targets((*self.targets, *self.wire))]


def _result(comparison: Comparison) -> dict[str, Any]:
    scenario = comparison.scenario
    return {
        "name": comparison.name,
        "rows": comparison.rows,
        "segments": len(scenario.segments),
        "conditions": scenario.condition_count,
        "distinct_conditions": scenario.distinct_condition_count,
        "columns": len(scenario.columns),
        "ours": {"name": comparison.ours.name} | _measured(comparison.ours),
        "peers": {
            peer.measured.name: {"ratio": _spread(peer.ratio)} | _measured(peer.measured) for peer in comparison.peers
        },
        "left_out": {each.name: each.reason for each in comparison.left_out},
    }


def _measured(measured: Measured) -> dict[str, Any]:
    return {
        "form": measured.form,
        "seconds": _spread(measured.seconds),
        "rounds": measured.rounds,
        "way": measured.way,
        "other_ways_s": measured.other_ways_s,
    }


def _spread(spread: Spread) -> dict[str, float]:
    return {"median": spread.median, "low": spread.low, "high": spread.high}


def _ratios(report: Report) -> Table:
    """How many times our time each peer takes, of raw columns and of codes."""
    processor = report.machine["processor"]
    title = f"Times our time: median (quartiles) of rounds in turn, {report.threads} threads, {processor}"
    return _table(title, report.comparisons, lambda peer: spread_text(peer.ratio, 1, "×"))


def _times(report: Report) -> Table:
    """Milliseconds of everybody; of how many rounds where they are few."""
    return _table("Milliseconds: median, of how many rounds where they are few", report.comparisons, _seconds_text)


def _table(title: str, comparisons: Sequence[Comparison], word: Callable[[Peer], str]) -> Table:
    names = list(dict.fromkeys(_engine(peer) for each in comparisons for peer in each.peers))
    table = Table("asked", "customers", "segments", "peers are given", "ours, ms", *names, title=title)
    for comparison in comparisons:
        for form in Form:
            of = {_engine(peer): word(peer) for peer in comparison.peers if peer.measured.form is form}
            if of:
                cells = (spread_text(comparison.ours.seconds, 1e3), *(of.get(name, "") for name in names))
                table.add_row(*_asked(comparison), _GIVEN[form], *cells)
    return table


_GIVEN: Final = {Form.NATIVE: "raw columns", Form.PREPARED: "codes"}


def _asked(comparison: Comparison) -> tuple[str, str, str]:
    raw = ", ours raw" if comparison.ours.name != "segmentd" else ""
    asked = f"{comparison.scenario.name}, {comparison.question}{raw}"
    return asked, f"{comparison.rows:,}", f"{len(comparison.scenario.segments):,}"


def _engine(peer: Peer) -> str:
    return peer.measured.name.removesuffix(f", {Form.PREPARED}")


def _seconds_text(peer: Peer) -> str:
    few = f" of {peer.measured.rounds}" if peer.measured.rounds < 10 else ""
    return number_text(1e3 * peer.measured.seconds.median) + few


def spread_text(spread: Spread, factor: float, unit: str = "") -> str:
    """The median and the quartiles."""
    median, low, high = (number_text(number * factor) for number in (spread.median, spread.low, spread.high))
    return f"{median}{unit} ({low}–{high})"


def number_text(number: float) -> str:
    """Three digits, or all before the point."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def _ways(comparisons: Sequence[Comparison]) -> Table:
    table = Table("asked", "engine", "its fastest way", "its other ways, best of a few runs, ms")
    for comparison in comparisons:
        asked = f"{comparison.scenario.name}, {comparison.question}, {comparison.rows:,}"
        for measured in (comparison.ours, *(peer.measured for peer in comparison.peers)):
            others = "; ".join(f"{name} {number_text(taken * 1e3)}" for name, taken in measured.other_ways_s.items())
            table.add_row(asked, measured.name, measured.way, others)
        for each in comparison.left_out:
            table.add_row(asked, each.name, f"left out: {each.reason}", "")
    return table


def _growth(growths: Sequence[Growth]) -> Table:
    table = Table("growth along", "size", "counts, ms", "planes, ms", "memory beside the columns, MB", title="Growth")
    for growth in growths:
        for point in growth.points:
            times = (number_text(point.counts_s * 1e3), number_text(point.planes_s * 1e3))
            table.add_row(growth.along, f"{point.size:,}", *times, number_text(point.memory_bytes / 1e6))
        powers = (f"power {growth.exponent(name):.2f}" for name in ("counts_s", "planes_s", "memory_bytes"))
        table.add_row(growth.along, "fitted", *powers, style="bold", end_section=True)
    return table


def _targets(figures: Sequence[Figure]) -> Table:
    table = Table("measured", title="Targets")
    for heading in ("judged", "target", "", "ours", "peer", "note"):
        table.add_column(heading, justify="left" if heading in ("", "note") else "right")
    for figure in figures:
        table.add_row(*_target_cells(figure), style=None if figure.is_met is not False else "red")
    return table


def _target_cells(figure: Figure) -> list[str]:
    judged = spread_text(figure.judged, 1, figure.judged_unit if figure.judged_unit == "×" else "")
    target = "" if figure.target is None else f"{figure.target.sign} {figure.target.bound:g} {figure.judged_unit}"
    met = {True: "met", False: "missed", None: ""}[figure.is_met]
    theirs = "" if figure.theirs is None else f"{figure.peer}: {number_text(figure.theirs.median)} {figure.unit}"
    return [figure.name, judged, target, met, f"{number_text(figure.ours.median)} {figure.unit}", theirs, figure.note]
