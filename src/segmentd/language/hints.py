"""What the attributes alone say about the types in a parse tree, before the official check: decimals and dates.

To CEL a DECIMAL is an integer and a DATE a timestamp, so neither its trees nor its reports tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from segmentd.language.celtree_pb2 import Expr
from segmentd.schema import DATE, DataType, Kind, Schema

KEPT_BY: Final = frozenset({"_+_", "_-_", "-_"})
"""Operators whose result is of the type of their decimal operand."""


def attribute_of(expr: Expr, schema: Schema) -> str | None:
    """The id in `customer.id`, whether there is such an attribute or not; None for any other tree, `has()` included."""
    if expr.WhichOneof("expr_kind") != "select_expr" or expr.select_expr.test_only:
        return None
    operand = expr.select_expr.operand
    return expr.select_expr.field if operand.ident_expr.name == schema.variable else None


def attributes_read(expr: Expr, schema: Schema) -> Iterator[str]:
    """The ids of the attributes below a node that there are, `has()` included."""
    match expr.WhichOneof("expr_kind"):
        case "select_expr":
            select = expr.select_expr
            if select.operand.ident_expr.name == schema.variable and schema.get(select.field):
                yield select.field
            yield from attributes_read(select.operand, schema)
        case "call_expr":
            for operand in (expr.call_expr.target, *expr.call_expr.args):
                yield from attributes_read(operand, schema)
        case "list_expr":
            for element in expr.list_expr.elements:
                yield from attributes_read(element, schema)
        case _:
            return


def hinted_type(expr: Expr, schema: Schema) -> DataType | None:
    """The attribute's type, or the DECIMAL or DATE that an operation on attributes gives; None if neither is clear."""
    if (attribute_id := attribute_of(expr, schema)) is not None:
        spec = schema.get(attribute_id)
        return spec.type if spec else None
    if expr.WhichOneof("expr_kind") != "call_expr":
        return None
    call = expr.call_expr
    if call.function == "date":
        return DATE
    if call.function == "_?_:_":
        hints = [hinted_type(branch, schema) for branch in call.args[1:]]
        return next((hint for hint in hints if hint), None)
    return hinted_decimal_result(call, schema)


def hinted_decimal_result(call: Expr.Call, schema: Schema) -> DataType | None:
    """The DECIMAL type of arithmetic on decimals, None for every other call."""
    if call.function not in KEPT_BY and call.function != "_*_":
        return None
    return next(filter(None, (hinted_decimal(argument, schema) for argument in call.args)), None)


def hinted_decimal(expr: Expr, schema: Schema) -> DataType | None:
    """The hinted type if it is a DECIMAL."""
    hint = hinted_type(expr, schema)
    return hint if hint is not None and hint.kind is Kind.DECIMAL else None
