"""All parts of the wire, one after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.wire import calls, evaluation, streams, widths
from benchmarks.wire.figures import Figure

Measure = Callable[[Path, Console], Iterator[Figure]]

PARTS: Final[Mapping[str, Measure]] = {
    "calls": calls.measure,
    "streams": streams.measure,
    "evaluation": evaluation.measure,
    "widths": widths.measure,
}
"""What can be measured alone, by name."""


def run(progress: Console, parts: Sequence[str] = ()) -> list[Figure]:
    """The figures of the parts, of all where none are named. `progress` hears what is measured."""
    figures: list[Figure] = []
    for name in parts or PARTS:
        with tempfile.TemporaryDirectory() as directory:
            for figure in PARTS[name](Path(directory), progress):
                progress.print(figure.line(), soft_wrap=True)
                figures.append(figure)
    return figures
