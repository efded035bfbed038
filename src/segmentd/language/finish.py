"""The last stages on a typed tree: its size, its constant parts, the rules on the whole of it, and warnings."""

from __future__ import annotations

from segmentd.errors import ErrorReason
from segmentd.language.divisions import divisions_by_zero
from segmentd.language.fold import Folder
from segmentd.language.issues import Issue, expression_error
from segmentd.language.limits import check_tree
from segmentd.language.nullability import surprises
from segmentd.language.patterns import MAX_PATTERN_SIZE
from segmentd.language.rules import broken_rules
from segmentd.language.source import Source
from segmentd.language.text_size import MAX_CONSTANT_BYTES
from segmentd.language.tree import Node, Position
from segmentd.schema import Schema


def finish(tree: Node, source: Source, schema: Schema) -> Node:
    """The tree with its constant parts evaluated.

    Raises ExpressionError if one fails or makes too long a text, or the tree breaks a rule.
    """
    check_tree(tree, source)
    issues: list[Issue] = []

    def report(position: Position, why: str) -> None:
        message = f"this part always fails: {why}"
        issues.append(source.error(_offset(position, source), ErrorReason.CONSTANT_FAILS, message, error=why))

    def refuse(position: Position, length: int) -> None:
        issues.append(_too_long(position, length, source))

    def exceed(position: Position, size: str) -> None:
        issues.append(_too_large(position, size, source))

    folded = Folder(schema.time_zone, report, refuse, exceed).fold(tree)
    if not issues:
        issues = [
            source.error(_offset(position, source), reason, message, operation=operation)
            for position, reason, message, operation in broken_rules(folded)
        ]
    if issues:
        raise expression_error(issues)
    return folded


def warnings_of(tree: Node, source: Source) -> list[Issue]:
    """What a tree does that people do not expect, in the order of the text."""
    warnings: list[Issue] = []
    for comparison, missing in surprises(tree):
        attribute = source.path_at(_offset(missing, source))
        message = f"true also where {attribute} is missing; to leave those out, write has({attribute}) && in front"
        warnings.append(source.warning(_offset(comparison, source), message, attribute=attribute))
    by_zero = "always unknown: integers are not divided by zero"
    warnings += [source.warning(_offset(division, source), by_zero) for division in divisions_by_zero(tree)]
    return sorted(warnings, key=lambda warning: (warning.position.line, warning.position.column))


def _too_long(position: Position, length: int, source: Source) -> Issue:
    message = f"text of up to {length} bytes without any attribute; at most {MAX_CONSTANT_BYTES} are allowed"
    reason = ErrorReason.EXPRESSION_TOO_LONG
    return source.error(_offset(position, source), reason, message, length=length, limit=MAX_CONSTANT_BYTES)


def _too_large(position: Position, size: str, source: Source) -> Issue:
    message = (
        f"a pattern of {size} instructions; at most {MAX_PATTERN_SIZE} are allowed: repeat less often, since {{9}} "
        r"counts nine times, write [A-Za-z] for \pL, which takes 1200, or ask with several patterns"
    )
    offset = _offset(position, source)
    return source.error(offset, ErrorReason.PATTERN_TOO_LARGE, message, size=size, limit=MAX_PATTERN_SIZE)


def _offset(position: Position, source: Source) -> int:
    return source.offset(position.line, position.column)
