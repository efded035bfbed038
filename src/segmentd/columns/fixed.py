"""Columns of numbers, moments and truth values from NumPy arrays, every present value checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.column import Array, BoolColumn, FixedColumn
from segmentd.columns.errors import InvalidValueError, TypeMismatchError
from segmentd.columns.planes import Plane, pack, unpack
from segmentd.columns.zones import SECOND_US, start_of_days
from segmentd.schema import AttributeSpec, Kind

Wrong = npt.NDArray[np.bool_]

MIN_TIMESTAMP_US: Final = -62_135_596_800 * SECOND_US
"""0001-01-01T00:00:00Z."""
MAX_TIMESTAMP_US: Final = 253_402_300_800 * SECOND_US - 1
"""9999-12-31T23:59:59.999999Z."""
TIMESTAMP_RANGE: Final = "a timestamp is from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z"

EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
MIN_DAY: Final = date(1, 1, 2).toordinal() - EPOCH_ORDINAL
MAX_DAY: Final = date(9999, 12, 30).toordinal() - EPOCH_ORDINAL
DAY_RANGE: Final = "a date is from 0001-01-02 to 9999-12-30"

MAX_INT64: Final = 2**63 - 1
INT64_RANGE: Final = f"a whole number is from {-(2**63)} to {MAX_INT64}"

MAX_MINOR_FROM_DOUBLE: Final = 2**51
"""Below this many minor units a double decides for one decimal, and rounding the product finds it: the value and the
product are each off by half a unit in the last place at most, together less than half a minor unit."""


def build_fixed(spec: AttributeSpec, values: Array, validity: Plane | None, *, time_zone: str) -> FixedColumn:
    """The column of an INT64, DOUBLE, DECIMAL, TIMESTAMP or DATE attribute.

    Integers of any width are INT64; minor units of a DECIMAL; microseconds since 1970 of a TIMESTAMP; days since
    1970 of a DATE. Doubles are DOUBLE; major units of a DECIMAL, where each is the double nearest to a decimal of
    its scale. float32 is DOUBLE only. TypeMismatchError for other element types, InvalidValueError for the first
    value that is out of range; values of missing rows may be anything.
    """
    native = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    converted = _CONVERSIONS[spec.type.kind](spec, native, validity, time_zone)
    return FixedColumn(spec.type, np.require(converted, requirements=["C", "A"]), validity)


def build_bools(spec: AttributeSpec, values: Array, validity: Plane | None) -> BoolColumn:
    """The column of a BOOL attribute, from booleans or from bytes that are 0 or 1."""
    if values.dtype == np.bool_:
        return bool_column(pack(values), validity)
    if values.dtype not in (np.int8, np.uint8):
        raise TypeMismatchError(spec.id, given=values.dtype.name, expected=str(spec.type))
    wrong = (values != 0) & (values != 1)
    refuse_first(spec.id, wrong, values, validity, "a truth value is 0 or 1")
    return bool_column(pack(values == 1), validity)


def bool_column(values: Plane, validity: Plane | None) -> BoolColumn:
    """The column of a plane of truth values, false where the row is missing."""
    return BoolColumn(values, None) if validity is None else BoolColumn(values & validity, validity)


def refuse_first(attribute: str, wrong: Wrong, shown: Array, validity: Plane | None, allowed: str) -> None:
    """InvalidValueError for the first present row that is wrong, showing its value as given."""
    if validity is not None:
        wrong = wrong & unpack(validity, len(wrong))
    if wrong.any():
        row = int(wrong.argmax())
        raise InvalidValueError(attribute, row=row, value=shown[row], allowed=allowed, wrong=wrong, given=shown)


def within(
    attribute: str, values: Array, limits: tuple[int, int], validity: Plane | None, allowed: str
) -> npt.NDArray[Any]:
    """The values where they lie within the limits, 0 in missing rows where they do not."""
    lowest, highest = limits
    if len(values) == 0 or (values.min() >= lowest and values.max() <= highest):
        return values
    wrong = (values < lowest) | (values > highest)
    refuse_first(attribute, wrong, values, validity, allowed)
    return np.where(wrong, values.dtype.type(0), values)


def _integers(spec: AttributeSpec, values: Array, validity: Plane | None, _zone: str) -> Array:
    if values.dtype.kind == "i":
        return values
    if values.dtype.kind != "u":
        raise TypeMismatchError(spec.id, given=values.dtype.name, expected=str(spec.type))
    if values.dtype.itemsize == 8:
        return within(spec.id, values, (0, MAX_INT64), validity, INT64_RANGE).astype(np.int64)
    return values.astype(f"i{2 * values.dtype.itemsize}")


def _doubles(spec: AttributeSpec, values: Array, _validity: Plane | None, _zone: str) -> Array:
    if values.dtype not in (np.float64, np.float32):
        raise TypeMismatchError(spec.id, given=values.dtype.name, expected=str(spec.type))
    return values


def _decimals(spec: AttributeSpec, values: Array, validity: Plane | None, zone: str) -> Array:
    if values.dtype != np.float64:
        return _integers(spec, values, validity, zone)
    unit = 10.0**spec.type.scale
    with np.errstate(invalid="ignore", over="ignore"):
        minor = np.rint(values * unit)
        exact = (np.abs(minor) < MAX_MINOR_FROM_DOUBLE) & (minor / unit == values)
    allowed = (
        f"a double stands for an amount where it is nearest to a decimal of {spec.type.scale} digits after the point, "
        f"below {MAX_MINOR_FROM_DOUBLE} minor units; give minor units as integers otherwise"
    )
    refuse_first(spec.id, ~exact, values, validity, allowed)
    return np.where(exact, minor, 0.0).astype(np.int64)


def _moments(spec: AttributeSpec, values: Array, validity: Plane | None, zone: str) -> Array:
    microseconds = _integers(spec, values, validity, zone).astype(np.int64, copy=False)
    return within(spec.id, microseconds, (MIN_TIMESTAMP_US, MAX_TIMESTAMP_US), validity, TIMESTAMP_RANGE)


def _days(spec: AttributeSpec, values: Array, validity: Plane | None, zone: str) -> Array:
    days = _integers(spec, values, validity, zone).astype(np.int64, copy=False)
    return start_of_days(within(spec.id, days, (MIN_DAY, MAX_DAY), validity, DAY_RANGE), zone)


_CONVERSIONS: Final[Mapping[Kind, Callable[[AttributeSpec, Array, Plane | None, str], Array]]] = {
    Kind.INT64: _integers,
    Kind.DOUBLE: _doubles,
    Kind.DECIMAL: _decimals,
    Kind.TIMESTAMP: _moments,
    Kind.DATE: _days,
}
