"""Definitions of a file in the words of the client, to be applied to a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentd.client import AttributeDefinition, Benefit, SegmentDefinition

if TYPE_CHECKING:
    from segmentd.segments.definitions import DeclaredAttribute, Definitions
    from segmentd.segments.model import Segment


def wanted_segments(definitions: Definitions) -> dict[str, SegmentDefinition]:
    """The segments of the file, by id."""
    return {segment.id: wanted_segment(segment) for segment in definitions.segments}


def wanted_attributes(definitions: Definitions, currency_code: str) -> dict[str, AttributeDefinition]:
    """The attributes of the file in a ledger of this currency, by `{subject}.{id}`."""
    return {f"{found.subject}.{found.id}": wanted_attribute(found, currency_code) for found in definitions.attributes}


def wanted_segment(segment: Segment) -> SegmentDefinition:
    """One segment."""
    return SegmentDefinition(
        expression=segment.expression,
        display_name=segment.display_name,
        description=segment.description,
        subject=segment.subject,
        benefits=tuple(Benefit(found.id, found.display_name, found.description) for found in segment.benefits),
        labels=dict(segment.labels),
        active=segment.state == "ACTIVE",
    )


def wanted_attribute(attribute: DeclaredAttribute, currency_code: str) -> AttributeDefinition:
    """One attribute, its amounts in this currency."""
    return AttributeDefinition(
        type=attribute.type,
        required=attribute.required,
        expression=attribute.expression or "",
        display_name=attribute.display_name,
        description=attribute.description,
        aggregate=None if attribute.aggregate is None else attribute.aggregate.in_currency(currency_code),
    )
