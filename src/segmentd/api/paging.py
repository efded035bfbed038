"""Pages of lists that are ordered by id: sizes, and tokens that say after which id the next page begins."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from google.protobuf.message import Message

from segmentd.api.errors import InvalidFieldError, InvalidPageTokenError

DEFAULT_PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 1_000

PAGE_BYTES: Final = 3 << 20
"""A page ends early rather than grow beyond this, so that its message stays below 4 MiB."""

EntryT = TypeVar("EntryT")
MessageT = TypeVar("MessageT", bound=Message)

_DIGEST_BYTES: Final = 8


def page_limit(page_size: int) -> int:
    """The number of entries of a page: 50 for 0, at most 1,000. Raises InvalidFieldError on a negative size."""
    if page_size < 0:
        raise InvalidFieldError("page_size", page_size, "1 to 1,000, or 0 for 50")
    return min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def page_token(last_id: str, *arguments: str) -> str:
    """The token for the page after `last_id` of a list that was asked for with these arguments.

    Its digest finds tokens of other calls and damaged ones. It is no secret: a token gives access to nothing that
    its caller could not list anyway.
    """
    payload = last_id.encode()
    return base64.urlsafe_b64encode(_digest(payload, arguments) + payload).decode().rstrip("=")


def parse_page_token(token: str, *arguments: str) -> str:
    """The id after which the page begins; "" for an empty token. Raises InvalidPageTokenError on a wrong one."""
    if not token:
        return ""
    try:
        raw = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        last_id = raw[_DIGEST_BYTES:].decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidPageTokenError from error
    # Comparing with the token anew also refuses other spellings of the same bytes.
    if page_token(last_id, *arguments) != token:
        raise InvalidPageTokenError
    return last_id


def cut_page(
    entries: Sequence[EntryT], limit: int, encode: Callable[[EntryT], MessageT], max_bytes: int = PAGE_BYTES
) -> list[MessageT]:
    """The first entries, encoded: at most `limit`, and no more than fit `max_bytes`, but not none."""
    page: list[MessageT] = []
    size = 0
    for entry in entries[:limit]:
        message = encode(entry)
        size += message.ByteSize()
        if page and size > max_bytes:
            break
        page.append(message)
    return page


def next_page_token(ids: Sequence[str], shown: int, *arguments: str) -> str:
    """The token after a page that shows the first `shown` of these ids; "" when it shows all."""
    return page_token(ids[shown - 1], *arguments) if shown < len(ids) else ""


def _digest(payload: bytes, arguments: tuple[str, ...]) -> bytes:
    lengths = ",".join(str(len(argument)) for argument in arguments)
    text = "\0".join((lengths, *arguments)).encode()
    return hashlib.blake2b(text + b"\0" + payload, digest_size=_DIGEST_BYTES).digest()
