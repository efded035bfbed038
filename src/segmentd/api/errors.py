"""What can be wrong with a request whatever it asks for: its bytes, fields, names, masks, page tokens and etags."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from segmentd.errors import ErrorReason, FieldViolation, SegmentdError, Status

SHOWN: Final = 128
"""Code points of a caller's value that an error repeats: gRPC carries errors in headers, which are small."""

NAMED_USERS: Final = 20
"""Users that an error names, for the same reason; the others are counted."""


def shorten(text: str) -> str:
    """The text, cut to what an error may repeat."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


SIMILARITY: Final = 0.75
"""How alike names are of which one is taken for a misspelling of the other, by difflib's ratio."""

COMPARED: Final = 200
"""Names among which a misspelled one is looked for: comparing takes tens of microseconds each, at worst more."""

UNITS: Final = ("_minor", "_day", "_code")
"""What the names of messages' fields say of units and codes, at their ends."""


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that `name` is likely a misspelling of, whatever its case; None if there is none.

    A message's field says its unit at the end, and a column does not: `amount_minor` is likely `amount`. Parts that all
    names have in common make them alike: compare ids, not whole names. None, too, for names that are too long to be
    shown, and where more than `COMPARED` are known.
    """
    if len(name) > SHOWN or len(known) > COMPARED:
        return None
    folded = name.casefold()
    by_folded = {candidate.casefold(): candidate for candidate in reversed(known)}
    # Of short names with two letters exchanged, such as `nwo` for `now`, the ratio is low.
    same_letters = [candidate for candidate in by_folded if sorted(candidate) == sorted(folded)]
    unitless = [stem for stem in map(folded.removesuffix, UNITS) if stem in by_folded]
    found = get_close_matches(folded, by_folded, n=1, cutoff=SIMILARITY) or same_letters or unitless
    return by_folded[found[0]] if found else None


def name_users(users: Sequence[str]) -> str:
    """The users as one text, joined by commas; of very many only the first, and the number of the others."""
    if len(users) <= NAMED_USERS:
        return ", ".join(users)
    return ", ".join(users[:NAMED_USERS]) + f" and {len(users) - NAMED_USERS} more"


class MalformedRequestError(SegmentdError):
    """The bytes are no message of the method's request type."""

    reason = ErrorReason.MALFORMED_REQUEST

    def __init__(self, message: str) -> None:
        super().__init__(f"the request's bytes are no valid {message}", message=message)


class FieldRequiredError(SegmentdError):
    """A field that must be set is not."""

    reason = ErrorReason.FIELD_REQUIRED

    def __init__(self, field: str, description: str = "must be set") -> None:
        super().__init__(f"{field} {description}", fields=(FieldViolation(field, description),), field=field)


Given = bool | int | float | str | dict[str, int | str]
"""A field's value as JSON has it: an enum's is the name of the value, a message's a mapping of its fields."""


class InvalidFieldError(SegmentdError):
    """A field has a value that is not allowed; `allowed` says what is."""

    reason = ErrorReason.INVALID_FIELD

    def __init__(self, field: str, value: Given, allowed: str) -> None:
        # `str` of a name of one of our own enums is the text alone; its `repr` is Python's.
        shown = shorten(str(value) if isinstance(value, str) else json.dumps(value))
        quoted = repr(shown) if isinstance(value, str) else shown
        violation = FieldViolation(field, f"{quoted} is not allowed: {allowed}")
        super().__init__(f"{field} {violation.description}", fields=(violation,), field=field, value=shown)


class InvalidResourceNameError(SegmentdError):
    """A resource name does not have its form."""

    reason = ErrorReason.INVALID_RESOURCE_NAME

    def __init__(self, field: str, name: str, pattern: str) -> None:
        shown = shorten(name)
        description = f"{shown!r} does not have the form {pattern}"
        super().__init__(
            f"{field} {description}", fields=(FieldViolation(field, description),), name=shown, pattern=pattern
        )


class InvalidPageTokenError(SegmentdError):
    """The page token was not returned by a call with the same arguments."""

    reason = ErrorReason.INVALID_PAGE_TOKEN

    def __init__(self) -> None:
        description = "is none that a call with the same arguments returned; leave it out to get the first page"
        super().__init__(
            f"page_token {description}", fields=(FieldViolation("page_token", description),), field="page_token"
        )


class InvalidUpdateMaskError(SegmentdError):
    """The update mask names a field that does not exist or cannot be changed."""

    reason = ErrorReason.INVALID_UPDATE_MASK

    def __init__(self, path: str, allowed: Sequence[str]) -> None:
        shown = shorten(path)
        description = f"names {shown!r}; what can be changed is {', '.join(allowed)}, or * for all of them"
        super().__init__(f"update_mask {description}", fields=(FieldViolation("update_mask", description),), path=shown)


class AlreadyExistsError(SegmentdError):
    """A resource of this name exists."""

    reason = ErrorReason.ALREADY_EXISTS
    status = Status.ALREADY_EXISTS

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} exists already", name=name)


class EtagMismatchError(SegmentdError):
    """The resource was changed since its etag was read."""

    reason = ErrorReason.ETAG_MISMATCH
    status = Status.ABORTED

    def __init__(self, name: str, etag: str) -> None:
        shown = shorten(etag)
        super().__init__(f"{name} was changed since the etag {shown!r} was read; read it again", name=name, etag=shown)
