"""The types that CEL does not know: what operations on decimals and dates result in, and which of them are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segmentd.language.overloads import SUPPORTED
from segmentd.language.wording import display_name
from segmentd.schema import DATE, INT64, NULL, TIMESTAMP, DataType, Kind

_COMPARED: Final = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"})
_SUMMED: Final = frozenset({"add_int64", "subtract_int64"})
_DOUBLE_HINT: Final = "write double(x), which gives the decimal's major units"


class DecimalMisuse(ValueError):  # noqa: N818 - names the reason it becomes
    """An operation that decimals do not have; the argument says why."""


def result_type(overload: str, operands: Sequence[DataType], official: DataType) -> DataType:
    """The type of a call: `official` unless decimals or dates take part. Raises DecimalMisuse."""
    if any(operand.kind is Kind.DECIMAL for operand in operands):
        return _decimal_result(overload, operands, official)
    if overload == "conditional":
        return common_type(operands[1], operands[2]) or official
    return DATE if overload == "string_to_date" else official


def common_type(left: DataType, right: DataType) -> DataType | None:
    """The type of a value that is one or the other; None if there is no such type."""
    if right in (left, NULL):
        return left
    if left == NULL:
        return right
    return TIMESTAMP if {left, right} == {DATE, TIMESTAMP} else None


def _decimal_result(overload: str, operands: Sequence[DataType], official: DataType) -> DataType:
    if overload == "negate_int64":
        return operands[0]
    if overload == "decimal_to_double":
        return official
    if overload == "conditional":
        return _chosen(operands)
    if SUPPORTED[overload].function in _COMPARED:
        _require_one_format(operands, "compared with")
        return official
    if overload in _SUMMED:
        _require_one_format(operands, "added to or subtracted from")
        return operands[0]
    if overload == "multiply_int64":
        return _product(operands)
    raise DecimalMisuse(_unusable(overload, operands))


def _chosen(operands: Sequence[DataType]) -> DataType:
    common = common_type(operands[1], operands[2])
    if common is None:
        raise DecimalMisuse(f"both branches need one type, not {operands[1]} and {operands[2]}")
    return common


def _require_one_format(operands: Sequence[DataType], what: str) -> None:
    left, right = operands
    if left == right or NULL in operands:
        return
    if left.kind is right.kind:
        raise DecimalMisuse(f"{left} cannot be {what} {right}; scale and currency have to be the same")
    literal = "only a literal is taken as an amount; " if INT64 in operands else ""
    raise DecimalMisuse(f"{left} cannot be {what} {right}; {literal}{_DOUBLE_HINT}")


def _product(operands: Sequence[DataType]) -> DataType:
    left, right = operands
    if left.kind is right.kind:
        raise DecimalMisuse(f"{left} cannot be multiplied by {right}; {_DOUBLE_HINT}")
    return left if left.kind is Kind.DECIMAL else right


def _unusable(overload: str, operands: Sequence[DataType]) -> str:
    name = display_name(SUPPORTED[overload].function)
    return f"{name} does not take {' and '.join(map(str, operands))}; {_DOUBLE_HINT}"
