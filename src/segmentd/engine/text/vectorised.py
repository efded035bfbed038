"""Text operations that Arrow has too, over whole dictionaries: for columns with many distinct values.

Arrow compares UTF-8 bytes, as CEL does code points, which is the same order, and its regular expressions are RE2.
What a missing value gives is left to the official runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.language.tree import AttributeRead, Call, Constant, ListLiteral, Node, Presence
from segmentd.schema import Kind

Operation = Callable[..., pa.Array]

_MIRRORED: Final = {
    "less": "greater",
    "less_equals": "greater_equals",
    "greater": "less",
    "greater_equals": "less_equals",
}

_WITH_LITERAL: Final[dict[str, Operation]] = {
    "equals": pc.equal,
    "not_equals": pc.not_equal,
    "less_string": pc.less,
    "less_equals_string": pc.less_equal,
    "greater_string": pc.greater,
    "greater_equals_string": pc.greater_equal,
    "starts_with_string": lambda text, literal: pc.starts_with(text, pattern=literal),
    "is_under_string_string": lambda text, parent: pc.or_(
        pc.equal(text, parent), pc.starts_with(text, pattern=f"{parent}/")
    ),
    "ends_with_string": lambda text, literal: pc.ends_with(text, pattern=literal),
    "contains_string": lambda text, literal: pc.match_substring(text, pattern=literal),
    "matches": lambda text, literal: pc.match_substring_regex(text, pattern=literal),
    "matches_string": lambda text, literal: pc.match_substring_regex(text, pattern=literal),
}

_OF_TEXT: Final[dict[str, Operation]] = {
    "size_string": pc.utf8_length,
    "string_size": pc.utf8_length,
}

_TEXT_TO_TEXT: Final[dict[str, Operation]] = {
    "string_lower_ascii": pc.ascii_lower,
    "string_upper_ascii": pc.ascii_upper,
}


def vectorised(node: Node, values: pa.Array) -> pa.Array | None:
    """The node for every value of the one attribute it reads, none missing; None if Arrow has no such operation."""
    if isinstance(node, Presence):
        lengths = pc.list_value_length(values) if pa.types.is_list(values.type) else None
        return pa.array(np.ones(len(values), np.bool_)) if lengths is None else pc.greater(lengths, 0)
    if not isinstance(node, Call):
        return None
    if pa.types.is_list(values.type):
        return _of_lists(node, values)
    if not pa.types.is_string(values.type):
        return None
    if node.overload in _OF_TEXT:
        text = _text(node.arguments[0], values)
        return None if text is None else _OF_TEXT[node.overload](text).cast(pa.int64())
    if node.overload == "in_list":
        return _in_literals(node, values)
    return _against_literal(node, values)


def _text(node: Node, values: pa.Array) -> pa.Array | None:
    if isinstance(node, AttributeRead) and node.type.kind is Kind.STRING:
        return values
    if isinstance(node, Call) and node.overload in _TEXT_TO_TEXT:
        inner = _text(node.arguments[0], values)
        return None if inner is None else _TEXT_TO_TEXT[node.overload](inner)
    return None


def _literal(node: Node) -> str | None:
    return node.value if isinstance(node, Constant) and isinstance(node.value, str) else None


def _against_literal(node: Call, values: pa.Array) -> pa.Array | None:
    operation = _WITH_LITERAL.get(node.overload)
    if operation is None or len(node.arguments) != 2:
        return None
    left, right = node.arguments
    text, literal = _text(left, values), _literal(right)
    if text is not None and literal is not None:
        return operation(text, literal)
    literal, text = _literal(left), _text(right, values)
    if text is None or literal is None:
        return None
    if node.overload in ("equals", "not_equals"):
        return operation(text, literal)
    name, _, kind = node.overload.rpartition("_")
    mirrored = _WITH_LITERAL.get(f"{_MIRRORED.get(name, '')}_{kind}")
    return None if mirrored is None else mirrored(text, literal)


def _in_literals(node: Call, values: pa.Array) -> pa.Array | None:
    text = _text(node.arguments[0], values)
    literals = _literals(node.arguments[1])
    if text is None or literals is None:
        return None
    return pc.is_in(text, value_set=pa.array(literals, pa.string()))


def _literals(node: Node) -> list[str] | None:
    if isinstance(node, ListLiteral):
        found = [_literal(element) for element in node.elements]
        return None if None in found else [literal for literal in found if literal is not None]
    if isinstance(node, Constant) and isinstance(node.value, tuple):
        return list(node.value)
    return None


def _of_lists(node: Call, values: pa.ListArray) -> pa.Array | None:
    if node.overload in ("size_list", "list_size") and isinstance(node.arguments[0], AttributeRead):
        return pc.list_value_length(values).cast(pa.int64())
    literal = _literal(node.arguments[0])
    if node.overload != "in_list" or literal is None or not isinstance(node.arguments[1], AttributeRead):
        return None
    equal = pc.equal(values.flatten(), literal).to_numpy(zero_copy_only=False).astype(np.int64)
    before = np.concatenate(([0], np.cumsum(equal)))
    offsets: Any = values.offsets.to_numpy() - values.offsets[0].as_py()
    return pa.array(before[offsets[1:]] > before[offsets[:-1]])
