"""Fields that some rows say and others do not, as the columns that they would be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from segmentd.columns.fixed import MAX_TIMESTAMP_US
from segmentd.columns.given import GivenColumn, Lists, Numbers, Strings
from segmentd.engine.requests.fields import Fields, Integers, Messages, read_fields
from segmentd.facts.decoding.wire_forms import Descriptor, forms_of
from segmentd.facts.records import Said

OUT_OF_RANGE_US: Final = MAX_TIMESTAMP_US + 1
"""Stands for every moment that no column can have."""

SECOND_US: Final = 1_000_000
NANOS: Final = 1_000_000_000
_MAX_SECONDS: Final = MAX_TIMESTAMP_US // SECOND_US
_SECONDS, _NANOS = 1, 2
"""Fields of Timestamp."""


@dataclass(frozen=True, slots=True, eq=False)
class SaidColumn:
    """A field's values, and which rows say it; those of other rows are missing."""

    column: GivenColumn
    said: Said


def said_field(name: str, field: Descriptor, fields: Fields) -> SaidColumn:
    """A field that is not repeated. One that cannot be told from its default is said where it is not the default's."""
    number = field.number
    match field.type:
        case field.TYPE_STRING:
            said = fields.has(number) if field.has_presence else fields.sizes(number) > 0
            return SaidColumn(GivenColumn(name, Strings(fields.texts(number, said))), said)
        case field.TYPE_MESSAGE:
            said = fields.has(number)
            moments = np.zeros(len(said), np.int64)
            moments[said] = moments_us(fields.within(number), field.message_type)
            return numbers(name, Numbers(moments), said)
        case field.TYPE_BOOL:
            return numbers(name, Numbers(fields.integers(number) != 0), fields.has(number))
    every = np.ones(len(fields.last), np.bool_)
    return numbers(name, Numbers(fields.integers(number)), fields.has(number) if field.has_presence else every)


def numbers(name: str, values: Numbers, said: Said) -> SaidColumn:
    """A column of numbers or truth values."""
    validity = b"" if said.all() else np.packbits(said, bitorder="little").tobytes()
    return SaidColumn(GivenColumn(name, values, validity), said)


def lists(name: str, lengths: Integers, elements: Strings, said: Said) -> SaidColumn:
    """A column of lists: a length a row, and the elements of all of them."""
    return SaidColumn(GivenColumn(name, Lists(lengths, elements.values)), said)  # type: ignore[arg-type]


def moments_us(times: Messages, timestamp: Descriptor) -> Integers:
    """Timestamps in microseconds since 1970, finer digits cut off; `OUT_OF_RANGE_US` for what is no moment."""
    fields = read_fields(times, forms_of(timestamp))
    seconds, nanos = fields.integers(_SECONDS), fields.integers(_NANOS).astype(np.int32)
    in_range = (seconds >= -_MAX_SECONDS) & (seconds <= _MAX_SECONDS) & (nanos >= 0) & (nanos < NANOS)
    moments = np.where(in_range, seconds, 0) * SECOND_US + nanos // 1_000
    return np.where(in_range, moments, OUT_OF_RANGE_US)
