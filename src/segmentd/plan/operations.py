"""The operations of programs, by name; the kernels number them under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final


@unique
class Op(StrEnum):
    """What a gate or an instruction does. Planes are a bit a row; integers and doubles 64 bits a row."""

    # Planes.
    ZEROS = "zeros"
    ONES = "ones"
    COLUMN_BITS = "column_bits"
    VALIDITY = "validity"
    PARAMETER_BIT = "parameter_bit"
    AND = "and"
    OR = "or"
    AND_NOT = "and_not"
    NOT = "not"
    COMPARE_INT = "compare_int"
    COMPARE_DOUBLE = "compare_double"
    COMPARE_INTS = "compare_ints"
    COMPARE_DOUBLES = "compare_doubles"
    CODE_AT_LEAST = "code_at_least"
    LOOKUP_BIT = "lookup_bit"
    FAILED = "failed"  # the second result of the operation that is its operand

    # Integers.
    LOAD_INT = "load_int"
    FILL_INT = "fill_int"
    ADD_INT = "add_int"
    SUBTRACT_INT = "subtract_int"
    MULTIPLY_INT = "multiply_int"
    DIVIDE_INT = "divide_int"
    MODULO_INT = "modulo_int"
    NEGATE_INT = "negate_int"
    DOUBLE_TO_INT = "double_to_int"
    SELECT_INT = "select_int"
    LOOKUP_INT = "lookup_int"
    LOCAL_TIME = "local_time"
    CALENDAR_FIELD = "calendar_field"
    DIVIDE_TRUNCATED = "divide_truncated"
    REMAINDER_TRUNCATED = "remainder_truncated"
    FLOOR_DIVIDE = "floor_divide"
    MULTIPLY_RANGE = "multiply_range"
    MONTHS_BETWEEN = "months_between"
    DAYS_BETWEEN = "days_between"

    # Doubles.
    LOAD_DOUBLE = "load_double"
    FILL_DOUBLE = "fill_double"
    ADD_DOUBLE = "add_double"
    SUBTRACT_DOUBLE = "subtract_double"
    MULTIPLY_DOUBLE = "multiply_double"
    DIVIDE_DOUBLE = "divide_double"
    NEGATE_DOUBLE = "negate_double"
    INT_TO_DOUBLE = "int_to_double"
    MINOR_TO_MAJOR = "minor_to_major"
    SELECT_DOUBLE = "select_double"
    LOOKUP_DOUBLE = "lookup_double"

    # Outputs.
    EMIT_SEGMENT = "emit_segment"
    EMIT_PLANE = "emit_plane"
    EMIT_INT = "emit_int"
    EMIT_DOUBLE = "emit_double"


@unique
class Register(StrEnum):
    """The three register files."""

    PLANE = "p"
    INT = "i"
    DOUBLE = "d"


@unique
class Predicate(StrEnum):
    """Comparisons; NaN fulfils none of them."""

    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    EQUAL = "=="


@unique
class Flag(StrEnum):
    """What a looked-up or uniform value is, a bit each."""

    TRUE = "true"
    FALSE = "false"
    NULL = "null"
    PRESENT = "present"


_OPERATIONS: Final = tuple(Op)
INT_OPERATIONS: Final = frozenset(_OPERATIONS[_OPERATIONS.index(Op.LOAD_INT) : _OPERATIONS.index(Op.LOAD_DOUBLE)])
DOUBLE_OPERATIONS: Final = frozenset(
    _OPERATIONS[_OPERATIONS.index(Op.LOAD_DOUBLE) : _OPERATIONS.index(Op.EMIT_SEGMENT)]
)
FALLIBLE: Final = frozenset(
    {
        Op.ADD_INT,
        Op.SUBTRACT_INT,
        Op.MULTIPLY_INT,
        Op.DIVIDE_INT,
        Op.MODULO_INT,
        Op.NEGATE_INT,
        Op.DOUBLE_TO_INT,
        Op.MULTIPLY_RANGE,
    }
)
"""Operations with a second result, the plane of rows in which they failed."""


OPERANDS: Final[Mapping[Op, str]] = MappingProxyType(
    {
        Op.COLUMN_BITS: "c",
        Op.VALIDITY: "c",
        Op.PARAMETER_BIT: "k_",
        Op.AND: "pp",
        Op.OR: "pp",
        Op.AND_NOT: "pp",
        Op.NOT: "p",
        Op.COMPARE_INT: "_ik",
        Op.COMPARE_DOUBLE: "_dk",
        Op.COMPARE_INTS: "_ii",
        Op.COMPARE_DOUBLES: "_dd",
        Op.CODE_AT_LEAST: "c__",
        Op.LOOKUP_BIT: "ct_",
        Op.LOAD_INT: "c",
        Op.LOAD_DOUBLE: "c",
        Op.FILL_INT: "k",
        Op.FILL_DOUBLE: "k",
        Op.ADD_INT: "iik",
        Op.SUBTRACT_INT: "iik",
        Op.MULTIPLY_INT: "ii",
        Op.DIVIDE_INT: "ii",
        Op.MODULO_INT: "ii",
        Op.NEGATE_INT: "i",
        Op.DOUBLE_TO_INT: "d",
        Op.SELECT_INT: "pii",
        Op.LOOKUP_INT: "ct",
        Op.LOCAL_TIME: "itt",
        Op.CALENDAR_FIELD: "i_",
        Op.DIVIDE_TRUNCATED: "ik",
        Op.REMAINDER_TRUNCATED: "ik",
        Op.FLOOR_DIVIDE: "ik",
        Op.MULTIPLY_RANGE: "ik",
        Op.MONTHS_BETWEEN: "ii",
        Op.DAYS_BETWEEN: "ii",
        Op.ADD_DOUBLE: "dd",
        Op.SUBTRACT_DOUBLE: "dd",
        Op.MULTIPLY_DOUBLE: "dd",
        Op.DIVIDE_DOUBLE: "dd",
        Op.NEGATE_DOUBLE: "d",
        Op.INT_TO_DOUBLE: "i",
        Op.MINOR_TO_MAJOR: "ik",
        Op.SELECT_DOUBLE: "pdd",
        Op.LOOKUP_DOUBLE: "ct",
        Op.EMIT_SEGMENT: "pp",
        Op.EMIT_PLANE: "p",
        Op.EMIT_INT: "i",
        Op.EMIT_DOUBLE: "d",
    }
)
"""The operands of each operation, a letter each: planes `p`, integers `i`, doubles `d` by register (negative: a
column), `c`olumns, parameters `k`, `t`ables, and `_` for a number or the name of a predicate, a flag or a field."""


def register_of(operation: Op) -> Register:
    """The register file of an operation's result."""
    return _REGISTERS[operation]


_REGISTERS: Final = {
    operation: Register.INT
    if operation in INT_OPERATIONS
    else Register.DOUBLE
    if operation in DOUBLE_OPERATIONS
    else Register.PLANE
    for operation in Op
}
