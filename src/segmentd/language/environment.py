"""Compiling expressions: text → parse → money → official check → typed tree → constants → rules → warnings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from segmentd.errors import ErrorReason
from segmentd.language.celtree_pb2 import CheckedExpr, ParsedExpr
from segmentd.language.complaints import Complaints
from segmentd.language.extent import depth, node_count
from segmentd.language.fold import Folder
from segmentd.language.issues import ExpressionError, Issue, expression_error
from segmentd.language.money import Amounts, place_amounts
from segmentd.language.nullability import surprises
from segmentd.language.official import OfficialEnvironment, OfficialRefusal, subject_environment
from segmentd.language.results import check_result
from segmentd.language.rules import broken_rules
from segmentd.language.source import Source
from segmentd.language.subject_message import subject_message
from segmentd.language.translate import CheckedText, Translator
from segmentd.language.tree import AttributeRead, Node, Position, Presence, SegmentVerdict, walk
from segmentd.schema import BOOL, DataType, Schema

MAX_CODE_POINTS: Final = 16_384
MAX_NODES: Final = 4_096
MAX_TREE_DEPTH: Final = 128
"""Of a tree with its computed attributes pasted in; what evaluates trees is recursive."""


@dataclass(frozen=True)
class CompiledExpression:
    """An expression that can be used.

    `attributes` are the ids it reads itself, given and computed; `given` those that evaluating it needs, after computed
    ones were pasted in. `segments` are the ids of the segments it refers to. `checked` is the serialized CheckedExpr of
    the official checker, where decimal literals are whole minor units.
    """

    text: str
    tree: Node
    type: DataType
    attributes: frozenset[str]
    given: frozenset[str]
    segments: frozenset[str]
    warnings: tuple[Issue, ...]
    checked: bytes


class Environment:
    """Compiles the expressions over one schema. Does not change, and may be used by several threads.

    Raises AttributeIdError if expressions could not read one of the attributes.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._official: OfficialEnvironment = subject_environment(subject_message(schema))
        self._computed: dict[str, Node] = {}

    def compile(self, text: str, *, result: DataType | None = BOOL, itself: str | None = None) -> CompiledExpression:
        """The meaning of a text whose value has to be of type `result`, or of any attribute type where that is None.

        `itself` is the computed attribute that the text defines, which it may not read. Raises ExpressionError.
        """
        return self._compile(text, result, () if itself is None else (itself,))

    def _compile(self, text: str, result: DataType | None, path: tuple[str, ...]) -> CompiledExpression:
        source = Source(text)
        _check_text(source)
        parsed = self._parse(source)
        amounts = place_amounts(source, parsed, self.schema, result)
        if isinstance(amounts, list):
            raise expression_error(amounts)
        checked = self._check(source, parsed, amounts)
        translator = self._translator(CheckedText(source, checked, parsed.source_info.positions, amounts.types), path)
        tree = translator.translate(checked.expr)
        if tree is None:
            raise expression_error(translator.issues)
        tree = check_result(tree, result, source)
        tree = self._finish(tree, source)
        return CompiledExpression(
            text=text,
            tree=tree,
            type=tree.type,
            attributes=frozenset(translator.attributes),
            given=frozenset(node.id for node in walk(tree) if isinstance(node, AttributeRead | Presence)),
            segments=frozenset(node.segment for node in walk(tree) if isinstance(node, SegmentVerdict)),
            warnings=tuple(_warnings(tree, source, self.schema)),
            checked=checked.SerializeToString(),
        )

    def _parse(self, source: Source) -> ParsedExpr:
        try:
            return self._official.parse(source.text)
        except OfficialRefusal as refusal:
            complaints = Complaints(source, self.schema, Amounts(source.text))
            raise expression_error(complaints.issues(str(refusal))) from None

    def _check(self, source: Source, parsed: ParsedExpr, amounts: Amounts) -> CheckedExpr:
        try:
            return self._official.check(amounts.text)
        except OfficialRefusal as refusal:
            complaints = Complaints(source, self.schema, amounts, parsed)
            raise expression_error(complaints.issues(str(refusal))) from None

    def _translator(self, text: CheckedText, path: tuple[str, ...]) -> Translator:
        return Translator(text, self.schema, lambda attribute_id: self._computed_tree(attribute_id, path, text.source))

    def _computed_tree(self, attribute_id: str, path: tuple[str, ...], source: Source) -> Node:
        """The tree of a computed attribute. Raises ExpressionError, at the start of `source` where it is a cycle."""
        if attribute_id in path:
            raise expression_error([self._cycle((*path[path.index(attribute_id) :], attribute_id), source)])
        if (known := self._computed.get(attribute_id)) is not None:
            return known
        spec = self.schema.get(attribute_id)
        if spec is None or spec.expression is None:
            raise AssertionError(f"{attribute_id} is not computed")
        tree = self._compile(spec.expression, spec.type, (*path, attribute_id)).tree
        self._computed[attribute_id] = tree
        return tree

    def _cycle(self, ids: tuple[str, ...], source: Source) -> Issue:
        cycle = " -> ".join(f"{self.schema.subject}.{attribute_id}" for attribute_id in ids)
        message = f"the attribute is computed from itself: {cycle}"
        return source.error(0, ErrorReason.ATTRIBUTE_CYCLE, message, cycle=cycle)

    def _finish(self, tree: Node, source: Source) -> Node:
        """The tree with its constant parts evaluated. Raises ExpressionError where a rule on whole trees is broken."""
        issues: list[Issue] = []
        _check_extent(tree, source)

        def report(position: Position, why: str) -> None:
            offset = source.offset(position.line, position.column)
            issues.append(source.error(offset, ErrorReason.CONSTANT_FAILS, f"this part always fails: {why}", error=why))

        folded = Folder(self.schema.time_zone, report).fold(tree)
        for position, reason, message, operation in broken_rules(folded) if not issues else ():
            offset = source.offset(position.line, position.column)
            issues.append(source.error(offset, reason, message, operation=operation))
        if issues:
            raise expression_error(issues)
        return folded


