"""What names mean at a place of an expression: the subject and, inside of a macro, the item that it goes over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from segmentd.language.celtree_pb2 import Expr
from segmentd.language.macros import Macro, macro_of
from segmentd.schema import AttributeSpec, Schema


@dataclass(frozen=True, slots=True)
class Read:
    """An attribute that is selected: whose, its id, and its specification where there is such an attribute."""

    schema: Schema
    id: str
    spec: AttributeSpec | None


@dataclass(frozen=True, slots=True)
class Scope:
    """The names at a place.

    `own`: the subject whom the expression is about. `items`: the fields of it that macros go over, with what the items
    are. `variable` and `item`: inside of a macro its variable, and what that stands for. `nested`: the whole expression
    is read inside of a macro of another subject's, or of an aggregate, so it may have none itself.
    """

    own: Schema
    items: Mapping[str, Schema] = field(default_factory=dict)
    variable: str = ""
    item: Schema | None = None
    nested: bool = False

    def schema_of(self, expr: Expr) -> Schema | None:
        """What a variable stands for; None of every other node."""
        name = expr.ident_expr.name
        if not name:
            return None
        if self.item is not None and name == self.variable:
            return self.item
        return self.own if name == self.own.variable else None

    def read(self, expr: Expr) -> Read | None:
        """The attribute that a selection reads, `has()` included; None of every other node."""
        if expr.WhichOneof("expr_kind") != "select_expr":
            return None
        schema = self.schema_of(expr.select_expr.operand)
        return None if schema is None else Read(schema, expr.select_expr.field, schema.get(expr.select_expr.field))

    def items_of(self, expr: Expr) -> Schema | None:
        """What the items are that a node selects, `customer.accounts`; None of every other node."""
        read = self.read(expr)
        return self.items.get(read.id) if read is not None and read.schema is self.own else None

    def inside(self, macro: Macro) -> Scope | None:
        """The names inside of a macro over items; None where what it goes over is something else."""
        item = self.items_of(macro.items)
        return None if item is None else replace(self, variable=macro.variable, item=item)

    def below(self, expr: Expr) -> Iterator[tuple[Expr, Scope]]:
        """The operands of a node as people wrote them, each with the names there."""
        match expr.WhichOneof("expr_kind"):
            case "call_expr":
                call = expr.call_expr
                yield from ((each, self) for each in ((call.target,) if call.HasField("target") else ()))
                yield from ((each, self) for each in call.args)
            case "select_expr":
                yield expr.select_expr.operand, self
            case "list_expr":
                yield from ((each, self) for each in expr.list_expr.elements)
            case "comprehension_expr":
                yield from self._below_macro(macro_of(expr))
            case _:
                return

    def _below_macro(self, macro: Macro | None) -> Iterator[tuple[Expr, Scope]]:
        if macro is None:
            return
        yield macro.items, self
        inside = self.inside(macro)
        if inside is not None:
            yield macro.predicate, inside
