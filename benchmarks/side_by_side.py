"""The engine and its peers on the same columns in one process: `python -m benchmarks.side_by_side --help`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.bank import bank
from benchmarks.comparison import Comparison, compare
from benchmarks.contenders.contender import Contender, Question
from benchmarks.contenders.resident import ResidentEngine
from benchmarks.dialects.arrays import expected_planes
from benchmarks.machine import describe_machine, versions
from benchmarks.report import Report
from benchmarks.scenario import Scenario, Values

Make = Callable[[Scenario, Mapping[str, Values], int], Contender]

RESULTS: Final = Path(__file__).parent / "results" / "latest.json"
"""Committed, so only runs of the default size write it unless told to."""

ROWS: Final = 4_000_000
QUICK_RESULTS: Final = Path("build") / "side-by-side.json"

TABLE_WIDTH: Final = 140
"""Columns of the terminal that the tables take at least: narrower ones would break figures over lines."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare, print the tables and write the JSON."""
    options = _parse(arguments)
    os.environ["POLARS_MAX_THREADS"] = str(options.threads)  # read once, when Polars is imported
    progress = Console(stderr=True)
    machine = describe_machine()
    comparisons = tuple(_compare(bank(), options.rows, options.threads, options.rounds, progress))
    report = Report(comparisons, options.threads, datetime.now(UTC).isoformat(timespec="seconds"), machine, versions())
    out: Path = options.out or (RESULTS if options.rows == ROWS else QUICK_RESULTS)
    out.parent.mkdir(parents=True, exist_ok=True)
    report.write(out)
    console = Console()
    console.width = max(console.width, TABLE_WIDTH)
    for table in report.tables():
        console.print(table)
    progress.print(f"written to {out}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="customers (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="of every engine (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="timed runs of every engine (default: %(default)s)")
    parser.add_argument(
        "--out", type=Path, help=f"where the JSON goes (default: {RESULTS.name}, with other --rows {QUICK_RESULTS})"
    )
    return parser.parse_args(arguments)


def _compare(scenario: Scenario, rows: int, threads: int, rounds: int, progress: Console) -> Iterator[Comparison]:
    progress.print(f"drawing {rows:,} customers for the scenario {scenario.name}")
    columns = scenario.populate(rows)
    expected = expected_planes(scenario.segments, columns)
    with ExitStack() as stack:
        contenders = [stack.enter_context(closing(make(scenario, columns, threads))) for make in _contenders()]
        for question in Question:
            progress.print(f"asking for {question}: answers compared, then {rounds} rounds in turn")
            yield compare(scenario, question, expected, rows, contenders, rounds)


def _contenders() -> Sequence[Make]:
    """Ours first. The peers are imported only now, after the environment says how many threads Polars may start."""
    from benchmarks.contenders.duckdb_table import DuckdbTable  # noqa: PLC0415
    from benchmarks.contenders.polars_frame import PolarsFrame  # noqa: PLC0415

    return (ResidentEngine, PolarsFrame, DuckdbTable)


if __name__ == "__main__":
    main()
