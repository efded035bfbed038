"""Expressions that can be planned: what one would fail with when it is asked for, it fails with when it is defined."""

from __future__ import annotations

from segmentd.language import CompiledExpression, Environment
from segmentd.language.issues import expression_error
from segmentd.language.source import Source
from segmentd.language.tree import ItemsQuantifier, Node, SegmentVerdict, walk
from segmentd.plan.compile import HANDLERS
from segmentd.plan.lowered import Truth
from segmentd.plan.lowering import Lowering
from segmentd.plan.text import MAX_DISTRIBUTED_NODES, PlanTooLargeError
from segmentd.schema import BOOL, DataType, Schema


def compile_plannable(
    environment: Environment, text: str, *, result: DataType | None = BOOL, itself: str | None = None
) -> CompiledExpression:
    """The meaning of a text, as of `Environment.compile`. Raises ExpressionError also where its plan is too large."""
    expression = environment.compile(text, result=result, itself=itself)
    try:
        check_expression(expression.tree, environment.schema)
    except PlanTooLargeError as error:
        source = Source(text)
        offset = source.offset(error.position.line, error.position.column)
        raise expression_error([source.error(offset, error.reason, error.message, **error.metadata)]) from error
    return expression


def check_expression(tree: Node, schema: Schema) -> None:
    """Plan one expression alone, whatever the segments that it refers to say. Raises PlanTooLargeError."""
    low = Lowering(HANDLERS, zone=schema.time_zone, room=MAX_DISTRIBUTED_NODES)
    nobody = Truth(low.circuit.zeros, low.circuit.ones, low.circuit.zeros)
    low.verdicts.update((part.segment, nobody) for part in walk(tree) if isinstance(part, SegmentVerdict))
    low.lower(tree)
    for node in walk(tree):
        if isinstance(node, ItemsQuantifier):
            low.lower(node.predicate)
