"""Messages from the bytes of their fields, so that what is large is copied once, into the request that is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Piece = bytes | memoryview
"""Some bytes of a message."""

Pieces = list[Piece]
"""A message, or some of its fields, piece by piece. They may be views of the caller's arrays."""

_LENGTH_DELIMITED: Final = 2
"""The wire type of messages, bytes, text and packed numbers."""


def field(number: int, pieces: Iterable[Piece]) -> Pieces:
    """A field that holds the pieces: a message, bytes, or packed numbers."""
    held = list(pieces)
    return [varint(number << 3 | _LENGTH_DELIMITED) + varint(sum(piece_bytes(piece) for piece in held)), *held]


def piece_bytes(piece: Piece) -> int:
    """How many bytes the piece has."""
    return piece.nbytes if isinstance(piece, memoryview) else len(piece)


def varint(number: int) -> bytes:
    """A length as protobuf writes it: 7 bits a byte, lowest first, the high bit set on all but the last."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(encoded) + bytes([number])
