"""The grammar of generated expressions: each operation of the language with what it takes and gives.

A pattern is CEL with `{}` for operands. An operand is a type (any expression of it) or a hole: a special
place, such as a zone's name, that only some texts fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, unique

from segmentd.schema import BOOL, DATE, DOUBLE, DURATION, INT64, LIST, STRING, TIMESTAMP, DataType


@unique
class Hole(Enum):
    """A place for more or less than any expression of one type."""

    MOMENT = "a timestamp or a date"
    ZONE = "a zone's name"
    PATTERN = "a regular expression"
    DAY = "the text of a date"
    INSTANT = "the text of a timestamp"
    LENGTH = "the text of a duration"
    INDEX = "a small integer, or any"
    WORD = "a short text, or any"
    ATTRIBUTE = "an attribute that may be missing"
    READ = "an attribute of any type but LIST"
    DECIMAL = "a literal of the decimal type of the other operand"
    PREDICATE = "a condition on an item"
    RESULT = "an attribute of the operation's own type"


Operand = DataType | Hole


@dataclass(frozen=True, slots=True)
class Production:
    """One operation. `tabulated`: it is on text or lists, so its operands must all be tabulable.

    `macro`: it goes over items, and stands below no operation on text.
    """

    result: DataType
    pattern: str
    operands: tuple[Operand, ...]
    tabulated: bool = False
    weight: int = 1
    macro: bool = False


VARIABLE = "x"
"""The variable of generated macros."""

ORDERINGS = ("<", "<=", ">", ">=")
EQUALITIES = ("==", "!=")
GETTERS = (
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
)


def productions(decimals: Iterable[DataType]) -> tuple[Production, ...]:
    """Every operation, the decimal ones once for each decimal type."""
    types = tuple(decimals)
    return (
        *_logic(),
        *_conditionals(types),
        *_equalities(),
        *_orderings(),
        *_numbers(),
        *_conversions(),
        *_calendar(),
        *_text(),
        *_lists(),
        *(production for kind in types for production in _money(kind)),
    )


def macros(path: str) -> Iterator[Production]:
    """Those over the items of a path such as `customer.accounts`; their variable is `x`."""
    for name in ("exists", "all", "exists_one"):
        yield Production(BOOL, f"{path}.{name}({VARIABLE}, {{}})", (Hole.PREDICATE,), weight=8, macro=True)
    yield Production(INT64, f"{path}.filter({VARIABLE}, {{}}).size()", (Hole.PREDICATE,), weight=8, macro=True)
    yield Production(INT64, f"size({path}.filter({VARIABLE}, {{}}))", (Hole.PREDICATE,), macro=True)
    yield Production(INT64, f"({path}.size() - {{}})", (INT64,), macro=True)
    yield Production(BOOL, f"(has({path}) != {{}})", (BOOL,), macro=True)


def _logic() -> Iterator[Production]:
    yield Production(BOOL, "({} && {})", (BOOL, BOOL), weight=12)
    yield Production(BOOL, "({} || {})", (BOOL, BOOL), weight=12)
    yield Production(BOOL, "({} || {} || {} || {})", (BOOL, BOOL, BOOL, BOOL), weight=3)
    yield Production(BOOL, "({} && {} && {})", (BOOL, BOOL, BOOL), weight=3)
    yield Production(BOOL, "!{}", (BOOL,), weight=8)
    yield Production(BOOL, "has({})", (Hole.ATTRIBUTE,), weight=4)
    yield Production(BOOL, "({} == null)", (Hole.READ,), weight=3)
    yield Production(BOOL, "(null != {})", (Hole.READ,), weight=3)


def _conditionals(decimals: tuple[DataType, ...]) -> Iterator[Production]:
    for kind in (BOOL, INT64, DOUBLE, STRING, TIMESTAMP, DATE, DURATION, LIST, *decimals):
        yield Production(kind, "({} ? {} : {})", (BOOL, kind, kind), weight=4 if kind == BOOL else 2)
    for kind in (BOOL, INT64, DOUBLE, STRING, TIMESTAMP, DATE, *decimals):
        yield Production(kind, "({} ? {} : null)", (BOOL, Hole.RESULT))
        yield Production(kind, "({} ? null : {})", (BOOL, Hole.RESULT))


def _equalities() -> Iterator[Production]:
    for operator in EQUALITIES:
        for kind in (BOOL, INT64, DOUBLE, DURATION):
            yield Production(BOOL, f"({{}} {operator} {{}})", (kind, kind), weight=2)
        yield Production(BOOL, f"({{}} {operator} {{}})", (Hole.MOMENT, Hole.MOMENT))
        for kind in (STRING, LIST):
            yield Production(BOOL, f"({{}} {operator} {{}})", (kind, kind), tabulated=True, weight=2)
    for kind in (BOOL, INT64, DOUBLE, DURATION):
        yield Production(BOOL, "({} in [{}, {}, {}])", (kind, kind, kind, kind))
    yield Production(BOOL, "({} in [{}, {}])", (Hole.MOMENT, Hole.MOMENT, Hole.MOMENT))
    yield Production(BOOL, "({} in [{}, {}])", (STRING, STRING, STRING), tabulated=True, weight=3)


def _orderings() -> Iterator[Production]:
    for operator in ORDERINGS:
        pattern = f"({{}} {operator} {{}})"
        yield Production(BOOL, pattern, (BOOL, BOOL))
        yield Production(BOOL, pattern, (INT64, INT64), weight=4)
        yield Production(BOOL, pattern, (DOUBLE, DOUBLE), weight=4)
        yield Production(BOOL, pattern, (INT64, DOUBLE), weight=2)
        yield Production(BOOL, pattern, (DOUBLE, INT64), weight=2)
        yield Production(BOOL, pattern, (Hole.MOMENT, Hole.MOMENT), weight=2)
        yield Production(BOOL, pattern, (DURATION, DURATION))
        yield Production(BOOL, pattern, (STRING, STRING), tabulated=True)


def _numbers() -> Iterator[Production]:
    for operator in ("+", "-", "*", "/", "%"):
        yield Production(INT64, f"({{}} {operator} {{}})", (INT64, INT64), weight=3)
    for operator in ("+", "-", "*", "/"):
        yield Production(DOUBLE, f"({{}} {operator} {{}})", (DOUBLE, DOUBLE), weight=3)
    yield Production(INT64, "-({})", (INT64,))
    yield Production(DOUBLE, "-({})", (DOUBLE,))


def _conversions() -> Iterator[Production]:
    yield Production(INT64, "int({})", (DOUBLE,), weight=2)
    yield Production(INT64, "int({})", (INT64,))
    yield Production(INT64, "int({})", (Hole.MOMENT,), weight=2)
    yield Production(INT64, "int({})", (STRING,), tabulated=True, weight=2)
    yield Production(DOUBLE, "double({})", (INT64,), weight=2)
    yield Production(DOUBLE, "double({})", (DOUBLE,))
    yield Production(DOUBLE, "double({})", (STRING,), tabulated=True, weight=2)
    yield Production(BOOL, "bool({})", (STRING,), tabulated=True)
    yield Production(BOOL, "bool({})", (BOOL,))
    yield Production(STRING, "string({})", (INT64,), tabulated=True)
    yield Production(STRING, "string({})", (BOOL,), tabulated=True)
    yield Production(STRING, "string({})", (STRING,), tabulated=True)
    yield Production(TIMESTAMP, "timestamp({})", (INT64,), weight=2)
    yield Production(TIMESTAMP, "timestamp({})", (Hole.MOMENT,))
    yield Production(TIMESTAMP, "timestamp({})", (Hole.INSTANT,), weight=2)
    yield Production(DURATION, "duration({})", (DURATION,))
    yield Production(DURATION, "duration({})", (Hole.LENGTH,), weight=2)
    yield Production(DATE, "date({})", (Hole.DAY,), weight=2)


def _calendar() -> Iterator[Production]:
    for getter in GETTERS:
        yield Production(INT64, f"{{}}.{getter}()", (Hole.MOMENT,))
        yield Production(INT64, f"{{}}.{getter}({{}})", (Hole.MOMENT, Hole.ZONE))
    for getter in ("getHours", "getMinutes", "getSeconds", "getMilliseconds"):
        yield Production(INT64, f"{{}}.{getter}()", (DURATION,))
    for function in ("yearsBetween", "monthsBetween", "daysBetween"):
        yield Production(INT64, f"{function}({{}}, {{}})", (Hole.MOMENT, Hole.MOMENT), weight=2)
    yield Production(TIMESTAMP, "({} + {})", (Hole.MOMENT, DURATION), weight=2)
    yield Production(TIMESTAMP, "({} + {})", (DURATION, Hole.MOMENT), weight=2)
    yield Production(TIMESTAMP, "({} - {})", (Hole.MOMENT, DURATION), weight=2)
    yield Production(DURATION, "({} - {})", (Hole.MOMENT, Hole.MOMENT), weight=4)
    yield Production(DURATION, "({} + {})", (DURATION, DURATION), weight=2)
    yield Production(DURATION, "({} - {})", (DURATION, DURATION), weight=2)


def _text() -> Iterator[Production]:
    for function in ("contains", "startsWith", "endsWith", "isUnder"):
        yield Production(BOOL, f"{{}}.{function}({{}})", (STRING, Hole.WORD), tabulated=True, weight=2)
    yield Production(BOOL, "{}.matches({})", (STRING, Hole.PATTERN), tabulated=True, weight=2)
    yield Production(BOOL, "matches({}, {})", (STRING, Hole.PATTERN), tabulated=True, weight=2)
    yield Production(INT64, "{}.size()", (STRING,), tabulated=True, weight=2)
    yield Production(INT64, "size({})", (STRING,), tabulated=True, weight=2)
    yield Production(STRING, "({} + {})", (STRING, STRING), tabulated=True, weight=2)
    for function in ("indexOf", "lastIndexOf"):
        yield Production(INT64, f"{{}}.{function}({{}})", (STRING, Hole.WORD), tabulated=True)
        yield Production(INT64, f"{{}}.{function}({{}}, {{}})", (STRING, Hole.WORD, Hole.INDEX), tabulated=True)
    yield Production(STRING, "{}.charAt({})", (STRING, Hole.INDEX), tabulated=True)
    yield Production(STRING, "{}.substring({})", (STRING, Hole.INDEX), tabulated=True)
    yield Production(STRING, "{}.substring({}, {})", (STRING, Hole.INDEX, Hole.INDEX), tabulated=True)
    yield Production(STRING, "{}.replace({}, {})", (STRING, Hole.WORD, Hole.WORD), tabulated=True)
    yield Production(STRING, "{}.replace({}, {}, {})", (STRING, Hole.WORD, Hole.WORD, Hole.INDEX), tabulated=True)
    for function in ("lowerAscii", "upperAscii", "trim", "reverse"):
        yield Production(STRING, f"{{}}.{function}()", (STRING,), tabulated=True)
    yield Production(STRING, "strings.quote({})", (STRING,), tabulated=True)
    yield Production(LIST, "{}.split({})", (STRING, Hole.WORD), tabulated=True, weight=2)
    yield Production(LIST, "{}.split({}, {})", (STRING, Hole.WORD, Hole.INDEX), tabulated=True)


def _lists() -> Iterator[Production]:
    yield Production(BOOL, "({} in {})", (STRING, LIST), tabulated=True, weight=3)
    yield Production(INT64, "{}.size()", (LIST,), tabulated=True, weight=2)
    yield Production(INT64, "size({})", (LIST,), tabulated=True, weight=2)
    yield Production(STRING, "{}[{}]", (LIST, Hole.INDEX), tabulated=True, weight=2)
    yield Production(LIST, "({} + {})", (LIST, LIST), tabulated=True)
    yield Production(LIST, "[{}, {}]", (STRING, STRING), tabulated=True)
    yield Production(STRING, "{}.join()", (LIST,), tabulated=True)
    yield Production(STRING, "{}.join({})", (LIST, Hole.WORD), tabulated=True)


def _money(kind: DataType) -> Iterator[Production]:
    for operator in (*ORDERINGS, *EQUALITIES):
        yield Production(BOOL, f"({{}} {operator} {{}})", (kind, kind))
        yield Production(BOOL, f"({{}} {operator} {{}})", (kind, Hole.DECIMAL), weight=3)
        yield Production(BOOL, f"({{1}} {operator} {{0}})", (kind, Hole.DECIMAL))
    yield Production(BOOL, "({} in [{}, {}])", (kind, kind, Hole.DECIMAL))
    yield Production(kind, "({2} ? {0} : {1})", (kind, Hole.DECIMAL, BOOL))
    for operator in ("+", "-"):
        yield Production(kind, f"({{}} {operator} {{}})", (kind, kind), weight=2)
        yield Production(kind, f"({{}} {operator} {{}})", (kind, Hole.DECIMAL), weight=2)
        yield Production(kind, f"({{1}} {operator} {{0}})", (kind, Hole.DECIMAL))
    yield Production(kind, "({} * {})", (kind, INT64), weight=2)
    yield Production(kind, "({} * {})", (INT64, kind), weight=2)
    yield Production(kind, "-({})", (kind,))
    yield Production(DOUBLE, "double({})", (kind,), weight=3)
