"""Loads the kernels' machine code from disk, or compiles it, before the first request needs it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from segmentd.columns.column import Batch
from segmentd.engine.engine import Engine
from segmentd.engine.member_sample import extract_sample
from segmentd.engine.short import answer_sample
from segmentd.engine.vectors import read_sample
from segmentd.kernels.compiler import CACHE
from segmentd.kernels.interpreter import run_blocks
from segmentd.language.tree import Constant
from segmentd.plan.compile import compile_program
from segmentd.schema import BOOL, Schema, Subject


@dataclass(frozen=True, slots=True)
class WarmReport:
    """Whether the kernels had to be compiled (False: they were on disk), how long it took, and where they are kept."""

    compiled: bool
    seconds: float
    cache_directory: str


def warm() -> WarmReport:
    """Run every kernel's loop once on one row."""
    start = time.perf_counter()
    program = compile_program(["everybody"], [], {"everybody": Constant(True, BOOL)}, Schema(Subject.CUSTOMER, ()))
    with Engine(1) as engine:
        engine.evaluate(program, Batch(1, {}), 0, planes=True)
    read_sample()
    answer_sample()
    extract_sample()
    compiled = not run_blocks.stats.cache_hits  # type: ignore[attr-defined]
    return WarmReport(compiled, time.perf_counter() - start, str(CACHE))
