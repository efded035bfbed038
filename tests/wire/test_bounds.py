"""No byte outside a request is read, wherever it is cut off."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path


def test_no_byte_outside_a_request_is_read() -> None:
    """Thousands of requests next to memory that may not be read are read to their end, and one byte more is fatal."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.wire.guarded"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    examples, read = map(int, run.stdout.split())
    assert examples > 5_000, run.stderr
    assert read > 100
    assert run.returncode == -signal.SIGSEGV
