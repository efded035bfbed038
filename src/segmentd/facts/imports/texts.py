"""Texts as typed values: whole columns at a time, and where a text is no such value, which rows are wrong.

A wrong text is null among the values, and true in `wrong`; what is said of it never repeats it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.facts.imports.mapping import ColumnType
from segmentd.facts.imports.moments import to_utc
from segmentd.moments import microseconds
from segmentd.schema import Kind

Wrong = npt.NDArray[np.bool_]

DECIMAL_DIGITS: Final = 38
MAX_FRACTION: Final = 9
"""Digits after the point of an amount whose type does not say how many it has."""

LIST_SEPARATOR: Final = "|"
UTC_MOMENT: Final = pa.timestamp("us", "UTC")
LISTS: Final = pa.list_(pa.string())
_BOOLS: Final = {"true": True, "false": False, "1": True, "0": False}
_NUMBER: Final = r"^[+-]?[0-9]+(\.[0-9]*)?$|^[+-]?\.[0-9]+$"


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Values, which rows are wrong (None: none), and what is asked of them."""

    array: pa.Array
    wrong: Wrong | None = None
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How values are read: the zone of times without one, that of days, and the point of decimals."""

    time_zone: str
    day_zone: str
    decimal_point: str = "."


def read_texts(texts: pa.Array, column: ColumnType, reading: Reading) -> Values:
    """The values of texts, null where one is missing or wrong."""
    return _READERS[column.type.kind](texts, column, reading)


def read_amounts(texts: pa.Array, reading: Reading) -> Values:
    """Amounts in major units, as decimals of as many digits after the point as the texts have."""
    plain = _with_point(texts, reading)
    right = pc.fill_null(pc.match_substring_regex(plain, _NUMBER), False)
    point = pc.find_substring(plain, ".")
    fraction = pc.if_else(pc.greater_equal(point, 0), pc.subtract(pc.subtract(pc.utf8_length(plain), point), 1), 0)
    digits = pc.subtract(pc.utf8_length(plain), fraction)
    right = pc.and_(right, pc.and_(pc.less_equal(fraction, MAX_FRACTION), pc.less_equal(digits, DECIMAL_DIGITS - 12)))
    kept = pc.if_else(pc.fill_null(right, False), plain, pa.scalar(None, pa.string()))
    most = pc.max(pc.filter(fraction, pc.is_valid(kept))).as_py() or 0
    allowed = f"an amount is digits with at most {MAX_FRACTION} after a {reading.decimal_point!r}"
    return _where_right(kept.cast(pa.decimal128(DECIMAL_DIGITS, most)), texts, allowed)


def _decimals(texts: pa.Array, column: ColumnType, reading: Reading) -> Values:
    scale = column.type.scale
    allowed = f"a {column.type} is digits with at most {scale} after a {reading.decimal_point!r}"
    plain = _with_point(texts, reading)
    right = pc.fill_null(pc.match_substring_regex(plain, _NUMBER), False)
    kept = pc.if_else(right, plain, pa.scalar(None, pa.string()))
    return _cast(kept, texts, pa.decimal128(DECIMAL_DIGITS, scale), allowed)


def _strings(texts: pa.Array, _column: ColumnType, _reading: Reading) -> Values:
    return Values(texts)


def _lists(texts: pa.Array, _column: ColumnType, _reading: Reading) -> Values:
    """Elements between `|`; no text, or an empty one, is an empty list."""
    if pa.types.is_list(texts.type):
        return Values(texts)
    empty = pc.fill_null(pc.equal(texts, ""), True)
    split = pc.split_pattern(pc.fill_null(texts, ""), LIST_SEPARATOR)
    return Values(pc.if_else(empty, pa.scalar([], LISTS), split))


def _bools(texts: pa.Array, _column: ColumnType, _reading: Reading) -> Values:
    return _by_value(texts, lambda text: _BOOLS[text.lower()], pa.bool_(), "a truth value is true, false, 1 or 0")


def _whole_numbers(texts: pa.Array, _column: ColumnType, _reading: Reading) -> Values:
    plain = pc.replace_substring_regex(texts, r"^\+([0-9])", r"\1")
    return _cast(plain, texts, pa.int64(), "a whole number is digits, and fits 64 bits")


def _doubles(texts: pa.Array, _column: ColumnType, reading: Reading) -> Values:
    return _cast(_with_point(texts, reading), texts, pa.float64(), "a number is digits, with a point perhaps")


def _days(texts: pa.Array, column: ColumnType, _reading: Reading) -> Values:
    if not column.format:
        return _cast(texts, texts, pa.date32(), "a date is written as 2024-05-31, or the mapping gives its format")
    allowed = f"a date has the format {column.format}"
    return _by_value(texts, lambda text: _parsed(text, column.format).date(), pa.date32(), allowed)


def _moments(texts: pa.Array, column: ColumnType, reading: Reading) -> Values:
    if column.format:
        allowed = f"a time has the format {column.format}"
        return _by_value(texts, lambda text: _instant(_parsed(text, column.format), reading), UTC_MOMENT, allowed)
    try:
        return Values(to_utc(texts.cast(pa.timestamp("us")), reading.time_zone))
    except pa.ArrowInvalid:
        pass
    try:
        return Values(texts.cast(UTC_MOMENT))
    except pa.ArrowInvalid:
        allowed = (
            "a time is written as 2024-05-31T10:00:00, with Z or an offset perhaps, or the mapping gives its format"
        )
        return _by_value(texts, lambda text: _instant(datetime.fromisoformat(text), reading), UTC_MOMENT, allowed)


def _parsed(text: str, format_: str) -> datetime:
    return datetime.strptime(text, format_)  # noqa: DTZ007 - whose zone it is in is said by the caller


def _instant(moment: datetime, reading: Reading) -> int:
    """Microseconds since 1970; of a time without a zone, in the zone of the reading."""
    if moment.tzinfo is not None:
        return microseconds(moment)
    local = microseconds(moment.replace(tzinfo=UTC))
    return int(to_utc(pa.array([local], pa.timestamp("us")), reading.time_zone).cast(pa.int64())[0].as_py())


def _with_point(texts: pa.Array, reading: Reading) -> pa.Array:
    if reading.decimal_point == ".":
        return texts
    # A text with a point in it is none that this mapping means.
    return pc.replace_substring(pc.replace_substring(texts, ".", "?"), reading.decimal_point, ".")


def _cast(plain: pa.Array, texts: pa.Array, type_: pa.DataType, allowed: str) -> Values:
    """The texts cast as a whole or, where one of them is wrong, one distinct text after the other."""
    try:
        return _where_right(plain.cast(type_), texts, allowed)
    except pa.ArrowInvalid:
        distinct = plain.dictionary_encode()
        values = pa.concat_arrays([_cast_one(text, type_) for text in distinct.dictionary] or [pa.nulls(0, type_)])
        return _where_right(values.take(distinct.indices), texts, allowed)


def _cast_one(text: pa.Scalar, type_: pa.DataType) -> pa.Array:
    try:
        return pa.array([text.as_py()], pa.string()).cast(type_)
    except pa.ArrowInvalid:
        return pa.nulls(1, type_)


def _by_value(texts: pa.Array, read: Callable[[str], Any], type_: pa.DataType, allowed: str) -> Values:
    """The value of each distinct text, by a function that raises where it has none."""
    distinct = texts.dictionary_encode()
    values = pa.array([_read_one(text, read) for text in distinct.dictionary.to_pylist()], type_)
    return _where_right(values.take(distinct.indices), texts, allowed)


def _read_one(text: str, read: Callable[[str], Any]) -> Any:
    try:
        value = read(text)
    except (ValueError, KeyError, OverflowError):
        return None
    return value if not isinstance(value, date) or value.year > 1 else None


def _where_right(values: pa.Array, texts: pa.Array, allowed: str) -> Values:
    wrong = pc.and_(pc.is_valid(texts), pc.is_null(values)).to_numpy(zero_copy_only=False)
    return Values(values, wrong if wrong.any() else None, allowed)


_READERS: Final[Mapping[Kind, Callable[[pa.Array, ColumnType, Reading], Values]]] = {
    Kind.STRING: _strings,
    Kind.LIST: _lists,
    Kind.BOOL: _bools,
    Kind.INT64: _whole_numbers,
    Kind.DOUBLE: _doubles,
    Kind.DECIMAL: _decimals,
    Kind.DATE: _days,
    Kind.TIMESTAMP: _moments,
}
