"""Warnings about divisions by a zero that stands in the text: they are unknown for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from segmentd.language.tree import Call, Constant, Node, Position, walk_all

_DIVIDING: Final = frozenset({"divide_int64", "modulo_int64"})
"""Doubles are divided by zero as IEEE 754 has it, to infinities and NaN."""


def divisions_by_zero(tree: Node) -> Iterator[Position]:
    """Where integers are divided by a constant zero, or their remainder is taken."""
    for node in walk_all(tree):
        if isinstance(node, Call) and node.overload in _DIVIDING:
            divisor = node.arguments[1]
            # A division in a pasted attribute stands where that attribute is read, and has been warned of there.
            if isinstance(divisor, Constant) and divisor.value == 0 and divisor.position != node.position:
                yield node.position
