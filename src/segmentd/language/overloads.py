"""The supported subset of CEL: every operation that an expression may use, by the overload id of the official checker.

What is not in `SUPPORTED` is refused when an expression is defined. `docs/semantics.md` prints this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from segmentd.language.tree import Call
from segmentd.schema import Kind


@unique
class Evaluation(StrEnum):
    """How an operation is evaluated.

    KERNEL: on columns. TABULATED: by the official runtime, once per distinct tuple of inputs, then looked up.
    CONSTANT: on literals only, when the expression is defined.
    """

    KERNEL = "kernel"
    TABULATED = "tabulated"
    CONSTANT = "constant"


@dataclass(frozen=True, slots=True)
class Overload:
    """One operation. `function` is its name in CEL's trees; `receiver` says that the first argument is a method's."""

    id: str
    function: str
    signature: str
    evaluation: Evaluation
    note: str = ""
    receiver: bool = False


def _operators(function: str, evaluation: Evaluation, rows: Iterable[tuple[str, ...]]) -> list[Overload]:
    return [Overload(row[0], function, row[1], evaluation, row[2] if len(row) > 2 else "") for row in rows]


def _methods(evaluation: Evaluation, rows: Iterable[tuple[str, ...]]) -> list[Overload]:
    """Methods; their name in CEL's trees is read from the signature, `STRING.trim() -> STRING`."""
    return [
        Overload(row[0], _name(row[1]), row[1], evaluation, row[2] if len(row) > 2 else "", receiver=True)
        for row in rows
    ]


def _functions(evaluation: Evaluation, rows: Iterable[tuple[str, ...]]) -> list[Overload]:
    """Functions; `strings.quote` is one too, of that name."""
    return [
        Overload(row[0], row[1].partition("(")[0], row[1], evaluation, row[2] if len(row) > 2 else "") for row in rows
    ]


def _name(signature: str) -> str:
    return signature.partition("(")[0].rpartition(".")[2]


_LOGIC: Final = (
    Overload("logical_and", "_&&_", "BOOL && BOOL -> BOOL", Evaluation.KERNEL, "false && unknown is false"),
    Overload("logical_or", "_||_", "BOOL || BOOL -> BOOL", Evaluation.KERNEL, "true || unknown is true"),
    Overload("logical_not", "!_", "!BOOL -> BOOL", Evaluation.KERNEL),
    Overload("conditional", "_?_:_", "BOOL ? T : T -> T", Evaluation.KERNEL, "only the chosen branch counts"),
)

_ONE_TYPE = "on text and lists tabulated; a missing value equals null only"

_EQUALITY: Final = (
    Overload("equals", "_==_", "T == T -> BOOL", Evaluation.KERNEL, _ONE_TYPE),
    Overload("not_equals", "_!=_", "T != T -> BOOL", Evaluation.KERNEL, _ONE_TYPE),
    Overload(
        "in_list",
        "@in",
        "T in [T, ...] -> BOOL",
        Evaluation.KERNEL,
        "on text, and in a LIST, tabulated; null is in no list",
    ),
)

_ORDERING_OPERATORS: Final = (("less", "<"), ("less_equals", "<="), ("greater", ">"), ("greater_equals", ">="))

_ORDERED: Final = (
    ("bool", "BOOL", "BOOL", "false is less than true"),
    ("int64", "INT64", "INT64", "also two DECIMAL of one format"),
    ("int64_double", "INT64", "DOUBLE", "the INT64 as its nearest double"),
    ("double_int64", "DOUBLE", "INT64", "the INT64 as its nearest double"),
    ("double", "DOUBLE", "DOUBLE", "false with NaN"),
    ("string", "STRING", "STRING", "by UTF-8 bytes"),
    ("timestamp", "TIMESTAMP", "TIMESTAMP", "also DATE"),
    ("duration", "DURATION", "DURATION", ""),
)


