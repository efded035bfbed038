"""Programs as the arrays that the kernels run: done once a program, whatever batches it meets."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from segmentd.columns.coding import bit_count
from segmentd.kernels.program import opcodes
from segmentd.plan.linear import Instruction
from segmentd.plan.operations import OPERANDS, Flag, Op, Predicate
from segmentd.plan.program import Program
from segmentd.plan.sources import Constants, Parameter, ParameterKind, SlicedCodes

NAMES: Final[Mapping[str, int]] = MappingProxyType(
    {
        Predicate.LESS: opcodes.LESS,
        Predicate.AT_MOST: opcodes.AT_MOST,
        Predicate.GREATER: opcodes.GREATER,
        Predicate.AT_LEAST: opcodes.AT_LEAST,
        Predicate.EQUAL: opcodes.EQUAL,
        Flag.TRUE: opcodes.TRUE_BIT,
        Flag.FALSE: opcodes.FALSE_BIT,
        Flag.NULL: opcodes.NULL_BIT,
        Flag.PRESENT: opcodes.PRESENT_BIT,
        "year": opcodes.YEAR,
        "month": opcodes.MONTH,
        "day_of_month": opcodes.DAY_OF_MONTH,
        "day_of_week": opcodes.DAY_OF_WEEK,
        "day_of_year": opcodes.DAY_OF_YEAR,
        "hours": opcodes.HOURS,
        "minutes": opcodes.MINUTES,
        "seconds": opcodes.SECONDS,
        "milliseconds": opcodes.MILLISECONDS,
    }
)
"""The kernels' numbers of predicates, flags and calendar fields."""

_ARRAYS: Final = {
    ParameterKind.FLAGS: np.uint8,
    ParameterKind.INT: np.int64,
    ParameterKind.DOUBLE: np.float64,
    ParameterKind.POOL: np.int64,
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """`code` int64[n, 8]; each parameter's place in its kind's array; those arrays with the constants in them."""

    code: npt.NDArray[np.int64]
    places: tuple[int, ...]
    flags: npt.NDArray[np.uint8]
    ints: npt.NDArray[np.int64]
    doubles: npt.NDArray[np.float64]


_ENCODED: WeakKeyDictionary[Program, Encoded] = WeakKeyDictionary()


_LOCK = threading.Lock()
"""Two threads must not change the dictionary at once."""


def encode(program: Program) -> Encoded:
    """The program's arrays."""
    with _LOCK:
        encoded = _ENCODED.get(program)
    if encoded is None:
        encoded = _encode(program)
        with _LOCK:
            _ENCODED[program] = encoded
    return encoded


def is_encoded(program: Program) -> bool:
    """Whether the arrays are there already."""
    with _LOCK:
        return program in _ENCODED


def _encode(program: Program) -> Encoded:
    places, arrays = _lay_out(program.parameters)
    code = np.full((len(program.instructions), opcodes.WIDTH), -1, np.int64)
    for row, instruction in zip(code, program.instructions, strict=True):
        _encode_instruction(instruction, places, row)
        if instruction.op is Op.CODE_AT_LEAST:
            row[0] += _compared_bits(program, instruction)
    return Encoded(code, places, arrays[np.uint8], arrays[np.int64], arrays[np.float64])


def _lay_out(parameters: tuple[Parameter, ...]) -> tuple[tuple[int, ...], dict[Any, Any]]:
    values: dict[Any, list[int | float]] = {np.uint8: [], np.int64: [], np.float64: []}
    places = []
    for parameter in parameters:
        array = values[_ARRAYS[parameter.kind]]
        places.append(len(array))
        array.extend(parameter.values if isinstance(parameter, Constants) else (0,))
    return tuple(places), {dtype: np.array(array or [0], dtype) for dtype, array in values.items()}


def _compared_bits(program: Program, instruction: Instruction) -> int:
    """How many bits of the codes an instruction compares: the kernel's number of the operation says so."""
    column, left_out = instruction.operands[:2]
    source = program.columns[int(column)]
    if not isinstance(source, SlicedCodes):
        raise TypeError(f"{source} has no codes")
    return bit_count(source.layout.size) - int(left_out)


def _encode_instruction(instruction: Instruction, places: tuple[int, ...], row: npt.NDArray[np.int64]) -> None:
    row[0] = getattr(opcodes, instruction.op.name)
    row[1] = instruction.destination
    for index, (sign, operand) in enumerate(zip(OPERANDS.get(instruction.op, ""), instruction.operands, strict=True)):
        if isinstance(operand, str):
            row[2 + index] = NAMES[operand]
        else:
            row[2 + index] = places[operand] if sign == "k" else operand
    if instruction.failed >= 0:
        row[5] = instruction.failed
