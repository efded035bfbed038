"""How large blocks are and into how many tasks a thread's work is cut: `python -m benchmarks.sweep --help`.

The sizes are constants of the kernels, so each is measured in a process of its own, compiled for it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

BLOCK_ROWS: Final = (1_024, 2_048, 4_096, 8_192, 16_384)
TASKS: Final = (1, 2, 4, 8, 32)
ROUNDS: Final = 9


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every size, print a table."""
    options = _parse(arguments)
    if options.measure:
        _measure(options.rows, options.block_rows, options.tasks)
        return
    console = Console()
    table = Table("rows a block", "tasks a thread", "codes: counts", "codes: planes", "columns: counts", title="ms")
    sizes = [(block, 4) for block in BLOCK_ROWS] + [(4_096, tasks) for tasks in TASKS if tasks != 4]
    with tempfile.TemporaryDirectory() as caches:
        for block, tasks in sizes:
            console.print(f"{block:,} rows a block, {tasks} tasks a thread", style="dim")
            found = _in_its_process(options.rows, block, tasks, Path(caches) / str(block))
            table.add_row(f"{block:,}", str(tasks), *(f"{milliseconds:.2f}" for milliseconds in found))
    console.print(table)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000, help="customers (default: %(default)s)")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--block-rows", type=int, default=4_096, help=argparse.SUPPRESS)
    parser.add_argument("--tasks", type=int, default=4, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _in_its_process(rows: int, block: int, tasks: int, cache: Path) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.sweep", "--measure", "--rows", str(rows)]
    command += ["--block-rows", str(block), "--tasks", str(tasks)]
    environment = {**os.environ, "SEGMENTD_CACHE_DIR": str(cache)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603 - our own
    found: list[float] = json.loads(done.stdout)
    return found


def _measure(rows: int, block_rows: int, tasks: int) -> None:
    """Print the milliseconds of the scenario *bank*: from codes, counts and planes; from raw columns, counts."""
    from segmentd.columns import coding  # noqa: PLC0415  (the sizes are set before anything reads them)
    from segmentd.kernels import compiler  # noqa: PLC0415

    for module, name, size in product((compiler, coding), ("BLOCK_ROWS", "BLOCK_WORDS"), (block_rows,)):
        setattr(module, name, size if name == "BLOCK_ROWS" else size // 64)
    from benchmarks.inputs import batch_of, program_of  # noqa: PLC0415
    from benchmarks.scenarios.bank import bank  # noqa: PLC0415
    from segmentd.engine import Engine, PlaneBuffers, running  # noqa: PLC0415

    running.TASKS_A_THREAD = tasks  # type: ignore[misc]
    scenario = bank()
    program, batch = program_of(scenario), batch_of(scenario, scenario.populate(rows))
    with Engine(2) as engine:
        coded = engine.bind(program, engine.coded(batch, program.distinctions), 0)
        raw = engine.bind(program, batch, 0)
        buffers = PlaneBuffers(len(scenario.segments), rows)
        found = [
            _median_ms(lambda: engine.run(coded, 0, rows, planes=False)),
            _median_ms(lambda: engine.run(coded, 0, rows, planes=True, into=buffers)),
            _median_ms(lambda: engine.run(raw, 0, rows, planes=False)),
        ]
    sys.stdout.write(json.dumps(found))


def _median_ms(work: Callable[[], object]) -> float:
    """The median milliseconds of some runs, after one."""
    work()
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return 1e3 * median(seconds)


if __name__ == "__main__":
    main()
