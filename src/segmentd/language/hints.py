"""What the attributes alone say about the types in a parse tree, before the official check: decimals and dates.

To CEL a DECIMAL is an integer and a DATE a timestamp, so neither its trees nor its reports tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from segmentd.language.celtree_pb2 import Expr
from segmentd.language.scope import Read, Scope
from segmentd.schema import DATE, DataType, Kind

KEPT_BY: Final = frozenset({"_+_", "_-_", "-_"})
"""Operators whose result is of the type of their decimal operand."""


def attributes_read(expr: Expr, scope: Scope) -> Iterator[Read]:
    """The attributes read below a node that there are, `has()` included."""
    read = scope.read(expr)
    if read is not None and read.spec is not None:
        yield read
    for part, names in scope.below(expr):
        yield from attributes_read(part, names)


def hinted_type(expr: Expr, scope: Scope) -> DataType | None:
    """The attribute's type, or the DECIMAL or DATE that an operation on attributes gives; None if neither is clear."""
    if (read := scope.read(expr)) is not None and not expr.select_expr.test_only:
        return read.spec.type if read.spec else None
    if expr.WhichOneof("expr_kind") != "call_expr":
        return None
    call = expr.call_expr
    if call.function == "date":
        return DATE
    if call.function == "_?_:_":
        hints = [hinted_type(branch, scope) for branch in call.args[1:]]
        return next((hint for hint in hints if hint), None)
    return hinted_decimal_result(call, scope)


def hinted_decimal_result(call: Expr.Call, scope: Scope) -> DataType | None:
    """The DECIMAL type of arithmetic on decimals, None for every other call."""
    if call.function not in KEPT_BY and call.function != "_*_":
        return None
    return next(filter(None, (hinted_decimal(argument, scope) for argument in call.args)), None)


def hinted_decimal(expr: Expr, scope: Scope) -> DataType | None:
    """The hinted type if it is a DECIMAL."""
    hint = hinted_type(expr, scope)
    return hint if hint is not None and hint.kind is Kind.DECIMAL else None
