"""Compare this checkout with another one: `python -m benchmarks.regression --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.regression.checkouts import ROOT, Worker, base_tree, default_base, worker
from benchmarks.regression.statistics import Interval, interval_of
from benchmarks.regression.work import works
from benchmarks.report import number_text

ROWS: Final = 1_000_000
RUN_S: Final = 0.02
"""A measurement repeats what is shorter, and takes the best."""
MAX_RUNS: Final = 50

WORKS: Final = tuple(works(0))


@dataclass(frozen=True, slots=True)
class Compared:
    """A work, its best seconds here and there, and the time here over the time there."""

    work: str
    here_s: float
    there_s: float
    ratio: Interval


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table; exit code 1 if some work is slower than allowed for certain."""
    options = _parse(arguments)
    progress = Console(stderr=True)
    with base_tree(options.base) as tree, ExitStack() as stack:
        here = stack.enter_context(worker(ROOT / "src", options.rows))
        there = stack.enter_context(worker(tree / "src", options.rows))
        progress.print(f"here {here.package}, there {there.package} ({options.base})")
        compared = []
        for work in options.work or WORKS:
            progress.print(f"{work}: {options.pairs} pairs")
            compared.append(compare(work, here, there, options.pairs))
    slower = [each for each in compared if each.ratio.low > 1 + options.threshold]
    Console(width=110).print(_table(compared, options.base, options.threshold))
    for each in slower:
        progress.print(f"slower: {each.work}, {each.ratio.median:.2f} times the time of {options.base}")
    sys.exit(1 if slower else 0)


def compare(work: str, here: Worker, there: Worker, pairs: int) -> Compared:
    """Time both in turn; who is first changes from pair to pair."""
    runs = max(1, min(MAX_RUNS, int(RUN_S / max(here.time(work, 1), there.time(work, 1), 1e-9))))
    seconds: dict[str, list[float]] = {"here": [], "there": []}
    for pair in range(pairs):
        order = [("here", here), ("there", there)]
        for name, each in order if pair % 2 else reversed(order):
            seconds[name].append(each.time(work, runs))
    ratios = [own / other for own, other in zip(seconds["here"], seconds["there"], strict=True)]
    return Compared(work, min(seconds["here"]), min(seconds["there"]), interval_of(ratios))


def _table(compared: Sequence[Compared], base: str, threshold: float) -> Table:
    title = f"time here over time of {base}; slower than allowed: the whole interval above {1 + threshold:g}"
    table = Table("work", title=title)
    for heading in ("ratio, median (95 %)", "here, best ms", "there, best ms", "verdict"):
        table.add_column(heading, justify="right")
    for each in compared:
        ratio = f"{each.ratio.median:.3f} ({each.ratio.low:.3f}–{each.ratio.high:.3f})"
        table.add_row(each.work, ratio, *_ms(each), _verdict(each.ratio, threshold))
    return table


def _ms(compared: Compared) -> tuple[str, str]:
    return number_text(1e3 * compared.here_s), number_text(1e3 * compared.there_s)


def _verdict(ratio: Interval, threshold: float) -> str:
    if ratio.low > 1 + threshold:
        return "slower"
    return "faster" if ratio.high < 1 - threshold else "as before"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regression", description=__doc__)
    parser.add_argument("--base", help="what to compare with: a commit, tag or branch (default: last tag, or HEAD~1)")
    parser.add_argument("--pairs", type=int, default=15, help="measurements of each work (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=ROWS, help="resident customers (default: %(default)s)")
    parser.add_argument(
        "--threshold", type=float, default=0.1, help="how much slower is allowed (default: %(default)s)"
    )
    parser.add_argument("--work", action="append", choices=WORKS, help="only this work; may be repeated")
    options = parser.parse_args(arguments)
    options.base = options.base or default_base()
    return options


if __name__ == "__main__":
    main()
