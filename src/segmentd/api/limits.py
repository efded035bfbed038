"""How long texts for people may be, in code points."""

from __future__ import annotations

from typing import Final

from segmentd.api.errors import InvalidFieldError

DISPLAY_NAME_LENGTH: Final = 128
DESCRIPTION_LENGTH: Final = 4_096


def check_display_name(text: str, field: str) -> None:
    """Raise InvalidFieldError if the text is longer than a display name may be."""
    check_length(text, field, DISPLAY_NAME_LENGTH)


def check_description(text: str, field: str) -> None:
    """Raise InvalidFieldError if the text is longer than a description may be."""
    check_length(text, field, DESCRIPTION_LENGTH)


def check_length(text: str, field: str, limit: int) -> None:
    """Raise InvalidFieldError if the text has more than `limit` code points."""
    if len(text) > limit:
        raise InvalidFieldError(field, text, f"it has {len(text):,} code points, at most {limit:,} are allowed")
