"""Rules on whole trees, after folding: literals where literals are required, and what text may depend on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from segmentd.errors import ErrorReason
from segmentd.language.extent import depth
from segmentd.language.overloads import SUPPORTED, ZONED_GETTERS, Evaluation, is_tabulated
from segmentd.language.patterns import literal_patterns, pattern_argument
from segmentd.language.tree import (
    AttributeRead,
    Call,
    Constant,
    ItemsQuantifier,
    Node,
    Now,
    Position,
    Presence,
    SegmentVerdict,
    children,
    parts,
)
from segmentd.language.wording import display_name
from segmentd.schema import Kind
from segmentd.time_zones import zone_names

MAX_TABULATED_DEPTH: Final = 40
"""Trees reach the official runtime as protobuf messages, of which it reads 100 inside each other: 50 nodes."""

Finding = tuple[Position, ErrorReason, str, str]
"""Where, why, the message, and the operation it is about."""

_TABLE_INPUTS: Final = frozenset({Kind.STRING, Kind.LIST, Kind.BOOL, Kind.INT64})
_TEXTUAL: Final = frozenset({Kind.STRING, Kind.LIST})
_ZONED: Final = frozenset(ZONED_GETTERS.values())
_OFFSET: Final = re.compile(r"[+-]?([01]\d|2[0-3]):[0-5]\d")


def broken_rules(tree: Node) -> Iterator[Finding]:
    """Everything in a tree that cannot be evaluated on columns."""
    if isinstance(tree, Call):
        yield from _broken_by_call(tree)
        if is_tabulated(tree):
            yield from _broken_by_table(tree)
            return
    for part in parts(tree):
        yield from broken_rules(part)


def _broken_by_call(call: Call) -> Iterator[Finding]:
    name = display_name(SUPPORTED[call.overload].function)
    if SUPPORTED[call.overload].evaluation is Evaluation.CONSTANT and not isinstance(call.arguments[0], Constant):
        message = f"{name}() of text takes a literal only, as in {_EXAMPLES[call.overload]}"
        yield call.position, ErrorReason.UNSUPPORTED_OPERATION, message, call.overload
    if call.overload in _ZONED:
        yield from _broken_by_zone(call, name)
    pattern = pattern_argument(call)
    if pattern is not None and None in literal_patterns(pattern):
        message = f'{name}() takes its pattern as a literal only, or as a ternary of literals, as in {name}("^A.*")'
        yield pattern.position, ErrorReason.UNSUPPORTED_OPERATION, message, call.overload


_EXAMPLES: Final = {
    "string_to_timestamp": 'timestamp("2020-01-31T12:00:00Z")',
    "string_to_duration": 'duration("36h")',
    "string_to_date": 'date("2020-01-31")',
}


def _broken_by_zone(call: Call, name: str) -> Iterator[Finding]:
    zone = call.arguments[1]
    if not isinstance(zone, Constant):
        message = f'{name}() takes its time zone as a literal only, as in {name}("Europe/Prague")'
        yield zone.position, ErrorReason.UNSUPPORTED_OPERATION, message, call.overload
    elif not is_zone(str(zone.value)):
        message = f"no time zone {zone.value!r}; allowed: IANA names such as Europe/Prague, and offsets such as +02:00"
        yield zone.position, ErrorReason.CONSTANT_FAILS, message, call.overload


def is_zone(name: str) -> bool:
    """Whether a getter takes this zone: an IANA name, or an offset `+HH:MM`."""
    return _OFFSET.fullmatch(name) is not None or name in zone_names()


def _broken_by_table(call: Call) -> Iterator[Finding]:
    if depth(call) > MAX_TABULATED_DEPTH:
        message = f"an operation on text is nested deeper than {MAX_TABULATED_DEPTH}, computed attributes included"
        yield call.position, ErrorReason.EXPRESSION_TOO_DEEP, message, call.overload
    for child in children(call):
        yield from _broken_by_input(child, call)


def _broken_by_input(node: Node, table: Call) -> Iterator[Finding]:
    """Text operations are evaluated per distinct tuple of inputs, so what they read must have few distinct values."""
    if isinstance(node, Call) and _is_text_choice(node):
        yield from broken_rules(node.arguments[0])
        for branch in node.arguments[1:]:
            yield from _broken_by_input(branch, table)
        return
    if isinstance(node, Call):
        yield from _broken_by_call(node)
    if (what := _unfit_input(node)) is not None:
        name = display_name(SUPPORTED[table.overload].function)
        message = f"{name} on text cannot depend on {what}, except through the condition of a ternary between texts"
        yield node.position, ErrorReason.UNSUPPORTED_OPERATION, message, table.overload
    for child in children(node):
        yield from _broken_by_input(child, table)


def _unfit_input(node: Node) -> str | None:
    match node:
        case Now():
            return "now"
        case SegmentVerdict():
            return f"segment {node.segment!r}"
        case ItemsQuantifier():
            return f"a macro over {node.items}"
        case AttributeRead(type=type_) | Presence(type_read=type_):
            return None if type_.kind in _TABLE_INPUTS else f"{node.id!r} of type {type_}"
        case _:
            return None


def _is_text_choice(call: Call) -> bool:
    return call.overload == "conditional" and call.type.kind in _TEXTUAL
