"""Progress of long work on stderr, where somebody is watching."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[int, int], None]
"""Told how much is done, and of how much in all."""


@contextmanager
def progress(text: str) -> Iterator[Report]:
    """Show a bar while the block runs, moved by the report that it is given. Silent unless stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(text, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)
