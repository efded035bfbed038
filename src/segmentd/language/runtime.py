"""The official runtime on parts of expressions: typed tree in, a value, null or unknown out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, Literal

from cel_expr_python import cel
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from segmentd.language.official import NOW, plain_environment
from segmentd.language.render import render
from segmentd.language.tree import AttributeRead, Node, Presence, Value, walk
from segmentd.moments import MICROSECOND, microseconds
from segmentd.schema import Kind


class Unknown(Enum):
    """The third truth value: what CEL calls an error."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN

_NULL: Final = cel.Type.NULL.name()
_ERROR: Final = cel.Type.ERROR.name()
_LIST: Final = "LIST"


class SubtreeEvaluator:
    """Evaluates a part of an expression on plain values, a tuple at a time, with the official runtime.

    `inputs` are the ids of the given attributes that the part reads, in the order of the tuples' values. With no inputs
    it evaluates what depends on `now` alone. Several threads may evaluate at once.
    """

    def __init__(self, node: Node, inputs: tuple[str, ...], time_zone: str) -> None:
        self._names = tuple(f"v{index}" for index in range(len(inputs)))
        self._binders = tuple(map(_binders(node).get, inputs, [_bind_nothing] * len(inputs)))
        variables = dict(zip(inputs, self._names, strict=True))
        self._expression = plain_environment(time_zone).load(render(node, variables))

    def evaluate(
        self, rows: Iterable[tuple[Value, ...]], now_us: int | None = None
    ) -> list[Value | Literal[Unknown.UNKNOWN]]:
        """A value per row: as in the typed tree, None where CEL has null, UNKNOWN where CEL has an error."""
        return [plain_value(value) for value in self.results(rows, now_us)]

    def results(self, rows: Iterable[tuple[Value, ...]], now_us: int | None = None) -> Iterable[cel.Value]:
        """CEL's own values, with the texts of errors."""
        data: dict[str, Any] = {} if now_us is None else {NOW: _bind_moment(now_us)}
        evaluate, names, binders = self._expression.eval, self._names, self._binders
        for row in rows:
            for name, bind, value in zip(names, binders, row, strict=True):
                data[name] = bind(value)
            yield evaluate(data=data)


def plain_value(value: cel.Value) -> Value | Literal[Unknown.UNKNOWN]:
    """A value of the runtime as a value of the typed tree, UNKNOWN for an error and for a list that holds null.

    A null is known by its type and never read: cel-expr-python 0.1.3 hands out None without a reference to it, which
    before Python 3.12 ends the process after enough of them.
    """
    kind = value.type().name()
    if kind == _NULL:
        return None
    if kind == _ERROR:
        return UNKNOWN
    if kind.startswith(_LIST):
        return _texts(value.value())
    plain = value.plain_value()
    match plain:
        case bool() | int() | float() | str():
            return plain
        case datetime():
            return microseconds(plain)
        case timedelta():
            return plain // MICROSECOND
        case _:
            raise TypeError(f"the runtime returned a {kind}")


def _texts(elements: Iterable[cel.Value]) -> tuple[str, ...] | Literal[Unknown.UNKNOWN]:
    texts: list[str] = []
    for element in elements:
        text = None if element.type().name() == _NULL else element.plain_value()
        if not isinstance(text, str):
            return UNKNOWN
        texts.append(text)
    return tuple(texts)


def _binders(node: Node) -> dict[str, Callable[[Value], Any]]:
    """How to pass each attribute that is read below a node to the runtime."""
    kinds: dict[str, Kind] = {}
    for part in walk(node):
        if isinstance(part, AttributeRead):
            kinds[part.id] = part.type.kind
        elif isinstance(part, Presence):
            kinds[part.id] = part.type_read.kind
    return {attribute_id: _BINDERS.get(kind, _bind_plain) for attribute_id, kind in kinds.items()}


def _bind_nothing(value: Value) -> None:
    """The part does not read this input."""


def _bind_plain(value: Value) -> Any:
    return value


def _bind_text(value: Value) -> Any:
    # Passed as str, text would end at its first NUL.
    return StringValue(value=value) if isinstance(value, str) and "\0" in value else value


def _bind_list(value: Value) -> Any:
    return [_bind_text(element) for element in value] if isinstance(value, tuple) else []


def _bind_moment(value: Value) -> Any:
    # The variables of a tree that was not checked take no datetime.
    if not isinstance(value, int):
        return value
    moment = Timestamp()
    moment.FromMicroseconds(value)
    return moment


_BINDERS: Final[dict[Kind, Callable[[Value], Any]]] = {
    Kind.STRING: _bind_text,
    Kind.LIST: _bind_list,
    Kind.TIMESTAMP: _bind_moment,
    Kind.DATE: _bind_moment,
}
