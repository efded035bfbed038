"""The engine and its peers on the same columns in one process: `python -m benchmarks.side_by_side --help`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks import growth
from benchmarks.chart import draw
from benchmarks.contenders.contender import Maker
from benchmarks.contests import Contest, Outcome, hold
from benchmarks.machine import describe_machine, versions
from benchmarks.makers import peers
from benchmarks.plans import TELLING, everything, resized
from benchmarks.report import Report
from benchmarks.targets.judged import judge
from benchmarks.wire.figures import Figure
from segmentd.engine import warm
from segmentd.server.allocator import keep_freed_memory

RESULTS: Final = Path(__file__).parent / "results" / "latest.json"
"""Committed, so only whole runs of the default size write it unless told to."""

QUICK_RESULTS: Final = Path("build") / "side-by-side.json"
ROWS: Final = 4_000_000
"""Customers of what is measured without contests."""

TABLE_WIDTH: Final = 180
"""Columns of the terminal that the tables take at least: narrower ones would break figures over lines."""

PARTS: Final = ("contests", "scaling", "members", "balances", "facts", "first-answers", "starts", "growth", "wire")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the tables, write the JSON and draw the chart."""
    options = _parse(arguments)
    os.environ["POLARS_MAX_THREADS"] = str(options.threads)  # read once, when Polars is imported
    keep_freed_memory()  # as the server does; the peers have allocators of their own
    progress = Console(stderr=True)
    machine = describe_machine()
    makers = peers()
    warm()
    outcomes = tuple(_contests(options, makers, progress)) if "contests" in options.parts else ()
    figures = [
        figure for part, each in _measures(options, progress).items() if part in options.parts for figure in each()
    ]
    grown = tuple(growth.measure(options.threads, progress, options.scale)) if "growth" in options.parts else ()
    report = Report(
        comparisons=tuple(comparison for outcome in outcomes for comparison in outcome.comparisons),
        targets=(*judge(outcomes), *figures),
        wire=tuple(_wire(progress)) if "wire" in options.parts else (),
        growth=grown,
        kept=tuple(outcome.kept for outcome in outcomes if outcome.kept is not None),
        threads=options.threads,
        recorded=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine,
        versions=versions(),
    )
    _publish(report, options, progress)


def _publish(report: Report, options: argparse.Namespace, progress: Console) -> None:
    whole = options.rows is None and options.parts == list(PARTS)
    out: Path = options.out or (RESULTS if whole else QUICK_RESULTS)
    report.write(out)
    chart = out.with_suffix(".svg")
    chart.write_text(draw(report), "utf-8")
    console = Console()
    console.width = max(console.width, TABLE_WIDTH)
    for table in report.tables():
        console.print(table)
    progress.print(f"written to {out} and {chart}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)} (default: all of them)")
    parser.add_argument("--full", action="store_true", help="every scenario at every size, native and prepared")
    parser.add_argument("--scenario", action="append", help="only contests of this scenario; may be repeated")
    parser.add_argument("--rows", type=int, help="so many customers everywhere, for a quick look")
    parser.add_argument("--threads", type=int, default=2, help="of every engine (default: %(default)s)")
    parser.add_argument("--rounds", type=int, help="at most so many timed runs of every engine")
    parser.add_argument(
        "--out", type=Path, help=f"where the JSON goes, and the chart beside it (default: {RESULTS.name})"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    options.parts = options.parts or list(PARTS)
    options.scale = 1.0 if options.rows is None else options.rows / ROWS
    return options


def _contests(options: argparse.Namespace, makers: Sequence[Maker], progress: Console) -> Iterator[Outcome]:
    plans: tuple[Contest, ...] = everything() if options.full else TELLING
    if options.rows is not None or options.rounds is not None:
        plans = resized(plans, options.rows, options.rounds)
    for contest in plans:
        if options.scenario is None or contest.scenario in options.scenario:
            yield hold(contest, makers, options.threads, progress)


def _measures(options: argparse.Namespace, progress: Console) -> Mapping[str, Callable[[], Iterator[Figure]]]:
    """What else has a target; one of them imports Polars, which is imported by now."""
    from benchmarks.facts import measure as facts  # noqa: PLC0415
    from benchmarks.targets import balances, members, readiness, scaling  # noqa: PLC0415

    rows, threads = options.rows or ROWS, options.threads
    return {
        "scaling": partial(scaling.measure, rows, threads, progress),
        "members": partial(members.measure, rows, threads, progress),
        "balances": partial(balances.measure, rows, threads, progress),
        "facts": partial(facts.measure, options.scale, threads, progress),
        "first-answers": partial(readiness.measure_first_answers, rows, threads, progress),
        "starts": partial(readiness.measure_starts, progress),
    }


def _wire(progress: Console) -> Sequence[Figure]:
    from benchmarks.wire.run import run  # noqa: PLC0415 - as above

    return run(progress)


if __name__ == "__main__":
    main()
