"""Runs functions in child processes that may be killed, or may be another user."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

NOBODY = 65534

Work = Callable[..., None]
"""A function of a module, whose first argument is its end of a pipe."""

# Forked from a process of its own: one without the threads that other tests left in this one.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["segmentd.storage", "segmentd.segments.catalogue", "alembic.command", "tests.facts.journal.warm"]
)


def start_child(work: Work, *arguments: Any) -> tuple[ForkServerProcess, Connection]:
    """Start a child that runs `work` with its end of a pipe and the arguments; the other end is returned."""
    ours, theirs = _CONTEXT.Pipe()
    child = _CONTEXT.Process(target=work, args=(theirs, *arguments), daemon=True)
    child.start()
    theirs.close()
    return child, ours


def run_child(work: Work, *arguments: Any) -> int | None:
    """Run `work` in a child to its end; its exit code, negative for the signal that killed it."""
    child, ours = start_child(work, *arguments)
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
