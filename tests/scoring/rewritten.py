"""Requests as no serializer writes them: fields out of order, between each other, twice, or in parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from google.protobuf.descriptor import Descriptor, FieldDescriptor

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field as it is written: number and wire type, then what it holds, without a length."""

    tag: int
    content: bytes

    @property
    def bytes(self) -> bytes:
        """The whole field."""
        length = varint(len(self.content)) if self.tag & 7 == BYTES else b""
        return varint(self.tag) + length + self.content


def varint(number: int) -> bytes:
    """A number that is not negative, seven bits a byte."""
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes(written) + bytes([number])


def split_varint(raw: bytes) -> tuple[int, bytes]:
    """The varint at the start, and what follows it."""
    end = next(index for index, byte in enumerate(raw) if byte < 128) + 1
    return sum((byte & 127) << (7 * index) for index, byte in enumerate(raw[:end])), raw[end:]


def fields_of(raw: bytes) -> list[Field]:
    """The fields of a message, in the order in which they are written."""
    fields = []
    while raw:
        tag, raw = split_varint(raw)
        if tag & 7 == BYTES:
            size, raw = split_varint(raw)
        elif tag & 7 == VARINT:
            size = len(raw) - len(split_varint(raw)[1])
        else:
            size = 8 if tag & 7 == FIXED64 else 4
        fields.append(Field(tag, raw[:size]))
        raw = raw[size:]
    return fields


def rewrite(descriptor: Descriptor, raw: bytes, other: bytes, seed: int) -> bytes:
    """The message with some of its messages written otherwise; `other` is one of the same kind to take fields from.

    The seed alone says what is done, and to messages of one kind often the same: requests alike stay alike.
    """
    return _rewrite(descriptor, raw, other, Random(seed), seed)  # noqa: S311 - no secret


def _rewrite(descriptor: Descriptor, raw: bytes, other: bytes, each: Random, seed: int) -> bytes:
    every = Random(f"{seed} {descriptor.name}")  # noqa: S311 - no secret
    random = every if every.random() < 0.7 else each
    given, donors = fields_of(raw), fields_of(other)
    fields = []
    for index, field in enumerate(given):
        inner = descriptor.fields_by_number[field.tag >> 3].message_type
        if inner is not None and field.tag & 7 == BYTES:
            donor = donors[index].content if index < len(donors) and donors[index].tag == field.tag else field.content
            field = Field(field.tag, _rewrite(inner, field.content, donor, each, seed))
        fields.append(field)
    if random.random() < 0.35 and fields:
        fields = random.choice(_CHANGES)(_Draft(descriptor, fields, donors, random))
    return b"".join(field.bytes for field in fields)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A message to write otherwise."""

    descriptor: Descriptor
    fields: list[Field]
    donors: list[Field]
    random: Random


Change = Callable[[_Draft], list[Field]]


def _shuffled(draft: _Draft) -> list[Field]:
    return draft.random.sample(draft.fields, len(draft.fields))


def _reversed(draft: _Draft) -> list[Field]:
    """The other way around, but for fields of the same number: legal, and it means the same."""
    return sorted(draft.fields, key=lambda field: -field.tag)


def _twice(draft: _Draft) -> list[Field]:
    """With a field of the other message more, somewhere."""
    more = list(draft.fields)
    more.insert(draft.random.randint(0, len(more)), draft.random.choice(draft.donors or draft.fields))
    return more


def _in_parts(draft: _Draft) -> list[Field]:
    """Repeated numbers in two parts, the second of them at the end: doubles, integers, doubles."""
    places = [place for place, field in enumerate(draft.fields) if _is_packed(draft.descriptor, field)]
    if not places:
        return _shuffled(draft)
    place = draft.random.choice(places)
    first, second = _halves(draft.descriptor, draft.fields[place])
    return [*draft.fields[:place], first, *draft.fields[place + 1 :], second]


def _with_a_rival(draft: _Draft) -> list[Field]:
    """With an empty message more, of which a message has one of several."""
    rivals = [
        each for each in draft.descriptor.fields if each.containing_oneof is not None and each.message_type is not None
    ]
    if not rivals:
        return _twice(draft)
    more = list(draft.fields)
    more.insert(draft.random.randint(0, len(more)), Field(draft.random.choice(rivals).number << 3 | BYTES, b""))
    return more


_CHANGES: tuple[Change, ...] = (_shuffled, _reversed, _twice, _in_parts, _with_a_rival)


def _is_packed(descriptor: Descriptor, field: Field) -> bool:
    described = descriptor.fields_by_number[field.tag >> 3]
    return described.is_packed and field.tag & 7 == BYTES


def _halves(descriptor: Descriptor, field: Field) -> tuple[Field, Field]:
    """The first value, or none if there is but one, and the others."""
    width = {FieldDescriptor.TYPE_DOUBLE: 8, FieldDescriptor.TYPE_FLOAT: 4}.get(
        descriptor.fields_by_number[field.tag >> 3].type
    )
    end = width or len(field.content) - len(split_varint(field.content)[1])
    if end == len(field.content):
        return Field(field.tag, b""), field
    return Field(field.tag, field.content[:end]), Field(field.tag, field.content[end:])
