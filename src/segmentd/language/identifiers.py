"""Which ids attributes may have, so that expressions can read them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from segmentd.errors import ErrorReason, SegmentdError
from segmentd.schema import ATTRIBUTE_ID

SEGMENTS: Final = "segments"
"""`customer.segments` is the field that segments are referred to by; no attribute may have its id."""

KEYWORDS: Final = frozenset(
    {
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "namespace",
        "null",
        "package",
        "return",
        "true",
        "var",
        "void",
        "while",
    }
)
"""What CEL keeps for itself (https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax)."""

_UNUSABLE: Final = frozenset({SEGMENTS, "DESCRIPTOR"})
"""The second would hide what protobuf's Python classes are described by."""

_UNDERSCORED: Final = re.compile(r"_+(.?)")


class AttributeIdError(SegmentdError):
    """An attribute cannot have this id."""

    reason = ErrorReason.INVALID_FIELD


def check_attribute_id(attribute_id: str, others: Iterable[str] = ()) -> None:
    """Raise AttributeIdError if expressions could not read an attribute of this id beside `others`."""
    if not ATTRIBUTE_ID.fullmatch(attribute_id):
        raise _refusal(attribute_id, "ids match [A-Za-z][A-Za-z0-9_]{0,62}")
    if attribute_id in KEYWORDS:
        raise _refusal(attribute_id, "it is a keyword of CEL")
    if attribute_id in _UNUSABLE:
        raise _refusal(attribute_id, "the name is taken")
    for other in (SEGMENTS, *others):
        if other != attribute_id and lower_camel(other) == lower_camel(attribute_id):
            raise _refusal(attribute_id, f"it differs from {other!r} by underscores only")


def lower_camel(attribute_id: str) -> str:
    """The id as JSON would spell it: `last_login` is `lastLogin`. Ids of a subject are unique in this form."""
    return _UNDERSCORED.sub(lambda match: match.group(1).upper(), attribute_id)


def _refusal(attribute_id: str, why: str) -> AttributeIdError:
    return AttributeIdError(
        f"no attribute can be called {attribute_id!r}: {why}", field="attribute_id", value=attribute_id
    )
