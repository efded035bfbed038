"""The oracle: official CEL, a row at a time, on the official checker's own tree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from cel_expr_python import cel
from cel_expr_python.ext import ext_strings
from google.protobuf.struct_pb2 import ListValue
from google.protobuf.wrappers_pb2 import StringValue

from segmentd.language.tree import Value
from segmentd.schema import Schema
from tests.oracle.calendar import days_between, instant, months_between, years_between
from tests.oracle.rewriting import Rewriting, computed_variable, segment_variable
from tests.oracle.subjects import Row, SubjectMessages, timestamp
from tests.oracle.wire import packed


class Undecided(Enum):
    """The answer where CEL says error."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Undecided.UNKNOWN
Verdict = bool | Undecided
Answer = Value | Undecided

_CALENDAR: Mapping[str, Callable[[int, int, str], int]] = {
    "yearsBetween": years_between,
    "monthsBetween": months_between,
    "daysBetween": days_between,
}


@dataclass(frozen=True, slots=True)
class Definitions:
    """Serialized CheckedExprs by id, each after those it reads; None for an inactive segment."""

    computed: Mapping[str, bytes]
    segments: Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class RowAnswers:
    """What the oracle says of one row."""

    computed: Mapping[str, Answer]
    segments: Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class _Expressions:
    computed: Mapping[str, cel.Expression]
    segments: Mapping[str, cel.Expression | None]


class Oracle:
    """Evaluates definitions over one schema, and what its macros go over by field, with the official runtime."""

    def __init__(self, schema: Schema, items: Mapping[str, Schema] | None = None) -> None:
        self._schema = schema
        self._items = items or {}
        self._messages = SubjectMessages(schema, self._items)
        self._environment = cel.NewEnv(
            descriptor_pool=self._messages.pool,
            extensions=[ext_strings.ExtStrings()],
            functions=[
                *(_calendar_function(name, rule, schema.time_zone) for name, rule in _CALENDAR.items()),
                _path_function(),
            ],
        )

    def answers(self, definitions: Definitions, rows: Sequence[Row], now_us: int) -> list[RowAnswers]:
        """Every computed attribute and every segment of every row."""
        expressions = self._expressions(definitions)
        return [self._bound(expressions, row, now_us)[1] for row in rows]

    def values(self, definitions: Definitions, asked: str, rows: Sequence[Row], now_us: int) -> list[Answer]:
        """The last definition's own value, whatever its type, of every row."""
        *others, (last, checked) = definitions.segments.items()
        assert last == asked
        assert checked is not None
        expression = self._expression(checked)
        before = self._expressions(Definitions(definitions.computed, dict(others)))
        return [_answer(expression.eval(data=self._bound(before, row, now_us)[0])) for row in rows]

    def _expression(self, checked: bytes) -> cel.Expression:
        return self._environment.deserialize(packed(Rewriting(self._schema, self._items).rewrite(checked)))

    def _expressions(self, definitions: Definitions) -> _Expressions:
        computed = {name: self._expression(checked) for name, checked in definitions.computed.items()}
        segments = {
            name: None if checked is None else self._expression(checked)
            for name, checked in definitions.segments.items()
        }
        return _Expressions(computed, segments)

    def _bound(self, expressions: _Expressions, row: Row, now_us: int) -> tuple[dict[str, Any], RowAnswers]:
        """Every variable that the row binds, and the answers found on the way."""
        bound = {self._schema.subject.value: self._messages.message(row), "now": timestamp(now_us)}
        values: dict[str, Answer] = {}
        verdicts: dict[str, Verdict] = {}
        for name, expression in expressions.computed.items():
            value = expression.eval(data=bound)
            values[name] = _answer(value)
            _bind(bound, computed_variable(name), value)
        for name, active in expressions.segments.items():
            verdicts[name] = False if active is None else _verdict(_answer(active.eval(data=bound)))
            if verdicts[name] is not UNKNOWN:
                bound[segment_variable(name)] = verdicts[name]
        return bound, RowAnswers(values, verdicts)


def _bind(bound: dict[str, Any], name: str, value: cel.Value) -> None:
    if value.type() != cel.Type.ERROR:
        bound[name] = _bindable(_read(value))


def _bindable(plain: Any) -> Any:
    """The value in a form that arrives whole: Python's own text is cut at a NUL on its way to CEL."""
    if isinstance(plain, dt.datetime):
        return timestamp(instant(plain))
    if isinstance(plain, str):
        return StringValue(value=plain)
    if isinstance(plain, list):
        elements = ListValue()
        elements.extend(plain)
        return elements
    return plain


def _answer(value: cel.Value) -> Answer:
    if value.type() == cel.Type.ERROR:
        return UNKNOWN
    plain = _read(value)
    if isinstance(plain, dt.datetime):
        return instant(plain)
    if isinstance(plain, dt.timedelta):
        return plain // dt.timedelta(microseconds=1)
    return tuple(plain) if isinstance(plain, list) else plain


def _read(value: cel.Value) -> Any:
    """The value as Python's. The library gives a null away without a reference, so that None itself would be freed."""
    if value.type() == cel.Type.NULL:
        return None
    if value.type() == cel.Type.LIST:
        return [_read(element) for element in value.value()]
    return value.plain_value()


def _verdict(answer: Answer) -> Verdict:
    """A condition that is null is as undecided as one that fails: it is neither true nor false."""
    return answer if isinstance(answer, bool) else UNKNOWN


def _path_function() -> cel.FunctionDecl:
    def call(path: str, parent: str) -> bool:
        parts, wanted = path.split("/"), parent.split("/")
        return parts[: len(wanted)] == wanted

    texts = [cel.Type.STRING, cel.Type.STRING]
    return cel.FunctionDecl(
        "isUnder", [cel.Overload("oracle_isUnder", cel.Type.BOOL, texts, is_member=True, impl=call)]
    )


def _calendar_function(name: str, rule: Callable[[int, int, str], int], zone: str) -> cel.FunctionDecl:
    def call(start: dt.datetime, end: dt.datetime) -> int:
        return rule(instant(start), instant(end), zone)

    moments = [cel.Type.TIMESTAMP, cel.Type.TIMESTAMP]
    return cel.FunctionDecl(name, [cel.Overload(f"oracle_{name}", cel.Type.INT, moments, impl=call)])
