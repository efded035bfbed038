"""Messages of Protocol Buffers as bytes, read by kernels: no object is made of a field, and nothing is copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.kernels.protobuf import requests
from segmentd.kernels.protobuf.wire import MAX_DEPTH

Bytes = npt.NDArray[np.uint8]

COLUMNS: Final = requests.COLUMNS
VECTORS: Final = requests.VECTORS
ARROW: Final = requests.ARROW
RESIDENTS: Final = requests.RESIDENTS
ACCOUNTS: Final = requests.HELD_ACCOUNTS
NO_FORM: Final = requests.NO_FORM
NOBODY: Final = requests.NOBODY
"""Of whom a request asks, as `Located.subjects` numbers it."""


class NotAMessageError(ValueError):
    """The bytes are no message of the type that they are read as."""


@dataclass(frozen=True, slots=True)
class Message:
    """The bytes `at` to `end` of `data`, of which `depth` messages and groups may be in each other in this one."""

    data: Bytes
    at: int
    end: int
    depth: int = MAX_DEPTH

    def __len__(self) -> int:
        return self.end - self.at

    def __bytes__(self) -> bytes:
        return self.data[self.at : self.end].tobytes()

    def view(self) -> memoryview:
        """The bytes, in place."""
        return self.data.data[self.at : self.end]


def whole_message(raw: bytes) -> Message:
    """The message that all the bytes are."""
    return Message(np.frombuffer(raw, dtype=np.uint8), 0, len(raw))


@dataclass(frozen=True, slots=True)
class Located:
    """A ScoreRequest's subjects: their kind, the message that holds them, its columns, and the bytes of all the rest.

    `columns`: how many a ColumnBatch has, 0 for other kinds.
    """

    subjects: int
    body: Message
    columns: int
    rest: bytes


def locate_subjects(raw: bytes, *, streamed: bool) -> Located | None:
    """The parts of a ScoreRequest or StreamScoresRequest; None where a field would be merged with an earlier one.

    Raises NotAMessageError. What is in the body's fields has not been looked at, nor what is in the fields of the rest.
    """
    data = np.frombuffer(raw, dtype=np.uint8)
    places = np.empty(requests.PLACES, dtype=np.int64)
    outcome = requests.locate_subjects(data, int(streamed), open_groups(), places)
    if outcome == requests.NO_REQUEST:
        raise NotAMessageError
    if outcome == requests.MERGED:
        return None
    subjects, body_at, body_end, depth, at, end, cut_at, cut_end, columns = places.tolist()
    body = Message(data, body_at, body_end, depth)
    return Located(subjects, body, columns, raw[at:cut_at] + raw[cut_end:end])


def open_groups() -> npt.NDArray[np.int64]:
    """Scratch that kernels need to skip groups."""
    return np.empty(MAX_DEPTH, dtype=np.int64)
