"""Programs as they run over one word of rows: logic, comparisons with constants, and nothing else."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from segmentd.kernels.short_scores import run as short_run
from segmentd.plan.linear import Instruction
from segmentd.plan.operations import Op, Predicate
from segmentd.plan.program import Program
from segmentd.plan.sources import AttributeColumn, Constants, ParameterKind

_NO_OPERANDS: Final = {Op.ZEROS: short_run.ZEROS, Op.ONES: short_run.ONES}
_COLUMNS: Final = {Op.COLUMN_BITS: short_run.BITS, Op.VALIDITY: short_run.VALIDITY}
_LOGIC: Final = {
    Op.AND: short_run.AND,
    Op.OR: short_run.OR,
    Op.AND_NOT: short_run.AND_NOT,
    Op.NOT: short_run.NOT,
    Op.EMIT_SEGMENT: short_run.EMIT,
}
_COMPARISONS: Final = {
    Op.COMPARE_INT: (short_run.COMPARE_INT, ParameterKind.INT),
    Op.COMPARE_DOUBLE: (short_run.COMPARE_DOUBLE, ParameterKind.DOUBLE),
}

_PREDICATES: Final = {
    Predicate.LESS: short_run.LESS,
    Predicate.AT_MOST: short_run.LESS | short_run.EQUAL,
    Predicate.EQUAL: short_run.EQUAL,
    Predicate.AT_LEAST: short_run.EQUAL | short_run.MORE,
    Predicate.GREATER: short_run.MORE,
}

_MOST: Final = np.iinfo(np.int16).max
"""Planes, columns, bounds and segments that instructions can name: narrow ones are read from memory sooner."""


@dataclass(frozen=True, slots=True, eq=False)
class ShortProgram:
    """`code` and `bounds` as `run_word` takes them, how many planes it needs, and the attributes of its columns."""

    code: npt.NDArray[np.int16]
    bounds: npt.NDArray[np.int64]
    columns: tuple[str, ...]
    planes: int
    segments: int
    comparisons: int


_KNOWN: WeakKeyDictionary[Program, ShortProgram | None] = WeakKeyDictionary()
_LOCK = threading.Lock()
"""Two threads must not change the dictionary at once."""


def short_program(program: Program) -> ShortProgram | None:
    """The program for one word of rows; None where it does more than such programs can."""
    with _LOCK:
        if program in _KNOWN:
            return _KNOWN[program]
    found = _translate(program)
    with _LOCK:
        _KNOWN[program] = found
    return found


def _translate(program: Program) -> ShortProgram | None:
    if len(program.instructions) > _MOST:
        return None
    columns = [column for column in program.columns if isinstance(column, AttributeColumn)]
    constants = [parameter for parameter in program.parameters if isinstance(parameter, Constants)]
    if len(columns) < len(program.columns) or len(constants) < len(program.parameters) or program.computed:
        return None
    steps = [_step(instruction, constants) for instruction in program.instructions]
    known = [step for step in steps if step is not None]
    if len(known) < len(steps) or any(max(step) > _MOST for step in known):
        return None
    return ShortProgram(
        code=np.array(known, np.int16).reshape(-1, short_run.WIDTH),
        bounds=np.array([constant.bits[0] for constant in constants] or [0], np.int64),
        columns=tuple(column.attribute for column in columns),
        planes=1 + max((step[1] for step in known if step[0] != short_run.EMIT), default=0),
        segments=len(program.segments),
        comparisons=sum(instruction.op in _COMPARISONS for instruction in program.instructions),
    )


def _step(instruction: Instruction, constants: list[Constants]) -> tuple[int, int, int, int] | None:
    """The instruction in four numbers; None where it is none of those that are known here."""
    operation, to, operands = instruction.op, instruction.destination, instruction.operands
    if operation in _NO_OPERANDS:
        return _NO_OPERANDS[operation], to, 0, 0
    if operation in _COLUMNS:
        return _COLUMNS[operation], to, int(operands[0]), 0
    if operation in _LOGIC:
        return _LOGIC[operation], to, int(operands[0]), int(operands[-1])
    if operation not in _COMPARISONS:
        return None
    code, kind = _COMPARISONS[operation]
    predicate, column, bound = Predicate(str(operands[0])), int(operands[1]), int(operands[2])
    if column >= 0 or constants[bound].kind is not kind:
        return None
    return code | _PREDICATES[predicate], to, ~column, bound
