"""Two checkouts of this repository, and a process of each that times what it is told to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
BASE_TREE: Final = ROOT / "build" / "base"


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that times works in one checkout."""

    process: subprocess.Popen[str]
    package: str

    def time(self, work: str, runs: int) -> float:
        """Best seconds of so many runs. RuntimeError if the process has ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{work}\t{runs}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self.package} ended while it was asked for {work}")
        return float(line)


@contextmanager
def base_tree(base: str) -> Iterator[Path]:
    """A worktree of the base in `build/base`, as long as it is needed. Raises CalledProcessError for no commit."""
    commit = _git("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    BASE_TREE.parent.mkdir(exist_ok=True)
    subprocess.run(["git", "worktree", "remove", "--force", BASE_TREE], cwd=ROOT, capture_output=True, check=False)  # noqa: S603, S607 - our own
    _git("worktree", "prune")
    _git("worktree", "add", "--detach", str(BASE_TREE), commit)
    try:
        yield BASE_TREE
    finally:
        _git("worktree", "remove", "--force", str(BASE_TREE))


@contextmanager
def worker(source: Path, rows: int) -> Iterator[Worker]:
    """A process that imports the package from `source`, and the benchmarks from here. RuntimeError if it does not."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(source), str(ROOT)))}
    command = [sys.executable, "-m", "benchmarks.regression.worker", str(rows)]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            package = process.stdout.readline().strip()
            if Path(package) != source / "segmentd":
                raise RuntimeError(f"{source} was to be timed, and {package or 'nothing'} was imported")
            yield Worker(process, package)
        finally:
            process.terminate()


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - our own command


def default_base() -> str:
    """The last tag, or the commit before this one."""
    found = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0"],  # noqa: S607 - found in the PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "HEAD~1"
