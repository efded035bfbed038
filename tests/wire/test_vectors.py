"""What a vector's bytes mean, by hand: every way to write a value, and every way to write none."""

from __future__ import annotations

import struct
from random import Random
from typing import Any

import pytest

from segmentd.engine.requests.message import Message, NotAMessageError, whole_message
from segmentd.engine.requests.vectors import find_uneven, read_columns, read_sample, survey_vectors
from segmentd.kernels.protobuf import fields, requests, vectors
from tests.wire.encoding import sized
from tests.wire.reading import BatchReading, read
from tests.wire.requests import generate

ONE_HALF = struct.pack("<d", 0.5)
NAN = bytes.fromhex("010000000000f47f")
"""With a payload, which is kept."""


def values_of(vector: bytes) -> Any:
    """The values of a request's one vector, by field; None if the request is refused."""
    batch = sized(1, b"a") + sized(2, vector)
    reading = read(sized(2, sized(2, batch)), streamed=False)
    if reading is None:
        return None
    assert isinstance(reading.body, BatchReading)
    return reading.body.vectors[0].values


def only(field: str, *values: Any) -> Any:
    """Values of one field alone."""
    fields = ("doubles", "integers", "bools", "strings", "lists")
    return tuple(values if each == field else () for each in fields)


NOTHING = only("none")

READ: list[tuple[str, str, Any]] = [
    ("nothing", "", NOTHING),
    ("packed doubles", "0a10" + ONE_HALF.hex() + NAN.hex(), only("doubles", ONE_HALF, NAN)),
    ("a double alone", "09" + ONE_HALF.hex(), only("doubles", ONE_HALF)),
    ("both", "09" + NAN.hex() + "0a08" + ONE_HALF.hex(), only("doubles", NAN, ONE_HALF)),
    ("an empty pack", "0a00", NOTHING),
    ("packed integers", "12060001027f8001", only("integers", 0, -1, 1, -64, 64)),
    ("an integer alone", "1004", only("integers", 2)),
    ("in 10 bytes", "10 84808080808080808000", only("integers", 2)),
    ("the least", "10 ffffffffffffffffff01", only("integers", -(2**63))),
    ("the greatest", "10 feffffffffffffffff01", only("integers", 2**63 - 1)),
    ("bits past the 64th", "10 ffffffffffffffffff7f", only("integers", -(2**63))),
    ("packed truth values", "1a03000102", only("bools", False, True, True)),
    ("a large truth value", "1880808080 10", only("bools", True)),
    ("a truth value of which no bit is kept", "18 80808080808080808002", only("bools", False)),
    ("strings", "2200 2202c599", only("strings", "", "ř")),
    ("a length in 5 bytes", "22 8180808000 41", only("strings", "A")),
    ("a tag in 5 bytes", "a280808000 01 41", only("strings", "A")),
    ("lists", "2a00 2a050a01780a00", only("lists", (), ("x", ""))),
    ("a list with an unknown field", "2a050a01781001", only("lists", ("x",))),
    ("doubles as varints", "0801", NOTHING),
    ("integers as 4 bytes", "1500000000", NOTHING),
    ("strings as a varint", "2001", NOTHING),
    ("unknown fields", "7801 7a0141 7d00000000 79 0000000000000000", NOTHING),
    ("an unknown group", "7b 7801 0b0c 7c", NOTHING),
    ("a known number as a group", "0b 0c", NOTHING),
    ("a field 0 in a group", "7b 0000 7c", NOTHING),
    ("the largest field number", "faffffff0f 0141", NOTHING),
    ("97 groups in each other", "7b" * 97 + "7c" * 97, NOTHING),
    ("98 groups in each other", "7b" * 98 + "7c" * 98, None),
    ("96 groups in a list", "2a c001" + "7b" * 96 + "7c" * 96, only("lists", ())),
    ("97 groups in a list", "2a c201" + "7b" * 97 + "7c" * 97, None),
    ("9 bytes of doubles", "0a09 000000000000000000", None),
    ("a varint of 11 bytes", "10 8480808080808080808000", None),
    ("a length of 6 bytes", "22 818080808000 41", None),
    ("a tag of 6 bytes", "a28080808000 01 41", None),
    ("a tag of 33 bits", "a280808010 01 41", None),
    ("a length past the end", "2202 41", None),
    ("a length of 4 GiB", "22ffffffff0f 41", None),
    ("a length of 2 GiB", "228080808008 41", None),
    ("half a double", "09 00000000", None),
    ("half a varint", "1080", None),
    ("half a varint at the end of a pack", "120180 01", None),
    ("half a tag", "80", None),
    ("field 0", "0000", None),
    ("field 0 with a length", "020141", None),
    ("wire type 6", "0e00", None),
    ("wire type 7", "0f00", None),
    ("a group that begins only", "7b", None),
    ("a group that ends only", "7c", None),
    ("a group that ends as another", "7b74", None),
    ("groups that cross", "7b737c74", None),
    ("no UTF-8", "2201ff", None),
    ("an overlong letter", "2202c081", None),
    ("a surrogate", "2203eda080", None),
    ("above U+10FFFF", "2204f4908080", None),
    ("a letter cut off after 8 others", "220a 6161616161616161 e282", None),
    ("no UTF-8 in a list", "2a030a01ff", None),
    ("no UTF-8 in bytes", "3201ff", NOTHING),
    ("no UTF-8 in an unknown field", "7a01ff", NOTHING),
]


