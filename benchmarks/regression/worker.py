"""A process of one checkout: reads the name of a work and a number of runs, writes the best seconds of them.

`python -m benchmarks.regression.worker ROWS`, with the checkout's `src` before all others in PYTHONPATH.
"""

from __future__ import annotations

import sys
from pathlib import Path

import segmentd
from benchmarks.regression.work import Work, works
from benchmarks.rounds import time_once
from segmentd.engine import warm


def main() -> None:
    """Say which package is timed, then answer a line with a line until there are no more."""
    made: dict[str, Work] = {}
    known = works(int(sys.argv[1]))
    warm()
    print(Path(segmentd.__file__).parent, flush=True)
    for line in sys.stdin:
        name, _, runs = line.rstrip("\n").rpartition("\t")
        if name not in made:
            made.clear()  # one population at a time
            made[name] = known[name]()
            made[name]()
        print(min(time_once(made[name]) for _ in range(int(runs))), flush=True)


if __name__ == "__main__":
    main()
