"""Loads the kernels' machine code from disk, or compiles it, before the first request needs it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import numpy as np

from segmentd.columns.coding import empty_planes
from segmentd.columns.column import Batch, FixedColumn
from segmentd.engine.engine import Engine
from segmentd.engine.facts.aggregates_sample import aggregate_sample
from segmentd.engine.facts.book_sample import keep_sample
from segmentd.engine.facts.groups_sample import sum_up_sample
from segmentd.engine.facts.json_lines import read_lines_sample
from segmentd.engine.facts.segmented import fold_sample
from segmentd.engine.members.sample import extract_sample
from segmentd.engine.requests.vectors import read_sample
from segmentd.engine.short_scores.requests import answer_sample
from segmentd.kernels.compiler import CACHE, cache_directory
from segmentd.kernels.program.codes import encode_classes
from segmentd.kernels.program.interpreter import run_blocks
from segmentd.language.tree import Constant
from segmentd.plan.compile import compile_program
from segmentd.plan.thresholds import Distinctions
from segmentd.schema import BOOL, INT64, Schema, Subject

COMPILING_S: Final = 120.0
"""How long the other process is waited for."""


@dataclass(frozen=True, slots=True)
class WarmReport:
    """Whether the kernels had to be compiled (False: they were on disk), how long it took, and where they are kept."""

    compiled: bool
    seconds: float
    cache_directory: str


def warm() -> WarmReport:
    """Run every kernel's loop once on one row. What has to be compiled, two processes compile at once."""
    start = time.perf_counter()
    with _compiling_requests():
        _evaluate_sample()
        sum_up_sample()
    warm_requests()
    compiled = not run_blocks.stats.cache_hits  # type: ignore[attr-defined]
    return WarmReport(compiled, time.perf_counter() - start, str(CACHE))


def warm_requests() -> None:
    """The kernels that read requests and write answers, and those of facts."""
    read_sample()
    read_lines_sample()
    answer_sample()
    extract_sample()
    aggregate_sample()


@contextmanager
def _compiling_requests() -> Iterator[None]:
    """Have another process compile half of the kernels meanwhile, where none is on disk and a processor is free.

    Numba compiles one function at a time in a process. If the other fails, this one compiles its half too.
    """
    is_new = not any(CACHE.rglob("*.nbi")) and cache_directory() == CACHE
    if not is_new or not sys.executable or (os.cpu_count() or 1) == 1:
        yield
        return
    code = "from segmentd.engine.warm import warm_requests; warm_requests()"
    quiet = subprocess.DEVNULL
    other = subprocess.Popen([sys.executable, "-c", code], stdin=quiet, stdout=quiet, stderr=quiet)  # noqa: S603 - our own
    try:
        yield
        with suppress(subprocess.TimeoutExpired):
            other.wait(COMPILING_S)
    finally:
        other.kill()
        other.wait()


def _evaluate_sample() -> None:
    """A program, and codes."""
    program = compile_program(["everybody"], [], {"everybody": Constant(True, BOOL)}, Schema(Subject.CUSTOMER, ()))
    with Engine(1) as engine:
        engine.evaluate(program, Batch(1, {}), 0, planes=True)
        fold_sample()
        keep_sample()
        _code_sample(engine)


def _code_sample(engine: Engine) -> None:
    """Codes of a number, and of the class of a text."""
    column = FixedColumn(INT64, np.zeros(1, np.int64))
    engine.coded(Batch(1, {"number": column}), Distinctions({"number": frozenset({1})}))
    encode_classes(np.zeros(1, np.int64), np.zeros(1, np.int32), 0, 1, empty_planes(1, 2))
