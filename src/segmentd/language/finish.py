"""The last stages on a typed tree: its size, its constant parts, the rules on the whole of it, and warnings."""

from __future__ import annotations

from segmentd.errors import ErrorReason
from segmentd.language.fold import Folder
from segmentd.language.issues import Issue, expression_error
from segmentd.language.limits import check_tree
from segmentd.language.nullability import surprises
from segmentd.language.rules import broken_rules
from segmentd.language.source import Source
from segmentd.language.tree import Node, Position
from segmentd.schema import Schema


def finish(tree: Node, source: Source, schema: Schema) -> Node:
    """The tree with its constant parts evaluated. Raises ExpressionError if one fails or the tree breaks a rule."""
    check_tree(tree, source)
    issues: list[Issue] = []

    def report(position: Position, why: str) -> None:
        message = f"this part always fails: {why}"
        issues.append(source.error(_offset(position, source), ErrorReason.CONSTANT_FAILS, message, error=why))

    folded = Folder(schema.time_zone, report).fold(tree)
    if not issues:
        issues = [
            source.error(_offset(position, source), reason, message, operation=operation)
            for position, reason, message, operation in broken_rules(folded)
        ]
    if issues:
        raise expression_error(issues)
    return folded


def warnings_of(tree: Node, source: Source, schema: Schema) -> list[Issue]:
    """What a tree does that people do not expect, in the order of the text."""
    warnings: list[Issue] = []
    for comparison, missing in sorted(surprises(tree), key=lambda pair: _offset(pair[0], source)):
        name = source.name_at(_offset(missing, source))
        attribute = f"{schema.subject}.{name}"
        message = f"true also where {attribute} is missing; to leave those out, write has({attribute}) && in front"
        warnings.append(source.warning(_offset(comparison, source), message, attribute=name))
    return warnings


def _offset(position: Position, source: Source) -> int:
    return source.offset(position.line, position.column)
