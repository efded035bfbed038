"""From the headers of a file to attribute ids: `Customer ID` becomes `customerId`, `customer_id` stays as it is.

Letters outside ASCII are written without their accents, `ß` as `ss`, `æ` as `ae`, `ø` as `o`: `Größe` becomes `grosse`.
A header with letters of another script has no id, and neither has one that expressions could not read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from segmentd.columns.errors import ColumnError
from segmentd.errors import ErrorReason
from segmentd.schema import ATTRIBUTE_ID, KEYWORDS, SEGMENTS, TAKEN_IDS, lower_camel

MAX_LENGTH: Final = 63
_WORD: Final = re.compile(r"[A-Za-z0-9_]+")
_LEADING: Final = re.compile(r"^[^A-Za-z]+")
_WITHOUT_ACCENTS: Final = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
    | {"đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ı": "i"}
)
"""Latin letters that Unicode does not take apart into a letter of ASCII and an accent."""


class HeaderError(ColumnError):
    """Two headers give the same attribute id, or ids of which a subject can have only one."""

    reason = ErrorReason.DUPLICATE_COLUMN

    def __init__(self, header: str, *, attribute: str, other: str) -> None:
        super().__init__(
            f"columns {other!r} and {header!r} would both be attribute {attribute!r}; rename one",
            attribute=attribute,
            column=header,
            other=other,
        )


def attribute_ids(headers: Sequence[str]) -> dict[str, str]:
    """The attribute id of each header that has one. HeaderError naming both headers if two give the same.

    Ids that differ by underscores only, such as `last_login` and `lastLogin`, are the same.
    """
    ids: dict[str, str] = {}
    headers_of: dict[str, str] = {}
    for header in headers:
        attribute = attribute_id(header)
        if unusable(attribute):
            continue
        other = headers_of.setdefault(lower_camel(attribute), header)
        if header in ids or other != header:
            raise HeaderError(header, attribute=attribute, other=other)
        ids[header] = attribute
    return ids


def attribute_id(header: str) -> str:
    """The id of one header: itself if it can be one, else its words in lowerCamel, accents left out; may be empty."""
    if ATTRIBUTE_ID.fullmatch(header):
        return header
    letters = unicodedata.normalize("NFKD", header.translate(_WITHOUT_ACCENTS))
    if any(letter.isalpha() and not letter.isascii() for letter in letters):
        return ""
    plain = letters.encode("ascii", "ignore").decode()
    words: list[str] = _WORD.findall(_LEADING.sub("", plain))
    if not words:
        return ""
    first = words[0].lower() if words[0].isupper() else words[0][0].lower() + words[0][1:]
    return (first + "".join(word[0].upper() + word[1:].lower() for word in words[1:]))[:MAX_LENGTH]


def unusable(attribute: str) -> str:
    """Why a header of this id cannot be an attribute, "" where it can."""
    if not attribute:
        return "its header gives no attribute id, which begins with a letter from A to Z"
    if attribute in KEYWORDS:
        return f"{attribute!r} is a keyword of CEL"
    if attribute in TAKEN_IDS or lower_camel(attribute) == SEGMENTS:
        return f"no attribute can be called {attribute!r}: the name is taken"
    return ""
