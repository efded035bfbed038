"""Constant parts are evaluated by the official runtime when an expression is defined; one that fails is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from segmentd.language.patterns import excess, literal_patterns, pattern_argument
from segmentd.language.runtime import UNKNOWN, SubtreeEvaluator, plain_value
from segmentd.language.text_size import MAX_CONSTANT_BYTES, text_bound
from segmentd.language.tree import Call, Constant, ItemsQuantifier, ListLiteral, Node, Position
from segmentd.schema import BOOL, DURATION, LIST, STRING

_SUBMICROSECOND: Final = frozenset({"string_to_timestamp", "string_to_duration"})
_LONGEST_DURATION_US: Final = 9_223_372_036_854_775
"""292 years: the runtime sums durations as int64 nanoseconds, and cuts longer ones off there without a word."""

Report = Callable[[Position, str], None]
"""Says that a constant part fails: where, and why."""
Refuse = Callable[[Position, int], None]
"""Says that a constant part makes too long a text or list: where, and how many bytes that may have."""
Exceed = Callable[[Position, str], None]
"""Says that a pattern is too large: where, and how many instructions it has."""


@dataclass(frozen=True)
class Folder:
    """Folds trees of one ledger's zone, telling `report` of parts that fail.

    What is never evaluated is told to `refuse` and `exceed`.
    """

    time_zone: str
    report: Report = field(repr=False)
    refuse: Refuse = field(repr=False)
    exceed: Exceed = field(repr=False)

    def fold(self, node: Node) -> Node:
        """The tree with every constant part as a Constant. The right side of `in` stays, or becomes, a list literal."""
        match node:
            case ListLiteral():
                return self._fold_list(node)
            case Call(overload="in_list", arguments=(member, ListLiteral() as literal)):
                elements = tuple(map(self.fold, literal.elements))
                return self._fold_call(
                    replace(node, arguments=(self.fold(member), replace(literal, elements=elements)))
                )
            case Call():
                return self._fold_call(replace(node, arguments=tuple(map(self.fold, node.arguments))))
            case ItemsQuantifier():
                return replace(node, predicate=self.fold(node.predicate))
            case _:
                return node

    def _fold_list(self, node: ListLiteral) -> Node:
        elements = tuple(map(self.fold, node.elements))
        values = [element.value for element in elements if isinstance(element, Constant)]
        texts = tuple(value for value in values if isinstance(value, str))
        if len(texts) == len(elements):
            return Constant(texts, LIST, node.position)
        return replace(node, elements=elements)

    def _fold_call(self, call: Call) -> Node:
        if not self._has_small_patterns(call):
            return call
        if all(map(_is_constant, call.arguments)):
            return self._evaluated(call)
        self._check_patterns(call)
        return _with_list_literal(call) if call.overload == "in_list" else call

    def _evaluated(self, call: Call) -> Node:
        # The runtime has no limit of its own, and holds the interpreter's lock while it works.
        if (length := text_bound(call, {})) > MAX_CONSTANT_BYTES:
            self.refuse(call.position, length)
            return call
        result = next(iter(SubtreeEvaluator(call, (), self.time_zone).results([()])))
        value = plain_value(result)
        if value is UNKNOWN:
            self.report(call.position, _plain_error(str(result.value())))
            return call
        constant = Constant(value, call.type, call.position)
        if call.overload in _SUBMICROSECOND and not self._is_exact(call, constant):
            self.report(call.position, "finer than a microsecond; use at most six digits after the point")
        if call.type == DURATION and isinstance(value, int) and abs(value) > _LONGEST_DURATION_US:
            self.report(call.position, "longer than 292 years, which durations cannot be")
        return constant

    def _is_exact(self, call: Call, constant: Constant) -> bool:
        comparison = Call("equals", (call, constant), BOOL, call.position)
        return SubtreeEvaluator(comparison, (), self.time_zone).evaluate([()]) == [True]

    def _has_small_patterns(self, call: Call) -> bool:
        """Whether the literal patterns of a call may be compiled by the runtime, which has no limit of its own."""
        sizes = [(each.position, excess(str(each.value))) for each in _literals(call)]
        for position, size in sizes:
            if size is not None:
                self.exceed(position, size)
        return all(size is None for _, size in sizes)

    def _check_patterns(self, call: Call) -> None:
        """Refuse a literal pattern that is none, which would make the result unknown for everybody."""
        for pattern in _literals(call):
            self.fold(replace(call, arguments=(Constant("", STRING, call.position), pattern)))


def _literals(call: Call) -> list[Constant]:
    """The literal patterns that a call looks for."""
    pattern = pattern_argument(call)
    return [] if pattern is None else [each for each in literal_patterns(pattern) if each is not None]


def _is_constant(node: Node) -> bool:
    if isinstance(node, ListLiteral):
        return all(map(_is_constant, node.elements))
    return isinstance(node, Constant)


def _with_list_literal(call: Call) -> Call:
    """`x in ["a"] + ["b"]` as `x in ["a", "b"]`."""
    member, among = call.arguments
    if not isinstance(among, Constant) or not isinstance(among.value, tuple):
        return call
    elements = tuple(Constant(text, STRING, among.position) for text in among.value)
    return replace(call, arguments=(member, ListLiteral(elements, LIST, among.position)))


def _plain_error(official: str) -> str:
    """The runtime's words without its status code, as part of a sentence."""
    code, separator, rest = official.partition(": ")
    words = rest if separator and code.isupper() else official
    return words[:1].lower() + words[1:]