def _orderings() -> list[Overload]:
    return [
        Overload(
            f"{base}_{suffix}",
            f"_{sign}_",
            f"{left} {sign} {right} -> BOOL",
            Evaluation.TABULATED if suffix == "string" else Evaluation.KERNEL,
            note,
        )
        for base, sign in _ORDERING_OPERATORS
        for suffix, left, right, note in _ORDERED
    ]


_LONG = "unknown beyond 292 years"
_OVERFLOW = "unknown on overflow; also two DECIMAL of one format"

_ARITHMETIC: Final = (
    *_operators(
        "_+_",
        Evaluation.KERNEL,
        (
            ("add_int64", "INT64 + INT64 -> INT64", _OVERFLOW),
            ("add_double", "DOUBLE + DOUBLE -> DOUBLE"),
            ("add_timestamp_duration", "TIMESTAMP + DURATION -> TIMESTAMP", "unknown outside of years 1 to 9999"),
            ("add_duration_timestamp", "DURATION + TIMESTAMP -> TIMESTAMP", "unknown outside of years 1 to 9999"),
            ("add_duration_duration", "DURATION + DURATION -> DURATION", _LONG),
        ),
    ),
    *_operators(
        "_+_",
        Evaluation.TABULATED,
        (("add_string", "STRING + STRING -> STRING"), ("add_list", "LIST + LIST -> LIST")),
    ),
    *_operators(
        "_-_",
        Evaluation.KERNEL,
        (
            ("subtract_int64", "INT64 - INT64 -> INT64", _OVERFLOW),
            ("subtract_double", "DOUBLE - DOUBLE -> DOUBLE"),
            ("subtract_timestamp_timestamp", "TIMESTAMP - TIMESTAMP -> DURATION", _LONG),
            ("subtract_timestamp_duration", "TIMESTAMP - DURATION -> TIMESTAMP", "unknown outside of years 1 to 9999"),
            ("subtract_duration_duration", "DURATION - DURATION -> DURATION", _LONG),
        ),
    ),
    *_operators(
        "_*_",
        Evaluation.KERNEL,
        (
            ("multiply_int64", "INT64 * INT64 -> INT64", "unknown on overflow; also DECIMAL with INT64"),
            ("multiply_double", "DOUBLE * DOUBLE -> DOUBLE"),
        ),
    ),
    *_operators(
        "_/_",
        Evaluation.KERNEL,
        (
            ("divide_int64", "INT64 / INT64 -> INT64", "towards zero; unknown on division by zero and on overflow"),
            ("divide_double", "DOUBLE / DOUBLE -> DOUBLE", "IEEE 754: infinite or NaN on division by zero"),
        ),
    ),
    *_operators(
        "_%_",
        Evaluation.KERNEL,
        (("modulo_int64", "INT64 % INT64 -> INT64", "sign of the left side; unknown on division by zero"),),
    ),
    *_operators(
        "-_",
        Evaluation.KERNEL,
        (
            ("negate_int64", "-INT64 -> INT64", "unknown on overflow; also DECIMAL"),
            ("negate_double", "-DOUBLE -> DOUBLE"),
        ),
    ),
)

_GETTERS: Final = (
    ("timestamp_to_year", "getFullYear", ""),
    ("timestamp_to_month", "getMonth", "January is 0"),
    ("timestamp_to_day_of_year", "getDayOfYear", "the first day is 0"),
    ("timestamp_to_day_of_month", "getDayOfMonth", "the first day is 0"),
    ("timestamp_to_day_of_month_1_based", "getDate", "the first day is 1"),
    ("timestamp_to_day_of_week", "getDayOfWeek", "Sunday is 0"),
    ("timestamp_to_hours", "getHours", ""),
    ("timestamp_to_minutes", "getMinutes", ""),
    ("timestamp_to_seconds", "getSeconds", ""),
    ("timestamp_to_milliseconds", "getMilliseconds", "of the second"),
)


def _zoned(overload: str) -> str:
    """The id of a getter with a zone; the official checker spells one of them otherwise."""
    return "timestamp_to_seconds_tz" if overload == "timestamp_to_seconds" else f"{overload}_with_tz"


