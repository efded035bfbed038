"""The role in which a customer owns an account, as macros read it: `a.role` of accounts, `o.role` of owners."""

from __future__ import annotations

from typing import Final

from segmentd.schema import ROLE, STRING, AttributeSpec, Schema, lower_camel

_ROLE: Final = AttributeSpec(ROLE, STRING, required=True, built_in=True, linked=True)


def with_role(item: Schema) -> Schema:
    """What macros go over, with the role, which an attribute of the item that has the name hides."""
    if any(lower_camel(spec.id) == ROLE for spec in item):
        return item
    return Schema(item.subject, (*item.attributes, _ROLE), item.time_zone, item.named)