def _check_text(source: Source) -> None:
    length = len(source.text)
    if length > MAX_CODE_POINTS:
        message = f"{length} code points; at most {MAX_CODE_POINTS} are allowed"
        raise _error(source, 0, ErrorReason.EXPRESSION_TOO_LONG, message, length=length, limit=MAX_CODE_POINTS)
    for offset, character in enumerate(source.text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            message = f"unexpected character U+{ord(character):04X}"
            raise _error(source, offset, ErrorReason.EXPRESSION_SYNTAX, message)


def _check_extent(tree: Node, source: Source) -> None:
    nodes, levels = node_count(tree), depth(tree)
    if nodes > MAX_NODES:
        message = (
            f"{nodes} operations and operands, with computed attributes pasted in; at most {MAX_NODES} are allowed"
        )
        raise _error(source, 0, ErrorReason.EXPRESSION_TOO_LONG, message, length=nodes, limit=MAX_NODES)
    if levels > MAX_TREE_DEPTH:
        message = f"{levels} levels, with computed attributes pasted in; at most {MAX_TREE_DEPTH} are allowed"
        raise _error(source, 0, ErrorReason.EXPRESSION_TOO_DEEP, message, limit=MAX_TREE_DEPTH)


def _error(source: Source, offset: int, reason: ErrorReason, message: str, **metadata: object) -> ExpressionError:
    return expression_error([source.error(offset, reason, message, **metadata)])


def _warnings(tree: Node, source: Source, schema: Schema) -> list[Issue]:
    warnings: list[Issue] = []
    for comparison, missing in surprises(tree):
        name = source.name_at(source.offset(missing.line, missing.column))
        offset = source.offset(comparison.line, comparison.column)
        message = (
            f"true also where {schema.subject}.{name} is missing; "
            f"to leave those out, write has({schema.subject}.{name}) && in front"
        )
        warnings.append(source.warning(offset, message, attribute=name))
    return warnings
