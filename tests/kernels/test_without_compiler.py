"""The kernels' Python, run by the interpreter, gives what their machine code gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

INTRINSIC = ("multiply", "sums", "last_word")
"""Kernels that stand on an LLVM instruction, which the interpreter lacks; so do all of `compare`."""


def test_kernels_run_in_the_interpreter() -> None:
    """Arithmetic, calendar, logic and look-ups agree with their twins without Numba's compiler too."""
    here = Path(__file__).parent
    files = [str(here / f"test_{name}.py") for name in ("arithmetic", "calendar", "planes")]
    skipped = " and ".join(f"not {name}" for name in INTRINSIC)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--confcutdir={here}", "-k", skipped, *files],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        cwd=here.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4_000:]
    assert "passed" in run.stdout
