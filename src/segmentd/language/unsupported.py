"""Words for what the supported subset leaves out: what was given, and what is allowed instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from segmentd.language.celtree_pb2 import Expr
from segmentd.language.overloads import of_function
from segmentd.language.source import Source
from segmentd.schema import DataType

SHOWN: Final = 6
"""More allowed forms than this are cut."""

_NAMES: Final[Mapping[str, str]] = {
    "_[_]": "[]",
    "@in": "in",
    "-_": "-",
    "!_": "!",
    "_?_:_": "?:",
    "to_dyn": "dyn",
}


def display_name(function: str) -> str:
    """A function's name as it is written: `_<_` is `<`."""
    return _NAMES.get(function, function.strip("_") if function.startswith("_") else function)


def describe_call(function: str, types: Sequence[DataType | str]) -> str:
    """A supported name with types that are not, or a name that is not supported at all."""
    name = display_name(function)
    if not of_function(function):
        return f"{name} is not supported"
    return f"{name} of {' and '.join(map(str, types))} is not supported; {allowed(function)}"


def allowed(function: str) -> str:
    """The supported forms of a function: `allowed: size(STRING) -> INT64, …`."""
    signatures = [overload.signature for overload in of_function(function)]
    more = ", …" if len(signatures) > SHOWN else ""
    return f"allowed: {', '.join(signatures[:SHOWN])}{more}"


def name_of(expr: Expr, source: Source, offset: int) -> str:
    """A construct that is no call: a macro, a map or a message."""
    if expr.WhichOneof("expr_kind") == "comprehension_expr":
        return f"macro {source.name_at(offset) or 'comprehension'}"
    return f"message {expr.struct_expr.message_name}" if expr.struct_expr.message_name else "map literal"
