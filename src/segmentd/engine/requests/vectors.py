"""A VectorBatch from its bytes: what there is in it, and then its columns, without a Python object a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.planes import word_count
from segmentd.engine.requests.fields import read_fields_sample
from segmentd.engine.requests.message import Message, NotAMessageError, locate_subjects, open_groups
from segmentd.engine.requests.texts import Values, list_values, read_lists, read_texts
from segmentd.kernels.protobuf import vectors

SLOTS: Final = ("doubles", "integers", "bools", "strings", "lists")
"""The fields of a vector that have slots."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """A VectorBatch that has been read once: every byte is in order, and this much is in it.

    `slots`: the fewest and the most slots that a vector has of each of `SLOTS`; `most_nulls`: the most bytes of nulls.
    """

    message: Message
    attribute_count: int
    row_count: int
    id_count: int
    most_nulls: int
    has_nulls: bool
    fewest: tuple[int, ...]
    most: tuple[int, ...]

    def is_even(self, slots: tuple[int, ...], most_nulls: int) -> bool:
        """Whether each vector has exactly so many slots, and at most so many bytes of nulls."""
        return self.fewest == self.most == slots and self.most_nulls <= most_nulls


@dataclass(frozen=True, slots=True)
class Uneven:
    """A vector that has other slots, or more bytes of nulls, than was expected."""

    row: int
    counts: tuple[int, ...]
    nulls: int


@dataclass(frozen=True, slots=True)
class VectorColumns:
    """The values of vectors that all have the same slots, `[places, rows]` of each field.

    `bools` are planes; of strings and lists it is known where they lie. `absent`: planes of missing values, one an
    attribute; no planes if no value is missing.
    """

    doubles: npt.NDArray[np.float64]
    integers: npt.NDArray[np.int64]
    bools: npt.NDArray[np.uint64]
    strings: Values
    lists: Values
    absent: npt.NDArray[np.uint64]


SAMPLE: Final = bytes.fromhex("1208 1206 1200 0a00 1a00")
"""A ScoreRequest whose features are one vector without values, of one attribute and one subject without names."""


def read_sample() -> None:
    """Run every kernel that reads requests once, so that none is loaded or compiled while a request waits."""
    located = locate_subjects(SAMPLE, streamed=False)
    if located is None:
        raise NotAMessageError
    given = survey_vectors(located.body)
    read_columns(given)
    read_lists(located.body.data, Values(np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.int32)))
    read_ids(given)
    read_fields_sample()


def survey_vectors(message: Message) -> Vectors:
    """Read a VectorBatch without keeping any of it. Raises NotAMessageError where protobuf's own parser would."""
    found = np.empty(vectors.SURVEYED, dtype=np.int64)
    if not vectors.survey_vectors(message.data, message.at, message.end, message.depth, open_groups(), found):
        raise NotAMessageError
    attribute_count, row_count, id_count, most_nulls, has_nulls, *slots = found.tolist()
    fewest, most = tuple(slots[: len(SLOTS)]), tuple(slots[len(SLOTS) :])
    return Vectors(message, attribute_count, row_count, id_count, most_nulls, bool(has_nulls), fewest, most)


def find_uneven(given: Vectors, expected: tuple[int, ...], most_nulls: int) -> Uneven | None:
    """The first vector that has not as many slots of each of `SLOTS` as expected, or has more bytes of nulls."""
    if given.is_even(expected, most_nulls):
        return None
    message = given.message
    values = list_values(message, vectors.VECTORS, given.row_count)
    ends = np.append(message.at, values.starts + values.sizes)
    first, last = 0, given.row_count
    while last - first > 1:  # half as many vectors each time: together no more than all of them once more
        middle = (first + last) // 2
        half = survey_vectors(Message(message.data, int(ends[first]), int(ends[middle]), message.depth))
        first, last = (middle, last) if half.is_even(expected, most_nulls) else (first, middle)
    wrong = survey_vectors(Message(message.data, int(ends[first]), int(ends[last]), message.depth))
    return Uneven(first, wrong.most, wrong.most_nulls)


def read_attributes(given: Vectors, most: int) -> pa.StringArray:
    """The names of the first attributes, at most `most`."""
    return read_texts(given.message, vectors.ATTRIBUTES, min(given.attribute_count, most))


def read_ids(given: Vectors) -> pa.StringArray:
    """The ids of the subjects."""
    return read_texts(given.message, vectors.IDS, given.id_count)


def read_columns(given: Vectors) -> VectorColumns:
    """The values of vectors that all have the same slots, as `find_uneven` tells; ValueError if they have not."""
    if given.fewest != given.most:
        raise ValueError(f"vectors have from {given.fewest} to {given.most} slots")  # no kernel looks again
    message, rows = given.message, given.row_count
    doubles, integers, bools, strings, lists = given.most
    absent = given.attribute_count if given.has_nulls else 0
    columns = VectorColumns(
        np.empty((doubles, rows), dtype=np.float64),
        np.empty((integers, rows), dtype=np.int64),
        np.zeros((bools, word_count(rows)), dtype=np.uint64),
        Values.empty((strings, rows)),
        Values.empty((lists, rows)),
        np.zeros((absent, word_count(rows)), dtype=np.uint64),
    )
    vectors.read_vectors(
        message.data,
        message.at,
        message.end,
        open_groups(),
        columns.doubles,
        columns.integers,
        columns.bools,
        columns.strings.starts,
        columns.strings.sizes,
        columns.lists.starts,
        columns.lists.sizes,
        columns.absent,
    )
    return columns
