"""Macros in CEL's trees, which the parser has expanded into loops: known again by the loops' exact shapes.

The shapes are those of https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros as the official parser
makes them. A loop of any other shape is no macro that is known here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from segmentd.language.celtree_pb2 import Expr

FILTER: Final = "filter"
MACROS: Final = ("exists", "all", "exists_one", FILTER)
"""The macros over items, `filter` only as `filter(...).size()`."""


@dataclass(frozen=True, slots=True)
class MacroForm:
    """A way to ask about items as the documentation has it: how it is written, without items, where it is unknown."""

    signature: str
    without_items: str
    unknown: str


FORMS: Final = (
    MacroForm("items.exists(x, BOOL) -> BOOL", "false", "no item is true, and one is unknown: true wins"),
    MacroForm("items.all(x, BOOL) -> BOOL", "true", "no item is false, and one is unknown: false wins"),
    MacroForm("items.exists_one(x, BOOL) -> BOOL", "false", "any item is unknown, whatever the others are"),
    MacroForm("items.filter(x, BOOL).size() -> INT64", "0", "any item is unknown"),
    MacroForm("size(items.filter(x, BOOL)) -> INT64", "0", "any item is unknown"),
    MacroForm("items.size() -> INT64", "0", "never"),
    MacroForm("size(items) -> INT64", "0", "never"),
    MacroForm("has(items) -> BOOL", "false", "never"),
)
"""All that can be said about items."""


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro: its name, the range it goes over, its variable, and what it asks of each item."""

    name: str
    items: Expr
    variable: str
    predicate: Expr


def macro_of(expr: Expr) -> Macro | None:
    """The macro that a node is; None for every other node."""
    if expr.WhichOneof("expr_kind") != "comprehension_expr":
        return None
    loop = expr.comprehension_expr
    for name, predicate_of in _SHAPES:
        predicate = predicate_of(loop)
        if predicate is not None:
            return Macro(name, loop.iter_range, loop.iter_var, predicate)
    return None


def _exists(loop: Expr.Comprehension) -> Expr | None:
    """From false: `not_strictly_false(!accu)`, `accu || predicate`, `accu`."""
    going_on = _arguments(loop.loop_condition, "@not_strictly_false", 1)
    negated = _arguments(going_on[0], "!_", 1) if going_on else ()
    if not _is_bool(loop.accu_init, value=False) or not negated or not _reads(negated[0], loop):
        return None
    return _second(loop, "_||_")


def _all(loop: Expr.Comprehension) -> Expr | None:
    """From true: `not_strictly_false(accu)`, `accu && predicate`, `accu`."""
    going_on = _arguments(loop.loop_condition, "@not_strictly_false", 1)
    if not _is_bool(loop.accu_init, value=True) or not going_on or not _reads(going_on[0], loop):
        return None
    return _second(loop, "_&&_")


def _exists_one(loop: Expr.Comprehension) -> Expr | None:
    """From 0: `predicate ? accu + 1 : accu`, `accu == 1`."""
    result = _arguments(loop.result, "_==_", 2)
    is_one = len(result) == 2 and _reads(result[0], loop) and _is_int(result[1], 1)
    if not is_one or not _is_int(loop.accu_init, 0):
        return None
    return _chosen(loop, lambda added: _is_int(added, 1))


def _filter(loop: Expr.Comprehension) -> Expr | None:
    """From []: `predicate ? accu + [item] : accu`, `accu`."""
    if not _is_list(loop.accu_init, 0) or not _reads(loop.result, loop):
        return None
    return _chosen(
        loop, lambda added: _is_list(added, 1) and added.list_expr.elements[0].ident_expr.name == loop.iter_var
    )


_SHAPES: Final[tuple[tuple[str, Callable[[Expr.Comprehension], Expr | None]], ...]] = (
    ("exists", _exists),
    ("all", _all),
    ("exists_one", _exists_one),
    (FILTER, _filter),
)


def _second(loop: Expr.Comprehension, function: str) -> Expr | None:
    """The predicate of a step that joins it to the accumulator, which is the result."""
    step = _arguments(loop.loop_step, function, 2)
    return step[1] if step and _reads(step[0], loop) and _reads(loop.result, loop) else None


def _chosen(loop: Expr.Comprehension, is_added: Callable[[Expr], bool]) -> Expr | None:
    """The predicate of a step that adds to the accumulator where it is true, of a loop that never ends early."""
    step = _arguments(loop.loop_step, "_?_:_", 3)
    if not step or not _is_bool(loop.loop_condition, value=True) or not _reads(step[2], loop):
        return None
    added = _arguments(step[1], "_+_", 2)
    return step[0] if added and _reads(added[0], loop) and is_added(added[1]) else None


def _arguments(expr: Expr, function: str, count: int) -> tuple[Expr, ...]:
    """The arguments of a call of a function with so many of them; none of any other node."""
    call = expr.call_expr
    is_it = expr.WhichOneof("expr_kind") == "call_expr" and call.function == function and not call.HasField("target")
    return tuple(call.args) if is_it and len(call.args) == count else ()


def _reads(expr: Expr, loop: Expr.Comprehension) -> bool:
    return expr.WhichOneof("expr_kind") == "ident_expr" and expr.ident_expr.name == loop.accu_var


def _is_bool(expr: Expr, *, value: bool) -> bool:
    return expr.const_expr.WhichOneof("constant_kind") == "bool_value" and expr.const_expr.bool_value is value


def _is_int(expr: Expr, value: int) -> bool:
    return expr.const_expr.WhichOneof("constant_kind") == "int64_value" and expr.const_expr.int64_value == value


def _is_list(expr: Expr, length: int) -> bool:
    return expr.WhichOneof("expr_kind") == "list_expr" and len(expr.list_expr.elements) == length
