"""Where compiled kernels are kept: in a folder of one's own, or nowhere for long."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

PROBE = "from segmentd.kernels.compiler import CACHE; print(CACHE); print(oct(CACHE.stat().st_mode & 0o777))"


def probe(cache: Path) -> tuple[list[str], str]:
    """What a fresh process says of its cache, and its warnings."""
    environment = {**os.environ, "SEGMENTD_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.split(), done.stderr


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """What is kept there is loaded as code."""
    (folder, mode), warnings = probe(tmp_path / "cache")
    assert Path(folder).parent == tmp_path / "cache"
    assert (mode, warnings) == ("0o700", "")


def test_a_folder_that_cannot_be_used_is_left_for_a_private_one(tmp_path: Path) -> None:
    """A file stands where the folder would be: kernels go to a temporary folder, which goes with the process."""
    (tmp_path / "cache").write_text("in the way")
    (folder, mode), warnings = probe(tmp_path / "cache")
    assert tmp_path not in Path(folder).parents
    assert mode == oct(stat.S_IRWXU)
    assert not Path(folder).exists()
    assert "set SEGMENTD_CACHE_DIR" in warnings
