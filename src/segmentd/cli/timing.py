"""The steps of a long command: what is being done, what it took, what it needed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import typer

from segmentd.cli.progress import Report, progress


@dataclass(slots=True)
class Steps:
    """Runs steps, each with a progress bar, and remembers their seconds by name, in order. Quiet: prints nothing."""

    quiet: bool
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[Report]:
        """Time the block under a name; say in words that it is done, if it ends well."""
        started = perf_counter()
        with progress(text) as report:
            yield report
        self.seconds[name] = perf_counter() - started
        if not self.quiet:
            typer.echo(f"{text:<44} {self.seconds[name]:6.2f} s")


def peak_memory_mib(pid: int | str = "self") -> int | None:
    """The most memory that a running process had at a time; None where the system does not tell (other than Linux)."""
    status = Path(f"/proc/{pid}/status")
    if not sys.platform.startswith("linux") or not status.exists():
        return None
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) // 1024
