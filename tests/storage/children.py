"""Runs code in a child process that may be killed, or may be another user."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection

NOBODY = 65534

Work = Callable[[Connection], None]


def start_child(work: Work) -> tuple[multiprocessing.process.BaseProcess, Connection]:
    """Start a forked child that runs `work` with its end of a pipe; the other end is returned."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=work, args=(theirs,), daemon=True)
    child.start()
    theirs.close()
    return child, ours


def run_child(work: Work) -> int | None:
    """Run `work` in a forked child to its end; its exit code, negative for the signal that killed it."""
    child, ours = start_child(work)
    child.join(60)
    ours.close()
    return child.exitcode


def kill_myself() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def become_nobody() -> None:
    """Give up root's right to write everywhere. A process of another user has no such right."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
