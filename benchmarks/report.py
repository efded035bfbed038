"""The figures of a run: as a table for people and as JSON for whoever draws or compares them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.comparison import Comparison, Measured
from benchmarks.rounds import Spread


@dataclass(frozen=True, slots=True)
class Report:
    """All comparisons of a run, and where it took place."""

    comparisons: tuple[Comparison, ...]
    threads: int
    recorded: str
    machine: dict[str, Any]
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Numbers in seconds; a ratio is a peer's time over ours."""
        return {
            "recorded": self.recorded,
            "threads": self.threads,
            "machine": self.machine,
            "versions": self.versions,
            "results": [_result(comparison) for comparison in self.comparisons],
        }

    def write(self, path: Path) -> None:
        """Write the JSON, and the folder where it is lacking."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.to_json(), indent=2) + "\n", "utf-8")

    def tables(self) -> tuple[Table, Table]:
        """The comparisons, ratios first and seconds second; and how each engine was asked."""
        return _figures(self), _ways(self.comparisons)


def _result(comparison: Comparison) -> dict[str, Any]:
    scenario = comparison.scenario
    return {
        "name": f"{scenario.name}/{comparison.question}",
        "rows": comparison.rows,
        "segments": len(scenario.segments),
        "conditions": scenario.condition_count,
        "distinct_conditions": scenario.distinct_condition_count,
        "columns": len(scenario.columns),
        "rounds": comparison.rounds,
        "ours": _measured(comparison.ours),
        "peers": {
            peer.measured.name: {"ratio": _spread(peer.ratio)} | _measured(peer.measured) for peer in comparison.peers
        },
    }


def _measured(measured: Measured) -> dict[str, Any]:
    return {"seconds": _spread(measured.seconds), "way": measured.way, "other_ways_s": measured.other_ways_s}


def _spread(spread: Spread) -> dict[str, float]:
    return {"median": spread.median, "low": spread.low, "high": spread.high}


def _figures(report: Report) -> Table:
    first = report.comparisons[0]
    names = [first.ours.name, *(peer.measured.name for peer in first.peers)]
    title = (
        f"{report.threads} threads, median (quartiles) of {first.rounds} rounds in turn; {report.machine['processor']}"
    )
    table = Table("asked", "rows", "segments", title=title)
    for name in names[1:]:
        table.add_column(f"{name} / {names[0]}", justify="right", style="bold")
    for name in names:
        table.add_column(f"{name}, ms", justify="right")
    for comparison in report.comparisons:
        table.add_row(*_cells(comparison))
    return table


def _cells(comparison: Comparison) -> list[str]:
    scenario = comparison.scenario
    seconds = [comparison.ours.seconds, *(peer.measured.seconds for peer in comparison.peers)]
    return [
        f"{scenario.name}, {comparison.question}",
        f"{comparison.rows:,}",
        f"{len(scenario.segments):,}",
        *(_text(peer.ratio, 1, "×") for peer in comparison.peers),
        *(_text(spread, 1e3, "") for spread in seconds),
    ]


def _text(spread: Spread, factor: float, unit: str) -> str:
    median, low, high = (_number(number * factor) for number in (spread.median, spread.low, spread.high))
    return f"{median}{unit} ({low}–{high})"


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _ways(comparisons: Sequence[Comparison]) -> Table:
    table = Table("asked", "engine", "its fastest way", "its other ways, best of a few runs, ms")
    for comparison in comparisons:
        for measured in (comparison.ours, *(peer.measured for peer in comparison.peers)):
            others = "; ".join(f"{name} {_number(seconds * 1e3)}" for name, seconds in measured.other_ways_s.items())
            asked = f"{comparison.scenario.name}, {comparison.question}"
            table.add_row(asked, measured.name, measured.way, others)
    return table
