"""Generated requests: any fields in any order, in usual and unusual encodings, and damaged ones."""

from __future__ import annotations

import struct
from random import Random

from tests.wire.encoding import FIXED64, VARINT, Encoder, zigzag

TEXTS = ("", "a", "Žďár nad Sázavou", "x" * 200, "\U0010ffff", "\ud7ff\ue000", "\0", "Ostrava-Poruba", "naïve €")
NO_TEXTS = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"abcdefgh\x80", b"\xe2\x82", b"\xe0\x9f\xbf")
NUMBERS = (0, 1, -1, 63, -64, 64, 8_191, 2**31, -(2**31), 2**63 - 1, -(2**63))
DOUBLES = (0.0, -0.0, 1.5, -2.25, float("inf"), float("nan"), 5e-324, 1.7976931348623157e308)
CHAOS = ((0.0, 0.0), (0.3, 0.0), (0.1, 0.02), (0.3, 0.002), (0.05, 0.0))
"""How likely an encoding is unusual, and how likely it is forbidden."""


def generate(random: Random) -> bytes:
    """The bytes of a ScoreRequest, or nearly."""
    encoder = Encoder(random, *random.choice(CHAOS))
    raw = _request(encoder)
    if random.random() < 0.3:
        raw = _damage(random, raw)
    return raw


def generate_doubles(random: Random) -> bytes:
    """The bytes of a VectorBatch with nothing but vectors of as many doubles."""
    encoder = Encoder(random, 0.0, 0.0)
    shape = [random.choice((1, 8, 16)), 0, 0, 0, 0]
    return b"".join(encoder.sized(2, _vector(encoder, shape)) for _ in range(random.randrange(1, 5)))


def generate_streamed(random: Random) -> bytes:
    """The bytes of a StreamScoresRequest, or nearly."""
    encoder = Encoder(random, *random.choice(CHAOS))
    fields = [encoder.sized(1, generate(random)) for _ in range(_count(encoder, 1))]
    return _together(encoder, fields)


def _request(encoder: Encoder) -> bytes:
    fields = [encoder.sized(2, _features(encoder)) for _ in range(_count(encoder, 1))]
    fields += [encoder.sized(3, encoder.sized(1, _text(encoder))) for _ in range(_count(encoder, 0))]
    fields += [encoder.sized(1, b"ledgers/main")]
    fields += [encoder.sized(4, _text(encoder)) for _ in range(encoder.random.randrange(3))]
    fields += [encoder.tag(6, VARINT) + encoder.varint(encoder.random.randrange(7))]
    fields += [encoder.sized(9, encoder.tag(1, VARINT) + encoder.varint(1)) for _ in range(_count(encoder, 0))]
    return _together(encoder, fields)


def _features(encoder: Encoder) -> bytes:
    fields = [encoder.sized(2, _vectors(encoder)) for _ in range(_count(encoder, 1))]
    fields += [encoder.sized(1, encoder.tag(3, VARINT) + encoder.varint(5)) for _ in range(_count(encoder, 0))]
    fields += [encoder.sized(3, b"ARROW1") for _ in range(_count(encoder, 0))]
    return _together(encoder, fields)


def _vectors(encoder: Encoder) -> bytes:
    random = encoder.random
    fields = [encoder.sized(1, _text(encoder)) for _ in range(random.randrange(6))]
    rows = random.choice((0, 1, 1, 2, 3, 5, 70 if random.random() < 0.05 else 2))
    shape = [random.choice((0, 0, 1, 2, 9)) for _ in range(5)]
    if encoder.happens(0.2):
        shape = [random.choice((1, 2, 8, 15, 16, 40)), 0, 0, 0, 0]
        rows = random.choice((2, 3, 10, 140))
    for _ in range(rows):
        if encoder.happens(0.05):
            shape = [random.choice((0, 1, 3)) for _ in range(5)]
        fields.append(encoder.sized(2, _vector(encoder, shape)))
    fields += [encoder.sized(3, _text(encoder)) for _ in range(random.choice((0, rows)))]
    return _together(encoder, fields)


def _vector(encoder: Encoder, shape: list[int]) -> bytes:
    random = encoder.random
    doubles, integers, bools, strings, lists = shape
    fields = _numbers(encoder, 1, FIXED64, [struct.pack("<d", random.choice(DOUBLES)) for _ in range(doubles)])
    numbers = [encoder.varint(zigzag(random.choice(NUMBERS))) for _ in range(integers)]
    fields += _numbers(encoder, 2, VARINT, numbers)
    fields += _numbers(encoder, 3, VARINT, [encoder.varint(random.choice((0, 1, 1, 2, 1 << 32))) for _ in range(bools)])
    fields += [encoder.sized(4, _text(encoder)) for _ in range(strings)]
    fields += [encoder.sized(5, _list(encoder)) for _ in range(lists)]
    fields += [encoder.sized(6, random.randbytes(random.randrange(4))) for _ in range(_count(encoder, 0))]
    return _together(encoder, fields)


def _list(encoder: Encoder) -> bytes:
    return _together(encoder, [encoder.sized(1, _text(encoder)) for _ in range(encoder.random.randrange(3))])


def _numbers(encoder: Encoder, number: int, wire_type: int, values: list[bytes]) -> list[bytes]:
    """A repeated field: packed, in several packs, or one by one."""
    if not encoder.happens(encoder.odd):
        return [encoder.sized(number, b"".join(values))] if values else []
    fields = []
    while values:
        taken = encoder.random.randint(1, len(values))
        if encoder.happens(0.5):
            fields.append(encoder.sized(number, b"".join(values[:taken])))
        else:
            fields += [encoder.tag(number, wire_type) + value for value in values[:taken]]
        values = values[taken:]
    return fields


def _text(encoder: Encoder) -> bytes:
    if encoder.happens(encoder.wrong):
        return encoder.random.choice(NO_TEXTS)
    return encoder.random.choice(TEXTS).encode()


def _count(encoder: Encoder, usual: int) -> int:
    """How often a field comes: as usual, or in an odd request otherwise."""
    return encoder.random.choice((0, 1, 2)) if encoder.happens(encoder.odd / 3) else usual


def _together(encoder: Encoder, fields: list[bytes]) -> bytes:
    """The fields of a message, perhaps in another order, perhaps with unknown ones among them."""
    if encoder.happens(encoder.odd):
        for _ in range(encoder.random.randrange(3)):
            number = encoder.random.choice((1, 2, 3, 4, 5, 6, 7, 15, 16, 2**29 - 1))
            fields.insert(encoder.random.randrange(len(fields) + 1), encoder.unknown(number))
        encoder.random.shuffle(fields)
    return b"".join(fields)


def _damage(random: Random, raw: bytes) -> bytes:
    """The bytes with some of them changed, cut out, doubled or put in, or with the end cut off."""
    data = bytearray(raw)
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0 | 1:
                data[at : at + 1] = random.randbytes(1)
            case 2:
                del data[at : at + random.randint(1, 9)]
            case 3:
                data[at:at] = data[at : at + random.randint(1, 30)]
            case 4:
                data[at:at] = random.randbytes(random.randint(1, 9))
            case _:
                del data[at:]
    return bytes(data)