ZONED_GETTERS: Final[Mapping[str, str]] = MappingProxyType({id_: _zoned(id_) for id_, _, _ in _GETTERS})
"""The getters of timestamps: id without a zone → id with a zone."""

_TIME: Final = (
    *_methods(
        Evaluation.KERNEL,
        (
            (id_, f"TIMESTAMP.{name}() -> INT64", f"{note}; in UTC" if note else "in UTC")
            for id_, name, note in _GETTERS
        ),
    ),
    *_methods(
        Evaluation.KERNEL,
        ((_zoned(id_), f"TIMESTAMP.{name}(zone) -> INT64", note) for id_, name, note in _GETTERS),
    ),
    *_methods(
        Evaluation.KERNEL,
        (
            ("duration_to_hours", "DURATION.getHours() -> INT64", "whole hours, towards zero"),
            ("duration_to_minutes", "DURATION.getMinutes() -> INT64", "whole minutes, towards zero"),
            ("duration_to_seconds", "DURATION.getSeconds() -> INT64", "whole seconds, towards zero"),
            ("duration_to_milliseconds", "DURATION.getMilliseconds() -> INT64", "of the second"),
        ),
    ),
    *_functions(
        Evaluation.KERNEL,
        (
            ("years_between_timestamp_timestamp", "yearsBetween(TIMESTAMP, TIMESTAMP) -> INT64", "segmentd's own"),
            ("months_between_timestamp_timestamp", "monthsBetween(TIMESTAMP, TIMESTAMP) -> INT64", "segmentd's own"),
            ("days_between_timestamp_timestamp", "daysBetween(TIMESTAMP, TIMESTAMP) -> INT64", "segmentd's own"),
        ),
    ),
    *_functions(
        Evaluation.CONSTANT,
        (
            ("string_to_timestamp", "timestamp(STRING) -> TIMESTAMP", "RFC 3339, whole microseconds"),
            (
                "string_to_duration",
                "duration(STRING) -> DURATION",
                'such as "1h30m"; whole microseconds, at most 292 years',
            ),
            ("string_to_date", "date(STRING) -> DATE", "YYYY-MM-DD in the ledger's zone; segmentd's own"),
        ),
    ),
)

_TEXT: Final = (
    *_methods(
        Evaluation.TABULATED,
        (
            ("contains_string", "STRING.contains(STRING) -> BOOL"),
            ("starts_with_string", "STRING.startsWith(STRING) -> BOOL"),
            ("ends_with_string", "STRING.endsWith(STRING) -> BOOL"),
            ("matches_string", "STRING.matches(STRING) -> BOOL", "RE2, anywhere in the text"),
            (
                "is_under_string_string",
                "STRING.isUnder(STRING) -> BOOL",
                "equal, or a path that goes on after it; segmentd's own",
            ),
            ("string_size", "STRING.size() -> INT64", "code points"),
            ("list_size", "LIST.size() -> INT64"),
            ("string_char_at_int", "STRING.charAt(INT64) -> STRING"),
            ("string_index_of_string", "STRING.indexOf(STRING) -> INT64", "-1: not there"),
            ("string_index_of_string_int", "STRING.indexOf(STRING, INT64) -> INT64", "-1: not there"),
            ("string_last_index_of_string", "STRING.lastIndexOf(STRING) -> INT64", "-1: not there"),
            ("string_last_index_of_string_int", "STRING.lastIndexOf(STRING, INT64) -> INT64", "-1: not there"),
            ("string_lower_ascii", "STRING.lowerAscii() -> STRING"),
            ("string_upper_ascii", "STRING.upperAscii() -> STRING"),
            ("string_replace_string_string", "STRING.replace(STRING, STRING) -> STRING"),
            ("string_replace_string_string_int", "STRING.replace(STRING, STRING, INT64) -> STRING"),
            ("string_split_string", "STRING.split(STRING) -> LIST"),
            ("string_split_string_int", "STRING.split(STRING, INT64) -> LIST"),
            ("string_substring_int", "STRING.substring(INT64) -> STRING"),
            ("string_substring_int_int", "STRING.substring(INT64, INT64) -> STRING"),
            ("string_trim", "STRING.trim() -> STRING", "Unicode white space"),
            ("string_reverse", "STRING.reverse() -> STRING"),
            ("list_join", "LIST.join() -> STRING"),
            ("list_join_string", "LIST.join(STRING) -> STRING"),
        ),
    ),
    *_functions(
        Evaluation.TABULATED,
        (
            ("matches", "matches(STRING, STRING) -> BOOL", "RE2, anywhere in the text"),
            ("size_string", "size(STRING) -> INT64", "code points"),
            ("size_list", "size(LIST) -> INT64"),
            ("strings_quote", "strings.quote(STRING) -> STRING"),
        ),
    ),
    Overload(
        "index_list", "_[_]", "LIST[INT64] -> STRING", Evaluation.TABULATED, "from 0; unknown outside of the list"
    ),
)

