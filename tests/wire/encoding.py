"""Fields on the wire, written by hand: in the usual way, and in every other way that the encoding allows or forbids."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = range(6)


def varint(value: int, size: int = 0) -> bytes:
    """The varint of a number below 2^64; of at least `size` bytes, padded with bits that say nothing."""
    digits = bytearray()
    while value > 0x7F or len(digits) + 1 < size:
        digits.append(0x80 | value & 0x7F)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def tag(number: int, wire_type: int, size: int = 0) -> bytes:
    """The tag of a field."""
    return varint(number << 3 | wire_type, size)


def sized(number: int, value: bytes) -> bytes:
    """A field with a length."""
    return tag(number, LENGTH) + varint(len(value)) + value


def zigzag(value: int) -> int:
    """A signed number of 64 bits as an unsigned one."""
    return (value << 1 ^ value >> 63) & (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Encoder:
    """Writes fields in unusual ways with the probability `odd`, and in forbidden ways with the probability `wrong`."""

    random: Random
    odd: float
    wrong: float

    def varint(self, value: int, longest: int = 10) -> bytes:
        """A varint, perhaps longer than it need be, perhaps longer than is allowed."""
        if self.happens(self.wrong):
            return self.random.choice((varint(value, longest + 1), b"\xff" * 10 + b"\x01", varint(value)[:-1]))
        if longest == 10 and self.happens(self.odd / 4):
            return varint(value, 10)[:9] + bytes([self.random.randrange(128)])  # bits past the 64th are dropped
        return varint(value, self.random.randint(1, longest) if self.happens(self.odd) else 0)

    def tag(self, number: int, wire_type: int) -> bytes:
        """A tag, perhaps longer than it need be, perhaps of no field at all."""
        if self.happens(self.wrong):
            return self.random.choice(
                (tag(0, wire_type), tag(number, 6), tag(number, 7), varint(1 << 32 | number << 3))
            )
        return self.varint(number << 3 | wire_type, longest=5)

    def sized(self, number: int, value: bytes) -> bytes:
        """A field with a length, perhaps one that is not that of the value."""
        size = len(value)
        if self.happens(self.wrong):
            size = self.random.choice((size + 1, max(size - 1, 0), 1 << 31, (1 << 32) - 1, 1 << 35, (1 << 64) - 1))
        return self.tag(number, LENGTH) + self.varint(size, longest=5) + value

    def unknown(self, number: int) -> bytes:
        """A field of any number and wire type, which readers skip."""
        match self.random.randrange(5):
            case 0:
                return self.tag(number, VARINT) + self.varint(self.random.getrandbits(64))
            case 1:
                return self.tag(number, FIXED64) + self.random.randbytes(8 if not self.happens(self.wrong) else 5)
            case 2:
                return self.sized(number, self.random.randbytes(self.random.randrange(12)))
            case 3:
                return self.tag(number, FIXED32) + self.random.randbytes(4 if not self.happens(self.wrong) else 3)
            case _:
                return self._group(number)

    def happens(self, probability: float) -> bool:
        """Whether something happens that has this probability."""
        return self.random.random() < probability

    def _group(self, number: int) -> bytes:
        """A group: empty ones in each other, about as deep as is allowed, or one with fields."""
        end = number if not self.happens(self.wrong) else number + 1
        if self.happens(0.2):
            depth = self.random.randint(90, 102)
            return tag(number, START_GROUP) * depth + tag(number, END_GROUP) * (depth - 1) + tag(end, END_GROUP)
        inside = b"".join(self.unknown(self.random.randrange(20)) for _ in range(self.random.randrange(3)))
        return self.tag(number, START_GROUP) + inside + self.tag(end, END_GROUP)
