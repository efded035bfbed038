"""Which ids attributes may have, so that expressions can read them."""

from __future__ import annotations

from collections.abc import Iterable

from segmentd.errors import ErrorReason, SegmentdError
from segmentd.schema import ATTRIBUTE_ID, ITEMS, KEYWORDS, ROLE, SEGMENTS, TAKEN_IDS, Subject, lower_camel

__all__ = ["KEYWORDS", "SEGMENTS", "AttributeIdError", "check_attribute_id", "lower_camel"]


class AttributeIdError(SegmentdError):
    """An attribute cannot have this id."""

    reason = ErrorReason.INVALID_FIELD


def check_attribute_id(attribute_id: str, others: Iterable[str] = (), subject: Subject | None = None) -> None:
    """Raise AttributeIdError if expressions could not read an attribute of this id beside `others`.

    With a subject, also where its macros could not: an attribute `accounts` of customers hides what they own, and
    one `role` in which role.
    """
    if not ATTRIBUTE_ID.fullmatch(attribute_id):
        raise _refusal(attribute_id, "ids match [A-Za-z][A-Za-z0-9_]{0,62}")
    if attribute_id in KEYWORDS:
        raise _refusal(attribute_id, "it is a keyword of CEL")
    if attribute_id in TAKEN_IDS:
        raise _refusal(attribute_id, "the name is taken")
    if subject is not None and attribute_id in ITEMS.get(subject, {}):
        raise _refusal(attribute_id, f"the name is that of the {attribute_id} of the {subject}, which macros go over")
    if subject in ITEMS and lower_camel(attribute_id) == ROLE:
        raise _refusal(attribute_id, "the name is that of the owner's role on an account, which macros read")
    for other in (SEGMENTS, *others):
        if other != attribute_id and lower_camel(other) == lower_camel(attribute_id):
            raise _refusal(attribute_id, f"it differs from {other!r} by underscores only")


def _refusal(attribute_id: str, why: str) -> AttributeIdError:
    return AttributeIdError(
        f"no attribute can be called {attribute_id!r}: {why}", field="attribute_id", value=attribute_id
    )
