"""Codes as text, for people: which values a code stands for."""

from __future__ import annotations

import math
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from segmentd.columns.coding import Layout, Ranges, Truths, bit_count
from segmentd.plan.parts import Part
from segmentd.plan.render_tree import render_tree
from segmentd.plan.sources import AttributeColumn, CodeColumn, Constants, SlicedCodes, Table, Uniform
from segmentd.schema import DataType, Kind, Schema

Cut = int | float
"""Where a range of codes begins."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def render_codes(codes: SlicedCodes) -> str:
    """What is coded, in how many bits, and what the codes tell apart."""
    bits = bit_count(codes.layout.size)
    return f"codes of {_subject(codes)}, {bits} {'bit' if bits == 1 else 'bits'} for {_count(codes.layout)}"


def render_bound(codes: SlicedCodes, bound: int, schema: Schema) -> str:
    """What it says of a row that its code is at least a bound, in terms of values."""
    subject, layout = _subject(codes), codes.layout
    if isinstance(layout, Truths):
        return subject
    if not isinstance(layout, Ranges):
        return f"class {bound} or above of {subject}"
    if bound <= layout.first_range:
        return f"has({subject})" if bound == layout.has_missing else f"{subject} is a number"
    cut = layout.cuts[bound - layout.first_range - 1]
    spec = None if isinstance(codes.key, Part) else schema.get(codes.attributes[0])
    return f"{subject} {_at_least(cut, None if spec is None else spec.type)}"


def _subject(codes: SlicedCodes) -> str:
    if isinstance(codes.key, Part):
        return render_part(codes.key)
    return codes.attributes[0] if len(codes.attributes) == 1 else f"({', '.join(codes.attributes)})"


def _count(layout: Layout) -> str:
    if isinstance(layout, Ranges):
        cuts = len(layout.cuts)
        return f"{cuts} {'threshold' if cuts == 1 else 'thresholds'}"
    return "rows in it and others" if isinstance(layout, Truths) else f"{layout.size} classes of values"


def _at_least(cut: Cut, data_type: DataType | None) -> str:
    """`>= cut`, or of the double that follows a shorter one `> that`: from there on lies what is above it."""
    if isinstance(cut, float):
        below = math.nextafter(cut, -math.inf)
        return f"> {below!r}" if len(repr(below)) < len(repr(cut)) else f">= {cut!r}"
    return f">= {cut if data_type is None else _value(cut, data_type)}"


def _value(cut: int, data_type: DataType) -> str:
    match data_type.kind:
        case Kind.DECIMAL:
            return str(Decimal(cut).scaleb(-data_type.scale))
        case Kind.TIMESTAMP | Kind.DATE:
            try:
                return (_EPOCH + timedelta(microseconds=cut)).isoformat()
            except OverflowError:  # beyond the years of Python's calendar
                return str(cut)
        case _:
            return str(cut)


def render_part(part: Part) -> str:
    """A part of a circuit in the form of calls."""
    if len(part.details) == 1 and isinstance(part.details[0], AttributeColumn) and not part.operands:
        return part.details[0].attribute
    inner = [*map(render_part, part.operands), *map(_detail, part.details)]
    return f"{part.op.value}({', '.join(inner)})"


def _detail(detail: Hashable) -> str:
    match detail:
        case AttributeColumn():
            return detail.attribute
        case CodeColumn():
            return ", ".join(detail.attributes)
        case Constants():
            return ", ".join(map(repr, detail.values))
        case Table() | Uniform():
            return render_tree(detail.node)
        case _:
            return str(detail)
