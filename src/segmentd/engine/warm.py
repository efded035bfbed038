"""Loads the kernels' machine code from disk, or compiles it, before the first request needs it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Batch, Column, FixedColumn, TextColumn
from segmentd.engine.engine import Engine
from segmentd.engine.member_sample import extract_sample
from segmentd.engine.short import answer_sample
from segmentd.engine.vectors import read_sample
from segmentd.kernels.compiler import CACHE
from segmentd.kernels.interpreter import run_blocks
from segmentd.language.tree import AttributeRead, Constant
from segmentd.plan.compile import compile_program
from segmentd.plan.operations import Flag
from segmentd.plan.sources import ParameterKind, Table
from segmentd.plan.thresholds import Distinctions
from segmentd.schema import BOOL, INT64, STRING, AttributeSpec, Schema, Subject


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
        _code_sample(engine)
    read_sample()
    answer_sample()
    extract_sample()
    compiled = not run_blocks.stats.cache_hits  # type: ignore[attr-defined]
    return WarmReport(compiled, time.perf_counter() - start, str(CACHE))


def _code_sample(engine: Engine) -> None:
    """Codes of a number and of a text."""
    schema = Schema(Subject.CUSTOMER, (AttributeSpec("number", INT64), AttributeSpec("text", STRING)))
    text = AttributeRead("text", STRING, required=False)
    table = Table(ParameterKind.FLAGS, text, ("text",))
    wanted = Distinctions({"number": frozenset({1})}, {("text",): frozenset({(table, Flag.PRESENT)})}, schema=schema)
    columns: dict[str, Column] = {
        "number": FixedColumn(INT64, np.zeros(1, np.int64)),
        "text": TextColumn(np.zeros(1, np.int32), pa.array(["a"])),
    }
    engine.coded(Batch(1, columns), wanted)
