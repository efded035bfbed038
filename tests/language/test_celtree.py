"""Our proto of CEL's trees reads what the official library writes, and loses nothing of it."""

from __future__ import annotations

from segmentd.language.celtree_pb2 import CheckedExpr, Type
from tests.language.reference import reference_environment
from tests.language.schemas import SCHEMA


def test_fields_that_are_not_declared_survive() -> None:
    """A macro, most of whose fields our proto lacks, still evaluates after it was read and written again."""
    reference = reference_environment(SCHEMA)
    checked = reference.check("customer.tags.exists(tag, tag.startsWith('v')) && customer.age in [18, 21]")
    again = CheckedExpr.FromString(checked.SerializeToString())
    expression = reference.deserialize(again.SerializeToString())
    assert expression.evaluate(reference.message({"tags": ("a", "vip"), "age": 21}), 0) is True
    assert expression.evaluate(reference.message({"tags": ("a",), "age": 21}), 0) is False


def test_types_and_overloads() -> None:
    """The checked tree holds types, overload ids and places by the ids of its nodes."""
    checked = reference_environment(SCHEMA).check("customer.age < 18.5")
    root = checked.expr
    assert list(checked.reference_map[root.id].overload_id) == ["less_int64_double"]
    assert checked.type_map[root.id].primitive == Type.BOOL
    assert checked.type_map[root.call_expr.args[0].id].wrapper == Type.INT64
    assert checked.source_info.positions[root.id] == len("customer.age ")


def test_null_is_a_constant() -> None:
    """Null is told apart from a constant without a kind, though both are zero on the wire."""
    checked = reference_environment(SCHEMA).check("customer.age == null")
    assert checked.expr.call_expr.args[1].const_expr.WhichOneof("constant_kind") == "null_value"
