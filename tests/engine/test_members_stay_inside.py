"""Kernels that take members out touch no byte outside of what they are given, though they move 16 to 64 at once."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.engine.guarded_members import ROWS


@pytest.mark.skipif(sys.platform != "linux", reason="memory is protected by Linux's mprotect")
def test_members_are_taken_from_within_memory() -> None:
    """Planes, values, ids and results that end at a forbidden page are read and written; a byte beyond is fatal."""
    command = [sys.executable, "-m", "tests.engine.guarded_members"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stdout.split() == [str(len(ROWS) * 4 * 7)], run.stderr
    assert run.returncode == -signal.SIGSEGV
