"""What to say when operands do not fit: what was given, what is allowed, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segmentd.errors import ErrorReason
from segmentd.language.cel_types import printed_types
from segmentd.language.celtree_pb2 import Expr, ParsedExpr
from segmentd.language.hints import hinted_type
from segmentd.language.scope import Scope
from segmentd.language.wording import allowed, display_name, listed
from segmentd.schema import DataType, Kind

SELECTION: Final = "."
_ORDERINGS: Final = frozenset({"_<_", "_<=_", "_>_", "_>=_"})
_ONE_TYPE: Final = frozenset({"_==_", "_!=_"})
_RENAMED: Final = frozenset({Kind.DECIMAL, Kind.DATE})


@dataclass(frozen=True, slots=True)
class Operand:
    """One operand as the given text has it: the type that its attributes hint at, and its value if it is an integer."""

    hint: DataType | None
    integer: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A call in the given text. `namespace` is the name before the dot in `math.greatest(1)`."""

    function: str
    operands: tuple[Operand, ...]
    namespace: str = ""
    namespace_offset: int = 0

    @property
    def name(self) -> str:
        """The function with its namespace."""
        return f"{self.namespace}.{self.function}" if self.namespace else self.function


def find_operations(parsed: ParsedExpr, scope: Scope, amounts: Mapping[int, DataType]) -> Mapping[int, list[Operation]]:
    """The calls and selections of a parse tree by their offset in the text."""
    found: dict[int, list[Operation]] = {}
    pending = [(parsed.expr, scope)]
    positions = parsed.source_info.positions
    while pending:
        expr, names = pending.pop()
        here = found.setdefault(positions[expr.id], [])
        if expr.WhichOneof("expr_kind") == "call_expr":
            here.append(_operation(expr.call_expr, parsed, names, amounts))
        elif expr.WhichOneof("expr_kind") == "select_expr":
            here.append(Operation(SELECTION, (_operand(expr.select_expr.operand, names, amounts),)))
        pending.extend(names.below(expr))
    return found


def _operation(call: Expr.Call, parsed: ParsedExpr, scope: Scope, amounts: Mapping[int, DataType]) -> Operation:
    operands = tuple(
        _operand(expr, scope, amounts) for expr in [*([call.target] if call.HasField("target") else []), *call.args]
    )
    if call.HasField("target") and call.target.WhichOneof("expr_kind") == "ident_expr":
        namespace = call.target.ident_expr.name
        return Operation(call.function, operands, namespace, parsed.source_info.positions[call.target.id])
    return Operation(call.function, operands)


def _operand(expr: Expr, scope: Scope, amounts: Mapping[int, DataType]) -> Operand:
    hint = amounts.get(expr.id) or hinted_type(expr, scope)
    if expr.const_expr.WhichOneof("constant_kind") == "int64_value":
        return Operand(hint, expr.const_expr.int64_value)
    return Operand(hint)


def mismatch(function: str, printed: str, operation: Operation | None) -> tuple[ErrorReason, str, dict[str, str]]:
    """Reason, message and metadata of operands of the printed types."""
    types = _types(printed_types(printed), operation)
    name = display_name(function)
    metadata = {"operation": name, **dict(zip(("left", "right"), types, strict=False))}
    if function == SELECTION:
        return ErrorReason.EXPRESSION_TYPE, f"{types[0]} has no fields", metadata
    decimal = any(type_.startswith(Kind.DECIMAL) for type_ in types)
    reason = ErrorReason.DECIMAL_MISUSE if decimal else ErrorReason.EXPRESSION_TYPE
    return (
        reason,
        f"{name} does not take {listed(types) or 'no arguments'}; {_advice(function, types, operation)}",
        metadata,
    )


def _types(printed: list[str], operation: Operation | None) -> list[str]:
    """The printed types, with DECIMAL and DATE for what CEL takes for integers and timestamps."""
    if operation is None or len(operation.operands) != len(printed):
        return printed
    return [
        str(operand.hint) if operand.hint and operand.hint.kind in _RENAMED else type_
        for type_, operand in zip(printed, operation.operands, strict=True)
    ]


def _advice(function: str, types: list[str], operation: Operation | None) -> str:
    if any(type_.startswith(Kind.DECIMAL) for type_ in types) and "DOUBLE" in types:
        return "write double(x), which gives the decimal's major units"
    if types in (["DOUBLE", "INT64"], ["INT64", "DOUBLE"]):
        return _write_double(types.index("INT64"), operation)
    if types == ["DOUBLE", "list of INT64"]:
        return "write the elements with a point, as in [1.0, 2.0]"
    if function == "_?_:_":
        return "the condition has to be BOOL, and both branches of one type, which a literal and null do not have"
    if function in _ONE_TYPE:
        return "both sides need one type"
    if function in _ORDERINGS:
        return "both sides need one type, or INT64 and DOUBLE"
    shown = allowed(function)
    return f"allowed: {shown}" if shown else "it is not supported"


def _write_double(which: int, operation: Operation | None) -> str:
    operand = operation.operands[which] if operation else None
    if operand is None or operand.integer is None:
        return "write double(x) on the side of the INT64"
    return f"write {operand.integer}.0"
