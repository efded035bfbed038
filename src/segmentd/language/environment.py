"""Compiling expressions: text → parse → money → official check → typed tree → constants → rules → warnings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from segmentd.language.celtree_pb2 import CheckedExpr, ParsedExpr
from segmentd.language.complaints import Complaints
from segmentd.language.finish import finish, warnings_of
from segmentd.language.hints import attributes_read
from segmentd.language.issues import ExpressionError, Issue, expression_error
from segmentd.language.limits import check_chain, check_text, cycle_issue
from segmentd.language.money import Amounts, place_amounts
from segmentd.language.official import OfficialRefusal, subject_environment
from segmentd.language.results import check_result
from segmentd.language.source import Source
from segmentd.language.subject_message import subject_message
from segmentd.language.translate import CheckedText, Translator
from segmentd.language.tree import AttributeRead, Node, Presence, SegmentVerdict, walk
from segmentd.schema import BOOL, DataType, Schema

Path = tuple[str, ...]
"""Ids of the computed attributes whose expressions are being compiled, each read by the one before."""

_TOP: Final[Path] = ()


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
        self._official = subject_environment(subject_message(schema))
        self._trees: dict[str, Node] = {}

    def compile(self, text: str, *, result: DataType | None = BOOL, itself: str | None = None) -> CompiledExpression:
        """The meaning of a text whose value has to be of type `result`, or of any attribute type where that is None.

        `itself` is the computed attribute that the text defines, which it may not read. Raises ExpressionError.
        """
        return self._compile(text, result, _TOP if itself is None else (itself,))

    def _compile(self, text: str, result: DataType | None, path: Path) -> CompiledExpression:
        source = Source(text)
        check_text(source)
        parsed = self._parse(source)
        amounts = place_amounts(source, parsed, self.schema, result)
        if isinstance(amounts, list):
            raise expression_error(amounts)
        checked = self._check(source, parsed, amounts, path[-1] if path else None)
        serialized = checked.SerializeToString()
        checked_text = CheckedText(source, checked, parsed.source_info.positions, amounts.types)
        translator = Translator(checked_text, self.schema, self._computed(parsed, source, path))
        translated = translator.translate()
        if translated is None:
            raise expression_error(translator.issues)
        tree = finish(check_result(translated, result, source), source, self.schema)
        return CompiledExpression(
            text=text,
            tree=tree,
            type=tree.type,
            attributes=frozenset(translator.attributes),
            given=frozenset(node.id for node in walk(tree) if isinstance(node, AttributeRead | Presence)),
            segments=frozenset(node.segment for node in walk(tree) if isinstance(node, SegmentVerdict)),
            warnings=tuple(warnings_of(tree, source, self.schema)),
            checked=serialized,
        )

    def _parse(self, source: Source) -> ParsedExpr:
        try:
            return self._official.parse(source.text)
        except OfficialRefusal as refusal:
            complaints = Complaints(source, self.schema, Amounts(source.text))
            raise expression_error(complaints.issues(str(refusal))) from None

    def _check(self, source: Source, parsed: ParsedExpr, amounts: Amounts, itself: str | None) -> CheckedExpr:
        try:
            return self._official.check(amounts.text)
        except OfficialRefusal as refusal:
            complaints = Complaints(source, self.schema, amounts, parsed, itself)
            raise expression_error(complaints.issues(str(refusal))) from None

    def _computed(self, parsed: ParsedExpr, source: Source, path: Path) -> dict[str, Node | ExpressionError]:
        """The trees of the computed attributes that a text reads, or why one has none.

        Before the text's own tree is translated, so that a chain of attributes does not nest translations.
        """
        trees: dict[str, Node | ExpressionError] = {}
        for attribute_id in sorted(set(attributes_read(parsed.expr, self.schema))):
            spec = self.schema.get(attribute_id)
            if spec is not None and spec.expression is not None:
                try:
                    trees[attribute_id] = self._tree(attribute_id, spec.expression, spec.type, source, path)
                except ExpressionError as error:
                    trees[attribute_id] = error
        return trees

    def _tree(self, attribute_id: str, text: str, type_: DataType, source: Source, path: Path) -> Node:
        if attribute_id in path:
            cycle = (*path[path.index(attribute_id) :], attribute_id)
            raise expression_error([cycle_issue(cycle, source, self.schema)])
        if (known := self._trees.get(attribute_id)) is not None:
            return known
        check_chain(path, source)
        tree = self._compile(text, type_, (*path, attribute_id)).tree
        self._trees[attribute_id] = tree
        return tree
