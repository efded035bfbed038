"""How large expressions may be: text, tree, and chains of computed attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segmentd.errors import ErrorReason
from segmentd.language.extent import MAX_DEPTH, MAX_NODES, depth, node_count
from segmentd.language.issues import Issue, expression_error
from segmentd.language.source import Source
from segmentd.language.tree import Node

MAX_CODE_POINTS: Final = 16_384
MAX_CHAIN: Final = 32
"""Computed attributes that each read the next."""


def check_text(source: Source) -> None:
    """Raise ExpressionError unless the parser can be given the text."""
    length = len(source.text)
    if length > MAX_CODE_POINTS:
        message = f"{length} code points; at most {MAX_CODE_POINTS} are allowed"
        raise expression_error(
            [source.error(0, ErrorReason.EXPRESSION_TOO_LONG, message, length=length, limit=MAX_CODE_POINTS)]
        )
    for offset, character in enumerate(source.text):
        # The parser takes the first for the end of the text, and is given UTF-8, which has no surrogates.
        if character == "\0" or "\ud800" <= character <= "\udfff":
            message = f"unexpected character U+{ord(character):04X}"
            raise expression_error([source.error(offset, ErrorReason.EXPRESSION_SYNTAX, message)])


def check_tree(tree: Node, source: Source) -> None:
    """Raise ExpressionError if a tree is too large, with the computed attributes that were pasted in."""
    nodes = node_count(tree)
    if nodes > MAX_NODES:
        message = (
            f"{nodes} operations and operands, with computed attributes pasted in; at most {MAX_NODES} are allowed"
        )
        raise expression_error(
            [source.error(0, ErrorReason.EXPRESSION_TOO_LONG, message, length=nodes, limit=MAX_NODES)]
        )
    levels = depth(tree)
    if levels > MAX_DEPTH:
        message = f"{levels} levels, with computed attributes pasted in; at most {MAX_DEPTH} are allowed"
        raise expression_error([source.error(0, ErrorReason.EXPRESSION_TOO_DEEP, message, limit=MAX_DEPTH)])


def check_chain(path: Sequence[str], source: Source) -> None:
    """Raise ExpressionError if too many computed attributes read each other in a row."""
    if len(path) >= MAX_CHAIN:
        message = f"more than {MAX_CHAIN} computed attributes that each read the next"
        raise expression_error([source.error(0, ErrorReason.EXPRESSION_TOO_DEEP, message, limit=MAX_CHAIN)])


def cycle_issue(names: Sequence[str], source: Source, offset: int = 0) -> Issue:
    """The issue of a computed attribute that reads itself through the given ones, of which it is first and last."""
    cycle = " -> ".join(names)
    message = f"the attribute is computed from itself: {cycle}"
    return source.error(offset, ErrorReason.ATTRIBUTE_CYCLE, message, cycle=cycle)
