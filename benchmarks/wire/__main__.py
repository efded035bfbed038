"""The wire alone: `python -m benchmarks.wire --help`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.wire.figures import table
from benchmarks.wire.run import PARTS, run

OUT: Final = Path("build") / "wire.json"
TABLE_WIDTH: Final = 170
"""Columns of the terminal that the table takes at least."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table and write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wire", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)} (default: all of them)")
    parser.add_argument("--out", type=Path, default=OUT, help="where the JSON goes (default: %(default)s)")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    figures = run(Console(stderr=True), options.parts)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps([figure.to_json() for figure in figures], indent=2) + "\n", "utf-8")
    console = Console()
    console.width = max(console.width, TABLE_WIDTH)
    console.print(table(figures))


if __name__ == "__main__":
    main()