_CONVERSIONS: Final = (
    *_functions(
        Evaluation.KERNEL,
        (
            ("bool_to_bool", "bool(BOOL) -> BOOL"),
            ("int64_to_int64", "int(INT64) -> INT64"),
            ("double_to_int64", "int(DOUBLE) -> INT64", "towards zero; unknown out of range"),
            ("timestamp_to_int64", "int(TIMESTAMP) -> INT64", "whole seconds since 1970 in UTC"),
            ("double_to_double", "double(DOUBLE) -> DOUBLE"),
            ("int64_to_double", "double(INT64) -> DOUBLE", "the nearest"),
            ("decimal_to_double", "double(DECIMAL) -> DOUBLE", "in major units; segmentd's own"),
            ("timestamp_to_timestamp", "timestamp(TIMESTAMP) -> TIMESTAMP", "of a DATE: the start of the day"),
            ("int64_to_timestamp", "timestamp(INT64) -> TIMESTAMP", "seconds since 1970; unknown out of range"),
            ("duration_to_duration", "duration(DURATION) -> DURATION"),
        ),
    ),
    *_functions(
        Evaluation.TABULATED,
        (
            (
                "string_to_bool",
                "bool(STRING) -> BOOL",
                'unknown unless it is "true", "True", "TRUE", "t" or "1", or so of false',
            ),
            ("string_to_int64", "int(STRING) -> INT64", "unknown unless it is a number in range"),
            ("string_to_double", "double(STRING) -> DOUBLE", "unknown unless it is a number"),
            ("string_to_string", "string(STRING) -> STRING"),
            ("int64_to_string", "string(INT64) -> STRING"),
            ("bool_to_string", "string(BOOL) -> STRING"),
        ),
    ),
)

SUPPORTED: Final[Mapping[str, Overload]] = MappingProxyType(
    {
        overload.id: overload
        for overload in (*_LOGIC, *_EQUALITY, *_orderings(), *_ARITHMETIC, *_TIME, *_TEXT, *_CONVERSIONS)
    }
)
"""Overload id → operation, in the order of the documentation."""

_TEXTUAL: Final = frozenset({Kind.STRING, Kind.LIST})

_BY_OPERANDS: Final = frozenset({"equals", "not_equals", "in_list"})


def is_tabulated(call: Call) -> bool:
    """Whether a call is evaluated per distinct tuple of inputs; equality and `in` are, of text and lists."""
    if call.overload in _BY_OPERANDS:
        kinds = [argument.type.kind for argument in call.arguments]
        compared = kinds[:1] if call.overload == "in_list" else kinds
        return Kind.NULL not in kinds and not _TEXTUAL.isdisjoint(compared)
    return SUPPORTED[call.overload].evaluation is Evaluation.TABULATED


def of_function(function: str) -> tuple[Overload, ...]:
    """The supported overloads of a function or operator, by its name in CEL's trees; none if it is not supported."""
    return tuple(overload for overload in SUPPORTED.values() if overload.function == function)


__all__ = ["SUPPORTED", "ZONED_GETTERS", "Evaluation", "Overload", "is_tabulated", "of_function"]
