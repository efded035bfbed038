"""What segmentd means and CEL alone does not say, written into a checked tree before the official runtime sees it.

- A timestamp or date field reads as null where it is not set, instead of 1970; of items in macros too.
- A computed attribute is an identifier bound to its value; a segment asked for membership, to its verdict.
  What is unknown is not bound, which CEL calls an error.
- A getter without a zone on a DATE takes the ledger's zone; `date()` is the instant its day starts.
- `double()` of a DECIMAL, which CEL sees in minor units, gives major units.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from segmentd.schema import DATE, DataType, Kind, Schema
from tests.oracle.calendar import start_of_day
from tests.oracle.wire import Expr, parse

GETTERS = frozenset(
    {
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
    }
)
SUMS = frozenset({"_+_", "_-_"})


def computed_variable(attribute: str) -> str:
    """The identifier that stands for a computed attribute: no identifier of CEL's grammar."""
    return f"computed {attribute}"


def segment_variable(segment: str) -> str:
    """The identifier that stands for another segment's verdict: no identifier of CEL's grammar."""
    return f"segment {segment}"


class Rewriting:
    """One checked tree on its way to the tree that is evaluated."""

    def __init__(self, schema: Schema, items: Mapping[str, Schema] | None = None) -> None:
        self._schema = schema
        self._items = items or {}
        self._variables = {schema.subject.value: schema}
        self._last_id = 0

    def rewrite(self, checked: bytes) -> Any:
        """The tree to evaluate, of this serialized CheckedExpr."""
        return self._rewritten(parse(checked).expr)

    def _rewritten(self, expr: Any) -> Any:
        selected = self._selected(expr)
        if selected is not None:
            return self._presence(*selected) if expr.select_expr.test_only else self._read(*selected)
        if expr.HasField("comprehension_expr"):
            return self._comprehension(expr.comprehension_expr)
        if expr.HasField("call_expr"):
            return self._call(expr.call_expr)
        if expr.HasField("list_expr"):
            elements = self._new()
            elements.list_expr.elements.extend(self._rewritten(element) for element in expr.list_expr.elements)
            elements.list_expr.SetInParent()
            return elements
        assert not expr.HasField("select_expr"), f"the oracle knows no such field: {expr}"
        leaf = self._new()
        leaf.MergeFrom(expr)
        leaf.id = self._next_id()
        return leaf

    def _selected(self, expr: Any) -> tuple[str, str] | None:
        """The variable and the attribute that the expression selects from it, if that is what it does."""
        variable = expr.select_expr.operand.ident_expr.name
        if expr.HasField("select_expr") and variable in self._variables:
            return variable, expr.select_expr.field
        return None

    def _attribute(self, expr: Any) -> str | None:
        """The field that the expression selects from a subject, if that is what it does."""
        selected = self._selected(expr)
        return None if selected is None else selected[1]

    def _comprehension(self, loop: Any) -> Any:
        """The loop with everything in it rewritten; its variable is one of the items that it goes over."""
        rewritten = self._new()
        made = rewritten.comprehension_expr
        made.iter_var, made.accu_var = loop.iter_var, loop.accu_var
        made.iter_range.CopyFrom(self._rewritten(loop.iter_range))
        items = self._items[loop.iter_range.select_expr.field]
        outside = dict(self._variables)
        self._variables[loop.iter_var] = items
        for part in ("accu_init", "loop_condition", "loop_step", "result"):
            getattr(made, part).CopyFrom(self._rewritten(getattr(loop, part)))
        self._variables = outside
        return rewritten

    def _presence(self, variable: str, attribute: str) -> Any:
        spec = self._variables[variable].get(attribute)
        if spec is None or spec.expression is None:
            return self._field(variable, attribute, test_only=True)
        value = self._identifier(computed_variable(attribute))
        if spec.type.kind is Kind.LIST:
            return self._function("_>_", self._function("size", value), self._constant("int64_value", 0))
        return self._function("_!=_", value, self._constant("null_value", 0))

    def _read(self, variable: str, attribute: str) -> Any:
        spec = self._variables[variable].get(attribute)
        if spec is None:
            assert attribute in self._items, attribute
            return self._field(variable, attribute)
        if spec.expression is not None:
            return self._identifier(computed_variable(attribute))
        if spec.type.kind not in (Kind.TIMESTAMP, Kind.DATE):
            return self._field(variable, attribute)
        null = self._constant("null_value", 0)
        return self._function(
            "_?_:_",
            self._field(variable, attribute, test_only=True),
            self._function("dyn", self._field(variable, attribute)),
            self._function("dyn", null),
        )

    def _call(self, call: Any) -> Any:
        segment = self._segment(call)
        if segment is not None:
            return self._identifier(segment_variable(segment))
        if call.function == "date":
            return self._date(call.args[0].const_expr.string_value)
        if call.function == "double":
            return self._double(call)
        result = self._function(call.function, *(self._rewritten(argument) for argument in call.args))
        if call.HasField("target"):
            result.call_expr.target.CopyFrom(self._rewritten(call.target))
        if call.function in GETTERS and not call.args and self._type(call.target) == DATE:
            result.call_expr.args.append(self._constant("string_value", self._schema.time_zone))
        return result

    def _segment(self, call: Any) -> str | None:
        if call.function in ("@in", "_in_", "in") and self._attribute(call.args[1]) == "segments":
            name: str = call.args[0].const_expr.string_value
            return name
        return None

    def _date(self, text: str) -> Any:
        instant_us = start_of_day(dt.date.fromisoformat(text), self._schema.time_zone)
        seconds, rest_us = divmod(instant_us, 1_000_000)
        at_second = self._function("timestamp", self._constant("int64_value", seconds))
        assert rest_us == 0
        return at_second

    def _double(self, call: Any) -> Any:
        operand = call.args[0]
        converted = self._function("double", self._rewritten(operand))
        kind = self._type(operand)
        if kind is None or kind.kind is not Kind.DECIMAL:
            return converted
        return self._function("_/_", converted, self._constant("double_value", 10.0**kind.scale))

    def _type(self, expr: Any) -> DataType | None:
        """DATE or a DECIMAL type where CEL sees a timestamp or an integer; None where CEL's type is all there is."""
        selected = self._selected(expr)
        if selected is not None:
            spec = self._variables[selected[0]].get(selected[1])
            return spec.type if spec is not None and spec.type.kind in (Kind.DATE, Kind.DECIMAL) else None
        if not expr.HasField("call_expr"):
            return None
        call = expr.call_expr
        if call.function == "date":
            return DATE
        if call.function == "_?_:_":
            return self._joined(call.args[1], call.args[2])
        if call.function in (*SUMS, "_*_", "-_"):
            kinds = (self._type(argument) for argument in call.args)
            return next((kind for kind in kinds if kind is not None and kind.kind is Kind.DECIMAL), None)
        return None

    def _joined(self, left: Any, right: Any) -> DataType | None:
        kinds = [self._type(branch) for branch in (left, right)]
        decimals = [kind for kind in kinds if kind is not None and kind.kind is Kind.DECIMAL]
        if decimals:
            return decimals[0]
        dates = [
            kind == DATE or branch.const_expr.HasField("null_value")
            for kind, branch in zip(kinds, (left, right), strict=True)
        ]
        return DATE if DATE in kinds and all(dates) else None

    def _field(self, variable: str, attribute: str, *, test_only: bool = False) -> Any:
        read = self._new()
        read.select_expr.operand.CopyFrom(self._identifier(variable))
        read.select_expr.field = attribute
        if test_only:
            read.select_expr.test_only = True
        return read

    def _identifier(self, name: str) -> Any:
        identifier = self._new()
        identifier.ident_expr.name = name
        return identifier

    def _constant(self, field: str, value: object) -> Any:
        constant = self._new()
        setattr(constant.const_expr, field, value)
        return constant

    def _function(self, name: str, *arguments: Any) -> Any:
        call = self._new()
        call.call_expr.function = name
        call.call_expr.args.extend(arguments)
        return call

    def _new(self) -> Any:
        return Expr(id=self._next_id())

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id
