"""One segment's verdicts out of a `Memberships` message, as bits, as rows or as ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from segmentd.api.v1 import membership_pb2 as pb

if TYPE_CHECKING:
    from pyroaring import BitMap

Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]
Which = Literal["members", "unknowns"]


WANTED: Final = {
    "id": ("ids", "ids, arrow or lists, of subjects that have ids"),
    "row": ("row numbers", "planes or bitmaps"),
}
"""What is read from an answer, by the column that the form arrow has of it: its name, and which forms hold it."""


class FormError(ValueError):
    """The answer's form does not hold what is read from it."""

    def __init__(self, wanted: str, forms: str) -> None:
        super().__init__(f"the answer does not hold {wanted}; ask for the form {forms}")


def bits(message: pb.Memberships, index: int, which: Which) -> Bools | None:
    """A truth value a row, straight from planes; None in the other forms."""
    found = message.segments[index]
    if found.WhichOneof("form") != "planes":
        return None
    return plane_bits(found.planes.members if which == "members" else found.planes.unknowns, message.row_count)


def plane_bits(plane: bytes, row_count: int) -> Bools:
    """A truth value a row, from a bit each, lowest bit of the first byte first; no bytes at all: false everywhere."""
    if not plane:
        return np.zeros(row_count, np.bool_)
    return np.unpackbits(np.frombuffer(plane, np.uint8), count=row_count, bitorder="little").view(np.bool_)


def rows(message: pb.Memberships, index: int, which: Which) -> Rows:
    """Row numbers, ascending. Raises FormError if the answer has counts only, or ids in the place of rows."""
    found = message.segments[index]
    match found.WhichOneof("form"):
        case "planes":
            plane = found.planes.members if which == "members" else found.planes.unknowns
            return np.flatnonzero(plane_bits(plane, message.row_count)) + message.row_start
        case "bitmaps":
            return bitmap_rows(found.bitmaps.members if which == "members" else found.bitmaps.unknowns)
        case "ids" if not (found.ids.member_ids or found.ids.unknown_ids):
            return np.array(found.ids.member_rows if which == "members" else found.ids.unknown_rows, np.int64)
    if message.HasField("lists"):
        return listed_rows(message, index, which) + message.row_start
    raise FormError(*WANTED["row"])


def ids(message: pb.Memberships, index: int, which: Which) -> list[str]:
    """Ids in row order. Raises FormError unless the form is ids or lists and the subjects have ids."""
    found = message.segments[index]
    if found.WhichOneof("form") == "ids" and not (found.ids.member_rows or found.ids.unknown_rows):
        return list(found.ids.member_ids if which == "members" else found.ids.unknown_ids)
    if message.HasField("lists") and message.lists.ids:
        return [message.lists.ids[row] for row in listed_rows(message, index, which)]
    raise FormError(*WANTED["id"])


def bitmap_rows(serialized: bytes) -> Rows:
    """The row numbers of a Roaring bitmap in the portable format; empty bytes are an empty bitmap."""
    from pyroaring import BitMap  # noqa: PLC0415 - only answers with bitmaps need it

    if not serialized:
        return np.empty(0, np.int64)
    return np.array(BitMap.deserialize(serialized).to_array(), np.int64)


def bitmap_of(numbers: Rows) -> BitMap:
    """Row numbers as a Roaring bitmap."""
    from pyroaring import BitMap  # noqa: PLC0415 - only callers that want bitmaps need it

    return BitMap(numbers.astype(np.uint32))


def listed_rows(message: pb.Memberships, index: int, which: Which) -> Rows:
    """The rows, from 0, whose list has the segment of this index."""
    lists = message.lists
    ends, entries = (lists.member_ends, lists.members) if which == "members" else (lists.unknown_ends, lists.unknowns)
    lengths = np.diff(np.array(ends, np.int64), prepend=np.int64(0)).astype(np.int64)
    rows_of_entries = np.repeat(np.arange(len(lengths)), lengths)
    found: Rows = rows_of_entries[np.array(entries, np.int64) == index]
    return found
