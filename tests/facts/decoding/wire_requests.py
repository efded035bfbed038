"""Requests to write records as bytes, written by hand by their descriptors: in usual, odd and wrong ways."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from segmentd.api.v1 import ledger_service_pb2, record_pb2
from segmentd.api.v1.attribute_service_pb2 import AttributeValue
from tests.wire.encoding import FIXED64, VARINT, Encoder, zigzag

TEXTS: Final = (b"", b"a", b"EUR", b"1.5", "žluťoučký kůň".encode(), b"x" * 20)
BROKEN_TEXT: Final = b"\xc5"
IDS: Final = (b"r1", b"r2", b"r3", b"")
KEYS: Final = (b"flag", b"count", b"share", b"limit", b"note", b"seen", b"born", b"tags", b"mcc")
LIKELY: Final = {"id": 0.8, "account": 0.7, "time": 0.7, "booking_time": 0.7, "cleared_fields": 0.15}
CLEARED: Final = {
    "Customer": (b"consents", b"flag", b"count", b"note", b"tags"),
    "Account": (b"owners", b"status", b"balance", b"external", b"opened"),
    "Transaction": (b"category", b"purpose", b"value_time", b"mcc", b"account"),
    "BalanceSnapshot": (b"amount",),
    "Engagement": (b"device", b"duration_s", b"time"),
}
"""Some fields of messages that can be removed."""
NAMES: Final = (b"colour", b"owner_roles", b"double_count", b"id")
"""Attributes, fields, and what is neither to those who write rows."""
INTEGERS: Final = (0, 1, -1, 63, -64, 10_000, 2**31, -(2**31), 10**15, 2**62, 2**63 - 1, -(2**63))
VALUE_OF: Final = {
    b"flag": 1,
    b"count": 2,
    b"share": 3,
    b"limit": 2,
    b"note": 4,
    b"seen": 2,
    b"born": 2,
    b"tags": 5,
    b"mcc": 2,
}
"""The field of AttributeValue that an attribute's value is in."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Writes messages. `encoder`: how odd and wrong they are."""

    random: Random
    encoder: Encoder

    def request(self) -> bytes:
        """A WriteRecordsRequest, mostly with rows of the kind that it names."""
        kind = self.random.randint(1, 6)
        rows = b"".join(self.encoder.sized(3, self.rows(kind)) for _ in range(self.times(1)))
        parts = [self.encoder.tag(1, VARINT) + self.encoder.varint(kind), rows]
        if self.encoder.happens(0.05):
            parts.append(self.encoder.sized(self.random.choice((2, 4)), b""))
        if kind != record_pb2.RECORD_KIND_CUSTOMER and self.encoder.happens(0.1):
            parts.append(self.encoder.sized(5, b"gone"))
        batches = b"".join(self.encoder.sized(3, self.shuffled(parts)) for _ in range(self.times(1)))
        return self.shuffled([batches, self.encoder.sized(1, b"ledgers/main"), *self.unknown()])

    def rows(self, kind: int) -> bytes:
        """A RecordRows."""
        if self.encoder.happens(0.02):
            kind = self.random.randint(1, 6)
        record = record_pb2.RecordRows.DESCRIPTOR.fields_by_number[kind].message_type
        records = [self.encoder.sized(kind, self.message(record)) for _ in range(self.random.randrange(5))]
        return b"".join([*records, *self.unknown()])

    def message(self, descriptor: Any) -> bytes:
        """A message with some of its fields."""
        written = []
        for field in descriptor.fields:
            if self.encoder.happens(LIKELY.get(field.name, 0.4)) and not self.is_attribute_of_none(field):
                written += [self.field(field) for _ in range(self.times(2 if field.is_repeated else 1))]
        return self.shuffled([*written, *self.unknown()])

    def field(self, field: Any) -> bytes:
        """A field with a value, or with one of another wire type."""
        if self.encoder.happens(self.encoder.odd / 10):
            return self.encoder.unknown(field.number)
        match field.type:
            case field.TYPE_STRING:
                return self.encoder.sized(field.number, self.text(field))
            case field.TYPE_MESSAGE if field.name == "attributes":
                return self.encoder.sized(
                    field.number, self.entry(is_customers=field.containing_type.name == "Customer")
                )
            case field.TYPE_MESSAGE:
                return self.encoder.sized(field.number, self.message(field.message_type))
            case field.TYPE_DOUBLE:
                return self.encoder.tag(field.number, FIXED64) + struct.pack("<d", self.random.random())
            case field.TYPE_SINT64:
                return self.number(field.number, zigzag(self.integer()))
        near = self.random.choice((0, 1, 5, 999_999_999, 2**64 - 3, self.integer() % 2**64))
        return self.number(field.number, near)

    def is_attribute_of_none(self, field: Any) -> bool:
        """Whether the ledger has no attributes of what this field is in; mostly."""
        without = field.name == "attributes" and field.containing_type.name not in ("Customer", "Transaction")
        return without and not self.encoder.happens(0.02)

    def entry(self, *, is_customers: bool) -> bytes:
        """An attribute, mostly one that there is, with a value of its type."""
        key = self.random.choice(KEYS[:-1] if is_customers else KEYS[-1:]) if self.encoder.happens(0.98) else b"colour"
        values = []
        for _ in range(self.times(1)):
            number = VALUE_OF.get(key, 4) if not self.encoder.happens(0.05) else self.random.randint(1, 5)
            field = _value_field(number)
            values.append(self.encoder.sized(2, b"".join(self.field(field) for _ in range(self.times(1)))))
        return self.shuffled([self.encoder.sized(1, key), *values])

    def text(self, field: Any) -> bytes:
        """A text for a field."""
        if self.encoder.happens(self.encoder.wrong):
            return BROKEN_TEXT
        if field.name == "cleared_fields":
            return self.random.choice(CLEARED[field.containing_type.name] if self.encoder.happens(0.97) else NAMES)
        return self.random.choice(IDS if field.name == "id" else TEXTS)

    def integer(self) -> int:
        """A signed number."""
        return self.random.choice(INTEGERS)

    def number(self, number: int, value: int) -> bytes:
        """A field with a number."""
        return self.encoder.tag(number, VARINT) + self.encoder.varint(value)

    def times(self, usual: int) -> int:
        """How often a field comes: mostly as often as is usual."""
        return usual if not self.encoder.happens(self.encoder.odd / 2) else self.random.randrange(usual + 3)

    def unknown(self) -> list[bytes]:
        """Perhaps a field that there is not."""
        return [self.encoder.unknown(self.random.choice((30, 31, 500)))] if self.encoder.happens(0.05) else []

    def shuffled(self, parts: list[bytes]) -> bytes:
        """The parts together, perhaps in another order."""
        if self.encoder.happens(self.encoder.odd):
            self.random.shuffle(parts)
        return b"".join(parts)


def generate(random: Random) -> bytes:
    """A request that is usual, odd, or wrong in places; perhaps cut off, or with a byte that is another."""
    odd, wrong = random.choice(((0.0, 0.0), (0.3, 0.0), (0.1, 0.004)))
    raw = bytearray(Maker(random, Encoder(random, odd, wrong)).request())
    if wrong and raw and random.random() < 0.3:
        raw[random.randrange(len(raw))] = random.randrange(256)
    if wrong and random.random() < 0.1:
        del raw[random.randrange(len(raw) + 1) :]
    return bytes(raw)


def parsed(raw: bytes) -> ledger_service_pb2.WriteRecordsRequest:
    """The request as protobuf reads it. Raises DecodeError."""
    return ledger_service_pb2.WriteRecordsRequest.FromString(raw)


def _value_field(number: int) -> Any:
    return AttributeValue.DESCRIPTOR.fields_by_number[number]
