"""Servers in processes of their own, and what the system says of them: processor time and memory. Linux only."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STOP_S: Final = 30.0
"""How long a server may take to end."""

LOG_END: Final = 2_000
"""Characters of a log that an error shows."""

KIBIBYTE: Final = 1 << 10
MEBIBYTE: Final = 1 << 20


class ChildEndedError(Exception):
    """A server ended before it was ready; the end of its log says why."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running server: its process, and the address that it listens on."""

    pid: int
    target: str

    def cpu_s(self) -> float:
        """Processor time of all its threads so far, those that have ended too, to the nanosecond.

        This is the clock that clock_getcpuclockid(3) names; /proc/PID/stat counts in steps of 10 ms.
        """
        return time.clock_gettime(~self.pid << 3 | 2)

    def resident_bytes(self) -> int:
        """Memory that it holds now, its share of files too."""
        return self._status("VmRSS")

    def peak_bytes(self) -> int:
        """The most that it held since the start, or since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        """Let the peak begin anew from what is held now, see proc_pid_clear_refs(5)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def _status(self, field: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text("ascii").splitlines()
        line = next(line for line in lines if line.startswith(f"{field}:"))
        return int(line.split()[1]) * KIBIBYTE


@dataclass(frozen=True, slots=True)
class Memory:
    """A server's memory when it did nothing, and how far it has grown at most since."""

    server: Child
    idle_bytes: int

    @classmethod
    def of(cls, server: Child) -> Memory:
        """From now on."""
        server.forget_peak()
        return cls(server, server.resident_bytes())

    def growth_mib(self) -> float:
        """The most since then beyond what was held then."""
        return (self.server.peak_bytes() - self.idle_bytes) / MEBIBYTE


@contextmanager
def started(command: Sequence[str], ready: str, log: Path) -> Iterator[Child]:
    """A Python module and its arguments as a server that prints `ready` and its address; it ends with the block.

    Raises ChildEndedError if it ends before.
    """
    full = [sys.executable, "-m", *command]
    with (
        log.open("w") as errors,
        subprocess.Popen(full, stdout=subprocess.PIPE, stderr=errors, text=True) as process,  # noqa: S603 - our own
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith(ready):
                raise ChildEndedError(f"{command[0]} is not ready; the end of its log:\n{log.read_text()[-LOG_END:]}")
            yield Child(process.pid, line.removeprefix(ready).strip())
        finally:
            process.terminate()
            process.wait(STOP_S)
