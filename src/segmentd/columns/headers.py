"""From the headers of a file to attribute ids: `Customer ID` becomes `customerId`, `customer_id` stays as it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from segmentd.columns.errors import ColumnError
from segmentd.errors import ErrorReason
from segmentd.schema import ATTRIBUTE_ID

MAX_LENGTH: Final = 63
_WORD: Final = re.compile(r"[A-Za-z0-9_]+")
_LEADING: Final = re.compile(r"^[^A-Za-z]+")


class HeaderError(ColumnError):
    """A header gives no attribute id, or the one that another header gives too."""

    reason = ErrorReason.DUPLICATE_COLUMN

    def __init__(self, header: str, *, attribute: str, other: str | None) -> None:
        why = (
            f"columns {other!r} and {header!r} would both be attribute {attribute!r}; rename one"
            if other is not None
            else f"column {header!r} gives no attribute id; an id matches [A-Za-z][A-Za-z0-9_]{{0,62}}"
        )
        super().__init__(why, attribute=attribute, column=header, other=other or "")


def attribute_ids(headers: Sequence[str]) -> dict[str, str]:
    """The attribute id of each header. HeaderError naming both headers if two give the same, or if one gives none."""
    ids: dict[str, str] = {}
    headers_of: dict[str, str] = {}
    for header in headers:
        attribute = attribute_id(header)
        if not attribute or attribute in headers_of:
            raise HeaderError(header, attribute=attribute, other=headers_of.get(attribute))
        headers_of[attribute] = header
        ids[header] = attribute
    return ids


def attribute_id(header: str) -> str:
    """The id of one header: itself if it can be one, else its words in lowerCamel, accents left out; may be empty."""
    if ATTRIBUTE_ID.fullmatch(header):
        return header
    plain = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode()
    words: list[str] = _WORD.findall(_LEADING.sub("", plain))
    if not words:
        return ""
    first = words[0].lower() if words[0].isupper() else words[0][0].lower() + words[0][1:]
    return (first + "".join(word[0].upper() + word[1:].lower() for word in words[1:]))[:MAX_LENGTH]
