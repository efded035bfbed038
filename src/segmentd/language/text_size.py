"""How long texts and lists can get that an expression makes, before it is evaluated: upper bounds in bytes of UTF-8.

A list counts one byte more for each of its elements. Other values count nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from segmentd.language.tree import AttributeRead, Call, Constant, ListLiteral, Node, Value, children
from segmentd.schema import Kind

MAX_CONSTANT_BYTES: Final = 65_536
"""Of every text and list in a constant part, those on the way to its value too."""

Sizes = Mapping[str, int]
"""The longest value of each text and list attribute, in bytes; a list's with one more for each element."""

_TEXTUAL: Final = frozenset({Kind.STRING, Kind.LIST})
_ENDLESS: Final = 2**62
"""Bounds stop here: they multiply with every part that replaces or joins."""
_INT64_DIGITS: Final = 20
_LONGEST_CHARACTER: Final = 4


def text_bound(node: Node, sizes: Sizes) -> int:
    """No text or list is longer that evaluating the node makes or reads: operands, results between, and its value.

    Raises KeyError where `sizes` lacks a text or list attribute that the node reads.
    """
    return _bounds(node, sizes)[1]


def value_bound(node: Node, sizes: Sizes) -> int:
    """The node's own value is no longer; 0 where it is neither text nor a list. Raises KeyError as `text_bound`."""
    return _bounds(node, sizes)[0]


def value_size(value: Value) -> int:
    """How long a value is: what the bounds are bounds of."""
    match value:
        case str():
            return len(value.encode())
        case tuple():
            return sum(map(value_size, value)) + len(value)
        case _:
            return 0


def _bounds(node: Node, sizes: Sizes) -> tuple[int, int]:
    """Bounds of the node's value, and of everything on the way to it."""
    below = [_bounds(child, sizes) for child in children(node)]
    own = 0
    if node.type.kind in _TEXTUAL:
        own = min(_own_bound(node, [value for value, _ in below], sizes), _ENDLESS)
    return own, max([own, *(largest for _, largest in below)])


def _own_bound(node: Node, operands: Sequence[int], sizes: Sizes) -> int:
    match node:
        case Constant():
            return value_size(node.value)
        case AttributeRead():
            return sizes[node.id]
        case ListLiteral():
            return sum(operands) + len(operands)
        case Call():
            return _RULES[node.overload](node.arguments, operands)
        case _:
            raise TypeError(f"{type(node).__name__} is neither text nor a list")


Rule = Callable[[Sequence[Node], Sequence[int]], int]
"""The bound of a call's value, by its arguments and the bounds of theirs."""


def _sum(_: Sequence[Node], operands: Sequence[int]) -> int:
    return sum(operands)


def _first(_: Sequence[Node], operands: Sequence[int]) -> int:
    return operands[0]


def _largest(_: Sequence[Node], operands: Sequence[int]) -> int:
    return max(operands)


def _character(_: Sequence[Node], operands: Sequence[int]) -> int:
    return min(operands[0], _LONGEST_CHARACTER)


def _quoted(_: Sequence[Node], operands: Sequence[int]) -> int:
    return 4 * operands[0] + 2


def _int_text(_: Sequence[Node], __: Sequence[int]) -> int:
    return _INT64_DIGITS


def _bool_text(_: Sequence[Node], __: Sequence[int]) -> int:
    return len("false")


def _replaced(arguments: Sequence[Node], operands: Sequence[int]) -> int:
    """Text of x bytes has at most x + 1 places for an empty text, and x // n for one of n bytes."""
    text, _, new = operands[:3]
    old = _shortest(arguments[1])
    places = text // old if old else text + 1
    limit = arguments[3] if len(arguments) > 3 else None
    if isinstance(limit, Constant) and isinstance(limit.value, int) and limit.value >= 0:
        places = min(places, limit.value)
    return text + places * max(0, new - old)


def _split(arguments: Sequence[Node], operands: Sequence[int]) -> int:
    """An empty separator leaves every byte and makes at most as many parts; another one takes a byte for a part."""
    return operands[0] + 1 if _shortest(arguments[1]) else 2 * operands[0] + 1


def _joined(arguments: Sequence[Node], operands: Sequence[int]) -> int:
    """A list of b bytes has at most b elements, then empty ones; the others count all bytes of theirs."""
    separator = operands[1] if len(operands) > 1 else 0
    joined = arguments[0]
    if isinstance(joined, Constant) and isinstance(joined.value, tuple):
        count = len(joined.value)
        return operands[0] - count + max(0, count - 1) * separator
    return operands[0] * max(1, separator)


def _shortest(node: Node) -> int:
    """How many bytes the text has at least."""
    return value_size(node.value) if isinstance(node, Constant) else 0


_RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "conditional": _largest,
        "add_string": _sum,
        "add_list": _sum,
        "string_char_at_int": _character,
        "string_lower_ascii": _first,
        "string_upper_ascii": _first,
        "string_replace_string_string": _replaced,
        "string_replace_string_string_int": _replaced,
        "string_split_string": _split,
        "string_split_string_int": _split,
        "string_substring_int": _first,
        "string_substring_int_int": _first,
        "string_trim": _first,
        "string_reverse": _first,
        "list_join": _joined,
        "list_join_string": _joined,
        "strings_quote": _quoted,
        "index_list": _first,
        "string_to_string": _first,
        "int64_to_string": _int_text,
        "bool_to_string": _bool_text,
    }
)
