"""Fields of messages as arrays, a value a message, read from the bytes without a Python object a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.requests.message import Bytes, Message, NotAMessageError, open_groups, whole_message
from segmentd.engine.requests.texts import Values, join_texts, list_within
from segmentd.kernels.protobuf import messages as kernels

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@unique
class Form(IntEnum):
    """How a field is written."""

    NUMBER = kernels.NUMBER
    ZIGZAG = kernels.ZIGZAG
    BOOL = kernels.BOOL
    DOUBLE = kernels.DOUBLE
    TEXT = kernels.TEXT
    DATA = kernels.DATA
    TEXTS = kernels.TEXTS
    MESSAGES = kernels.MESSAGES


Forms = Mapping[int, Form]
"""The fields of a type of messages that are read, by their numbers."""


class MergedMessageError(ValueError):
    """A field that is one message has several, which protobuf merges into one."""


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """Messages among the bytes of a request. `depth`: as many messages and groups may be in each other in each."""

    data: Bytes
    places: Values
    depth: int

    @classmethod
    def of(cls, message: Message) -> Messages:
        """One alone."""
        places = Values(np.array([message.at], np.int32), np.array([len(message)], np.int32))
        return cls(message.data, places, message.depth)

    def __len__(self) -> int:
        return len(self.places.starts)

    def texts(self) -> pa.StringArray:
        """What lies there, where that is text."""
        return join_texts(self.data, self.places)


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """The values of messages' fields, by their numbers. `last`: the number of the last one in each."""

    messages: Messages
    last: npt.NDArray[np.uint8]
    _values: Integers
    _seen: npt.NDArray[np.uint8]

    def has(self, number: int) -> Flags:
        """Which messages have the field."""
        return np.asarray(self._seen[number - 1].view(np.bool_))

    def integers(self, number: int) -> Integers:
        """Whole numbers and truth values, 0 where there is none; counts of repeated fields."""
        return np.asarray(self._values[number - 1])

    def doubles(self, number: int) -> npt.NDArray[np.float64]:
        """Doubles, 0 where there is none."""
        return np.asarray(self._values[number - 1].view(np.float64))

    def texts(self, number: int, present: Flags | None = None) -> pa.StringArray:
        """Texts, null where `present` is false; where it is None, empty where there is none."""
        return join_texts(self.messages.data, self._places(number), present)

    def texts_at(self, number: int, chosen: Integers, rows: Integers, count: int) -> pa.StringArray:
        """The texts of some messages, each in one of `count` rows, null in the others."""
        places, spread = self._places(number), Values(np.zeros(count, np.int32), np.zeros(count, np.int32))
        spread.starts[rows], spread.sizes[rows] = places.starts[chosen], places.sizes[chosen]
        present = np.zeros(count, np.bool_)
        present[rows] = True
        return join_texts(self.messages.data, spread, present)

    def sizes(self, number: int) -> Integers:
        """The bytes of texts and messages, 0 where there is none."""
        return np.asarray(self._values[number - 1] & 0xFFFF_FFFF)

    def within(self, number: int) -> Messages:
        """The messages in a field, of those that have it."""
        has = self.has(number)
        places = self._places(number)
        return self._inner(places if has.all() else Values(places.starts[has], places.sizes[has]))

    def listed(self, number: int) -> Messages:
        """The messages or texts in a repeated field, one message's after the other's."""
        count = int(self.integers(number).sum())
        return self._inner(list_within(self.messages.data, self.messages.places, number, count))

    def _places(self, number: int) -> Values:
        packed = self._values[number - 1]
        return Values((packed >> 32).astype(np.int32), packed.astype(np.int32))

    def _inner(self, places: Values) -> Messages:
        return Messages(self.messages.data, places, self.messages.depth - 1)


_SAMPLE_FORMS: Final = {1: Form.NUMBER}


def read_fields(messages: Messages, forms: Forms) -> Fields:
    """The fields of messages. Raises NotAMessageError where protobuf's own parser would, and MergedMessageError.

    What is in messages within them is not looked at, but its place is known.
    """
    most = max(forms)
    known = np.zeros(most + 1, np.uint8)
    known[list(forms)] = list(forms.values())
    values = np.zeros((most, len(messages)), np.int64)
    seen = np.zeros((most, len(messages)), np.uint8)
    last = np.zeros(len(messages), np.uint8)
    places = messages.places
    outcome = kernels.read_messages(
        messages.data, places.starts, places.sizes, known, messages.depth, open_groups(), values, seen, last
    )
    if outcome == kernels.NO_MESSAGE:
        raise NotAMessageError
    if outcome == kernels.MERGED:
        raise MergedMessageError
    return Fields(messages, last, values, seen)


def read_fields_sample() -> None:
    """Load or compile the kernel before a request waits for it."""
    read_fields(Messages.of(whole_message(b"")), _SAMPLE_FORMS)