@pytest.mark.parametrize(("vector", "expected"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_a_vector_means_what_the_encoding_says(vector: str, expected: Any) -> None:
    """Each way to write fields gives the values on its right, or makes the request malformed."""
    assert values_of(bytes.fromhex(vector)) == expected


def test_the_last_nulls_count() -> None:
    """Of a field that is not repeated the last value holds; bits of no attribute are not looked at."""
    batch = b"".join(sized(1, name) for name in (b"a", b"b", b"c")) + sized(2, sized(6, b"\x07") + sized(6, b"\xfa"))
    reading = read(sized(2, sized(2, batch)), streamed=False)
    assert reading is not None
    assert isinstance(reading.body, BatchReading)
    assert reading.body.vectors[0].missing == (1,)


@pytest.mark.parametrize("rows", [1, 2, 3, 64, 65, 1_000])
@pytest.mark.parametrize("wrong", [0, 1, 63, 64, 999])
def test_the_first_uneven_vector_is_found(rows: int, wrong: int) -> None:
    """Wherever it is, and whatever comes after it: the vector with other slots, or with too many bytes of nulls."""
    even, other = sized(2, b"\x10\x02"), sized(2, b"\x10\x02\x18\x01")
    vectors = [even] * rows
    vectors[wrong:] = [other, *[sized(2, b"")] * 3] if wrong < rows else []
    given = survey_vectors(whole_message(sized(1, b"a").join([b"", *vectors])))
    uneven = find_uneven(given, (0, 1, 0, 0, 0), most_nulls=1)
    if wrong < rows:
        assert uneven is not None
        assert (uneven.row, uneven.counts) == (wrong, (0, 1, 1, 0, 0))
        with pytest.raises(ValueError, match="slots"):
            read_columns(given)
    else:
        assert uneven is None
    nulls = survey_vectors(whole_message(b"".join([*vectors[:wrong], sized(2, b"\x10\x02" + sized(6, b"\x00\x00"))])))
    found = find_uneven(nulls, (0, 1, 0, 0, 0), most_nulls=1)
    assert found is not None
    assert (found.row, found.nulls) == (min(wrong, rows), 2)


def test_columns_are_told_apart_by_place() -> None:
    """The n-th slot of every vector is the n-th column, past the first word of a plane too."""
    vectors = [
        sized(2, sized(2, bytes([2 * (row % 60), 1])) + sized(3, bytes([row % 3 == 0, 1]))) for row in range(130)
    ]
    columns = read_columns(survey_vectors(whole_message(b"".join(vectors))))
    assert columns.integers.tolist() == [[row % 60 for row in range(130)], [-1] * 130]
    assert [[plane[row // 64] >> row % 64 & 1 for row in range(130)] for plane in columns.bools] == [
        [row % 3 == 0 for row in range(130)],
        [1] * 130,
    ]


def test_vectors_that_begin_alike_end_with_the_batch() -> None:
    """Of vectors of doubles after the first that are cut off, none is taken for whole."""
    vector = sized(2, sized(1, ONE_HALF * 2))
    whole = vector * 3
    assert read_columns(survey_vectors(whole_message(whole))).doubles.tolist() == [[0.5] * 3] * 2
    for end in range(len(whole)):
        if end % len(vector):
            with pytest.raises(NotAMessageError):
                survey_vectors(whole_message(whole[:end]))


def test_a_batch_that_is_no_message_is_refused() -> None:
    """Damage anywhere in a batch is found before anything of it is used: in attributes, ids, and fields unknown."""
    for damaged in (sized(1, b"\xff"), sized(3, b"\xff"), b"\x7b", b"\x12\x05", b"\x0a", b"\x00\x00"):
        with pytest.raises(NotAMessageError):
            survey_vectors(whole_message(sized(2, b"") + damaged))


def test_requests_are_read_by_what_the_sample_has_loaded() -> None:
    """After the sample, which a starting server reads, no kernel is compiled for other types."""
    kernels: tuple[Any, ...] = (
        requests.locate_subjects,
        vectors.survey_vectors,
        vectors.read_vectors,
        fields.count_fields,
        fields.list_fields,
        fields.join_values,
    )
    read_sample()
    random = Random(3)  # noqa: S311 - repeatable, not secret
    for _ in range(300):
        read(generate(random), streamed=False)
    assert [len(kernel.signatures) for kernel in kernels] == [1] * len(kernels)


@pytest.mark.parametrize(
    ("depth", "vector", "taken"), [(0, "", False), (1, "", True), (1, "2a00", False), (2, "2a00", True)]
)
def test_messages_in_each_other_are_counted(depth: int, vector: str, taken: bool) -> None:  # noqa: FBT001 - a column
    """A batch within which no message may begin has no vectors; where one may, no lists."""
    raw = sized(2, bytes.fromhex(vector))
    message = Message(whole_message(raw).data, 0, len(raw), depth)
    if taken:
        assert survey_vectors(message).row_count == 1
    else:
        with pytest.raises(NotAMessageError):
            survey_vectors(message)
