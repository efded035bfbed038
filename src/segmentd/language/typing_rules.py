"""The types that CEL does not know: what operations on decimals and dates result in, and which of them are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segmentd.language.overloads import SUPPORTED
from segmentd.schema import DATE, NULL, TIMESTAMP, DataType, Kind

_COMPARED: Final = frozenset(
    {"equals", "not_equals", "less_int64", "less_equals_int64", "greater_int64", "greater_equals_int64"}
)
_SUMMED: Final = frozenset({"add_int64", "subtract_int64"})
_RATIO_HINT: Final = "write double(x) for a ratio or a rate; it gives major units"


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
    if left == right or right == NULL:
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
    if overload in _COMPARED:
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
    if common_type(left, right) is not None:
        return
    if left.kind is right.kind:
        raise DecimalMisuse(f"{left} cannot be {what} {right}; scale and currency have to be the same")
    hint = "only a literal is taken as an amount; write double(x) on the side of the decimal"
    raise DecimalMisuse(f"{left} cannot be {what} {right}; {hint}")


def _product(operands: Sequence[DataType]) -> DataType:
    left, right = operands
    if left.kind is right.kind:
        raise DecimalMisuse(f"{left} cannot be multiplied by {right}; {_RATIO_HINT}")
    return left if left.kind is Kind.DECIMAL else right


def _unusable(overload: str, operands: Sequence[DataType]) -> str:
    signature = SUPPORTED[overload].signature if overload in SUPPORTED else overload
    given = " and ".join(map(str, operands))
    return f"{given} given to {signature}, which takes no DECIMAL; {_RATIO_HINT}"
