"""How this program was called, for commands that people paste."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

NAME = "segmentd"


def program_name() -> str:
    """What to type to run this program again from here: its name where the shell finds it, else its path."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{short_path(Path(sys.executable))} -m segmentd.cli"
    found = shutil.which(NAME)
    if called.name != NAME or (found is not None and Path(found).absolute() == called.absolute()):
        return NAME
    return short_path(called)


def short_path(path: Path) -> str:
    """The path from the working directory if it is below, else the whole; quoted for a shell."""
    absolute, here = path.absolute(), Path.cwd()
    shown = absolute.relative_to(here) if absolute.is_relative_to(here) else absolute
    return shlex.quote(str(shown) if os.sep in str(shown) else f".{os.sep}{shown}")
