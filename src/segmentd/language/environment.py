"""Compiling expressions: text → parse → money → official check → typed tree → constants → rules → warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from segmentd.language.celtree_pb2 import CheckedExpr, ParsedExpr
from segmentd.language.complaints import Complaints
from segmentd.language.finish import finish, warnings_of
from segmentd.language.hints import attributes_read
from segmentd.language.issues import ExpressionError, Issue, expression_error
from segmentd.language.limits import check_chain, check_text, cycle_issue
from segmentd.language.money import Amounts, place_amounts
from segmentd.language.official import OfficialRefusal, subject_environment
from segmentd.language.reading import own_reads
from segmentd.language.results import check_result
from segmentd.language.roles import with_role
from segmentd.language.scope import Scope
from segmentd.language.source import Source
from segmentd.language.subject_message import subject_message
from segmentd.language.translate import CheckedText, Translator
from segmentd.language.tree import Node, SegmentVerdict, walk
from segmentd.schema import BOOL, DataType, Schema, Subject

Path = tuple[str, ...]
"""The computed attributes whose expressions are being compiled, `customer.tier`, each read by the one before."""

_TOP: Final[Path] = ()


@dataclass(frozen=True)
class CompiledExpression:
    """An expression that can be used.

    `attributes` are the ids of its subject that it reads itself, given and computed; `given` those that evaluating it
    needs, after computed ones were pasted in; both inside of macros too. `item_attributes` are those that it reads of
    the items of macros, given and computed, each with whose it is. `segments` are the ids of the segments it refers to.
    `checked` is the serialized CheckedExpr of the official checker, where decimal literals are whole minor units.
    """

    text: str
    tree: Node
    type: DataType
    attributes: frozenset[str]
    given: frozenset[str]
    item_attributes: frozenset[tuple[Subject, str]]
    segments: frozenset[str]
    warnings: tuple[Issue, ...]
    checked: bytes


class Environment:
    """Compiles the expressions over one schema. Does not change, and may be used by several threads.

    `items`: what macros go over, by the field of the subject that holds them: `{"accounts": ...}` for
    `customer.accounts`; of each they read the owner's role, too. An attribute of the same id hides them. `nested`: its
    expressions are read where there are no macros: inside of those of another subject, and in filters of aggregates.
    Raises AttributeIdError if expressions could not read one of the attributes.
    """

    def __init__(self, schema: Schema, items: Mapping[str, Schema] | None = None, *, nested: bool = False) -> None:
        self.schema = schema
        self.given_items = dict(items or {})
        read = {name: item for name, item in self.given_items.items() if schema.get(name) is None}
        self.items = {name: with_role(item) for name, item in read.items()}
        self._scope = Scope(schema, self.items, nested=nested)
        self._official = subject_environment(subject_message(schema, self.items))
        self._trees: dict[str, Node] = {}

    @cached_property
    def _of_items(self) -> Mapping[Subject, Environment]:
        """What compiles the computed attributes of items, as they are read inside of macros."""
        return {item.subject: Environment(item, nested=True) for item in self.given_items.values()}

    @cached_property
    def without_macros(self) -> Environment:
        """The environment of the same attributes for places where there are no macros."""
        return Environment(self.schema, nested=True)

    def compile(self, text: str, *, result: DataType | None = BOOL, itself: str | None = None) -> CompiledExpression:
        """The meaning of a text whose value has to be of type `result`, or of any attribute type where that is None.

        `itself` is the computed attribute that the text defines, which it may not read. Raises ExpressionError.
        """
        return self._compile(text, result, _TOP if itself is None else (self.schema.qualified(itself),))

    def _compile(self, text: str, result: DataType | None, path: Path) -> CompiledExpression:
        source = Source(text)
        check_text(source)
        parsed = self._parse(source)
        amounts = place_amounts(source, parsed, self._scope, result)
        if isinstance(amounts, list):
            raise expression_error(amounts)
        checked = self._check(source, parsed, amounts, path)
        serialized = checked.SerializeToString()
        checked_text = CheckedText(source, checked, parsed.source_info.positions, amounts.types)
        translator = Translator(checked_text, self._scope, self._computed(parsed, source, path))
        translated = translator.translate()
        if translated is None:
            raise expression_error(translator.issues)
        tree = finish(check_result(translated, result, source), source, self.schema)
        return CompiledExpression(
            text=text,
            tree=tree,
            type=tree.type,
            attributes=frozenset(translator.attributes),
            given=own_reads(tree, self.schema.subject),
            item_attributes=frozenset(translator.item_attributes),
            segments=frozenset(node.segment for node in walk(tree) if isinstance(node, SegmentVerdict)),
            warnings=tuple(warnings_of(tree, source)),
            checked=serialized,
        )

    def _parse(self, source: Source) -> ParsedExpr:
        try:
            return self._official.parse(source.text)
        except OfficialRefusal as refusal:
            complaints = Complaints(source, self._scope, Amounts(source.text))
            raise expression_error(complaints.issues(str(refusal))) from None

    def _check(self, source: Source, parsed: ParsedExpr, amounts: Amounts, path: Path) -> CheckedExpr:
        try:
            return self._official.check(amounts.text)
        except OfficialRefusal as refusal:
            itself = path[-1].rpartition(".")[2] if path else None
            complaints = Complaints(source, self._scope, amounts, parsed, itself)
            raise expression_error(complaints.issues(str(refusal))) from None

    def _computed(
        self, parsed: ParsedExpr, source: Source, path: Path
    ) -> dict[tuple[Subject, str], Node | ExpressionError]:
        """The trees of the computed attributes that a text reads, or why one has none.

        Before the text's own tree is translated, so that a chain of attributes does not nest translations.
        """
        trees: dict[tuple[Subject, str], Node | ExpressionError] = {}
        reads = {(read.schema.subject, read.id): read.spec for read in attributes_read(parsed.expr, self._scope)}
        for (subject, attribute_id), spec in sorted(reads.items(), key=lambda item: item[0]):
            if spec is not None and spec.expression is not None:
                owner = self if subject is self.schema.subject else self._of_items[subject]
                try:
                    trees[subject, attribute_id] = owner.computed_tree(
                        attribute_id, spec.expression, spec.type, source, path
                    )
                except ExpressionError as error:
                    trees[subject, attribute_id] = error
        return trees

    def computed_tree(self, attribute_id: str, text: str, type_: DataType, source: Source, path: Path) -> Node:
        """The tree of a computed attribute, read in `source` by the last of `path`. Raises ExpressionError."""
        name = self.schema.qualified(attribute_id)
        if name in path:
            raise expression_error([cycle_issue((*path[path.index(name) :], name), source)])
        if (known := self._trees.get(attribute_id)) is not None:
            return known
        check_chain(path, source)
        tree = self._compile(text, type_, (*path, name)).tree
        self._trees[attribute_id] = tree
        return tree
