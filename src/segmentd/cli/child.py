"""A server in a process of its own, as `segmentd serve` starts it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from segmentd.cli.serve import READY

STOP_S = 15.0
"""How long a server may take to end before it is killed."""


class ServerDidNotStartError(OSError):
    """The server ended before it was ready; the message ends with what it logged last."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running server: `host:port`, and its process."""

    target: str
    pid: int


@contextmanager
def serving(options: Sequence[str], log: Path) -> Iterator[Child]:
    """Run a server with these options of `segmentd serve` until the block ends; its log goes to a file.

    Raises ServerDidNotStartError.
    """
    command = [sys.executable, "-m", "segmentd.cli", "serve", "--port", "0", *options]
    with ExitStack() as open_:
        stderr = open_.enter_context(log.open("wb"))
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)  # noqa: S603 - our own
        process = open_.enter_context(started)
        try:
            yield Child(read_target(process, log), process.pid)
        finally:
            stop(process)


def read_target(process: subprocess.Popen[str], log: Path) -> str:
    """The address in the line that says that the server is ready. Raises ServerDidNotStartError."""
    for line in process.stdout or ():
        if line.startswith(READY):
            return line.removeprefix(READY).split()[0]
    last = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-5:])
    raise ServerDidNotStartError(f"the server ended with code {process.wait()} before it was ready:\n{last}")


def stop(process: subprocess.Popen[str]) -> None:
    """Let the server end, and kill it if it does not."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
