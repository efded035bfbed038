"""The definitions as segmentd's language understands them, each after those it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

from segmentd.language import CompiledExpression, Environment
from segmentd.schema import Schema
from tests.oracle import wire
from tests.real.definitions import Definitions
from tests.real.subjects import written_type


@dataclass(frozen=True, slots=True)
class Compiled:
    """Compiled definitions by id, in an order in which they can be evaluated."""

    attributes: Mapping[str, CompiledExpression]
    segments: Mapping[str, CompiledExpression]

    def operations(self) -> frozenset[str]:
        """The overload ids of the official checker in any of them."""
        every = (*self.attributes.values(), *self.segments.values())
        return frozenset().union(*(wire.overloads(expression.checked) for expression in every))


def compile_definitions(schema: Schema, definitions: Definitions) -> Compiled:
    """Compile every definition; raises ExpressionError for the first that segmentd refuses."""
    environment = Environment(schema)
    attributes = {
        attribute.id: environment.compile(
            attribute.expression, result=written_type(attribute.type), itself=attribute.id
        )
        for attribute in definitions.attributes.values()
    }
    segments = {segment.id: environment.compile(segment.expression) for segment in definitions.segments.values()}
    read = {name: expression.attributes & attributes.keys() for name, expression in attributes.items()}
    referred = {name: expression.segments for name, expression in segments.items()}
    return Compiled(
        {name: attributes[name] for name in TopologicalSorter(read).static_order()},
        {name: segments[name] for name in TopologicalSorter(referred).static_order()},
    )
