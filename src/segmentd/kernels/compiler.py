"""One decorator for all kernels, and the place on disk where their machine code is kept."""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import llvmlite
import numba
from numba.core import config

Function = TypeVar("Function", bound=Callable[..., Any])

BLOCK_ROWS = 4096
"""Rows a block: a column of doubles takes 32 KiB of it, which stays in the first cache."""

BLOCK_WORDS = BLOCK_ROWS // 64


def cache_directory() -> Path:
    """Where machine code is kept: `SEGMENTD_CACHE_DIR`, else the user's cache directory.

    Numba looks only at the file that defines a function when it asks whether code is stale, not at what the
    function calls, so the folder's name covers all kernel sources and the compiler's versions. The processor is
    part of Numba's own key.
    """
    home = os.environ.get("SEGMENTD_CACHE_DIR")
    root = Path(home) if home else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "segmentd"
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    folder = Path(__file__).parent
    for source in sorted(folder.rglob("*.py")):
        digest.update(f"{source.relative_to(folder).as_posix()} {source.stat().st_size} ".encode())
        digest.update(source.read_bytes())
    return root / f"kernels-{digest.hexdigest()[:16]}"


def prepare_cache() -> Path:
    """The cache directory, made for its owner alone, or a private one that goes with the process if it cannot be used.

    What is kept there is loaded as code, so a folder of another user is not used.
    """
    wanted = cache_directory()
    try:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        usable = os.access(wanted, os.W_OK) and wanted.stat().st_uid == os.geteuid()
    except OSError:
        usable = False
    if usable:
        return wanted
    private = Path(tempfile.mkdtemp(prefix="segmentd-kernels-"))
    atexit.register(shutil.rmtree, private, ignore_errors=True)
    logging.getLogger(__name__).warning(
        "compiled kernels cannot be kept in %s and are compiled at every start; set SEGMENTD_CACHE_DIR to a folder of "
        "your own",
        wanted,
    )
    return private


CACHE: Final = prepare_cache()


def kernel(function: Function) -> Function:
    """Compile at first use, without the interpreter's lock, cached on disk; IEEE arithmetic, no fast-math."""
    compiled: Function = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=False)(function)
    return compiled


def short_kernel(function: Function) -> Function:
    """A kernel of some microseconds, which keeps the interpreter's lock: to get it back can take milliseconds."""
    compiled: Function = numba.njit(cache=True, error_model="numpy", fastmath=False)(function)
    return compiled


def inline_kernel(function: Function) -> Function:
    """A kernel that is compiled into its callers only."""
    compiled: Function = numba.njit(nogil=True, error_model="numpy", fastmath=False)(function)
    return compiled


config.CACHE_DIR = str(CACHE)
