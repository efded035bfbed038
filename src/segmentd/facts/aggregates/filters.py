"""Filters of aggregates over facts or accounts: for which rows they are true, and for which they are unknown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from segmentd.columns.column import Batch
from segmentd.columns.planes import Plane
from segmentd.engine import Engine
from segmentd.engine.text.tabulation import Cancelled
from segmentd.language import CompiledExpression
from segmentd.language.tree import AttributeRead, Call, ListLiteral, Node, Now, Presence
from segmentd.plan import Program, compile_program
from segmentd.schema import AttributeSpec, Schema, Subject


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """The rows for which a filter is true, and those for which it is unknown."""

    true: Plane
    unknown: Plane


@dataclass(frozen=True, slots=True)
class Filtering:
    """How filters of a subject are evaluated: where, as of when, and in which time zone."""

    engine: Engine
    subject: Subject
    now_us: int
    zone: str
    cancelled: Cancelled | None = None

    def verdicts(self, filters: Sequence[Node], batch: Batch) -> list[Verdict]:
        """What each filter says of the rows, all of them evaluated in one go."""
        if not filters:
            return []
        program = _program(tuple(filters), self.subject, self.zone)
        found = self.engine.evaluate(program, batch, self.now_us, planes=True, cancelled=self.cancelled)
        if found.members is None or found.unknowns is None:
            raise ValueError("planes were asked for")
        return [Verdict(*pair) for pair in zip(found.members, found.unknowns, strict=True)]


def depends_on_now(expression: CompiledExpression | None) -> bool:
    """Whether what it says of a fact may change as time passes."""
    return expression is not None and any(isinstance(node, Now) for node in _nodes(expression.tree))


@lru_cache(maxsize=256)
def _program(trees: tuple[Node, ...], subject: Subject, zone: str) -> Program:
    """The program of filters, which needs to know of the attributes that they read alone."""
    definitions: dict[str, Node | None] = {str(number): tree for number, tree in enumerate(trees)}
    read = {
        node.id: AttributeSpec(node.id, node.type if isinstance(node, AttributeRead) else node.type_read, node.required)
        for tree in trees
        for node in _nodes(tree)
        if isinstance(node, AttributeRead | Presence)
    }
    return compile_program(tuple(definitions), [], definitions, Schema(subject, tuple(read.values()), zone))


def _nodes(tree: Node) -> Iterator[Node]:
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, Call):
            stack.extend(node.arguments)
        elif isinstance(node, ListLiteral):
            stack.extend(node.elements)
