"""Large values are read where they lie in the request, with the result of parsing the whole of it."""

from __future__ import annotations

from unittest.mock import Mock

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.api.v1 import scoring_service_pb2
from segmentd.columns.column import Batch, FixedColumn
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.schema import BOOL, DOUBLE, INT64, AttributeSpec, Schema, Subject
from segmentd.scoring import batches, lifted_values
from segmentd.scoring.lifted_values import MAX_FIELDS, WORTH_LIFTING, Lifted, lift_values
from segmentd.scoring.request_parts import split_request

ROWS = WORTH_LIFTING // 4
SCHEMA = Schema(
    Subject.CUSTOMER,
    (
        AttributeSpec("income", DOUBLE),
        AttributeSpec("spend", DOUBLE),
        AttributeSpec("age", INT64),
        AttributeSpec("on", BOOL),
    ),
)
DOUBLES = np.random.default_rng(5).normal(size=ROWS)
TYPES = pb.RawValues


def batch() -> pb.ColumnBatch:
    """Columns of the forms that are lifted, one of a form that is not, and a small one."""
    message = pb.ColumnBatch(row_count=ROWS)
    message.columns.add(attribute="income").doubles.values.extend(DOUBLES.tolist())
    message.columns.add(attribute="spend", validity=b"\xfd" * (ROWS // 8)).floats.values.extend(DOUBLES.tolist())
    age = np.arange(ROWS, dtype="<i8").tobytes()
    message.columns.add(attribute="age", raw=pb.RawValues(type=TYPES.ELEMENT_TYPE_INT64, data=age))
    bits = b"\x0f" * (ROWS // 8)
    message.columns.add(attribute="on", raw=pb.RawValues(type=TYPES.ELEMENT_TYPE_BIT, data=bits))
    return message


def outcome(body: bytes, *, whole: bool) -> tuple[object, ...]:
    """The columns of a batch as bytes, or the error; with the whole message parsed, or as it is done."""
    request = scoring_service_pb2.ScoreRequest(parent="ledgers/main").SerializeToString()
    features = b"\x0a" + _length(body) + body
    with pytest.MonkeyPatch.context() as patch:
        if whole:
            patch.setattr(batches, "lift_values", lambda view: Lifted(bytes(view)))
        try:
            parts = split_request(request + b"\x12" + _length(features) + features, streamed=False)
            return described(batches.decode_batch(parts, SCHEMA))
        except SegmentdError as error:
            return error.reason, error.message, error.fields


def described(decoded: Batch) -> tuple[object, ...]:
    """All that a batch holds."""
    return decoded.rows, {
        name: (
            column.values.dtype.str,
            column.values.tobytes(),
            None if column.validity is None else column.validity.tobytes(),
        )
        for name, column in decoded.columns.items()
        if isinstance(column, FixedColumn)
    }


def _length(data: bytes) -> bytes:
    size, encoded = len(data), bytearray()
    while size > 0x7F:
        encoded.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*encoded, size])


def test_large_values_are_not_in_what_is_parsed() -> None:
    """Of a batch of 150 KiB, names, types and what is small are left."""
    data = batch().SerializeToString()
    lifted = lift_values(memoryview(data))
    assert sorted(lifted.values) == [0, 1, 2]
    assert len(lifted.rest) < 2_000
    assert bytes(lifted.values[0]) == DOUBLES.tobytes()
    assert all(value.obj is data for value in lifted.values.values())
    rest = pb.ColumnBatch.FromString(lifted.rest)
    assert [column.attribute for column in rest.columns] == ["income", "spend", "age", "on"]
    assert [column.WhichOneof("values") for column in rest.columns] == ["doubles", "floats", "raw", "raw"]


def test_a_batch_is_what_it_is_as_a_whole_message() -> None:
    """Numbers, missing values and truth values are the same."""
    data = batch().SerializeToString()
    assert outcome(data, whole=False) == outcome(data, whole=True)


@pytest.mark.parametrize(
    "second",
    [
        pb.Column(doubles=pb.DoubleValues(values=[1.0])),
        pb.Column(doubles=pb.DoubleValues(values=DOUBLES.tolist())),
        pb.Column(integers=pb.IntegerValues(values=[1])),
        pb.Column(raw=pb.RawValues(type=TYPES.ELEMENT_TYPE_FLOAT64, data=DOUBLES.tobytes())),
        pb.Column(raw=pb.RawValues(data=DOUBLES[::-1].tobytes())),
        pb.Column(validity=b"\x01" * (ROWS // 8)),
        pb.Column(attribute="spend"),
    ],
)
def test_values_that_come_twice_are_merged_as_protobuf_does(second: pb.Column) -> None:
    """One column of two messages one after the other: joined, or the last one counts."""
    first = pb.Column(attribute="income", doubles=pb.DoubleValues(values=DOUBLES.tolist())).SerializeToString()
    for column in (first + second.SerializeToString(), second.SerializeToString() + first):
        data = b"\x0a" + _length(column) + column
        assert outcome(data, whole=False) == outcome(data, whole=True)


@pytest.mark.parametrize("many", [b"\x0a\x00", b"\x78\x01"], ids=["empty-columns", "unknown-fields"])
@pytest.mark.parametrize("inside", [False, True], ids=["batch", "column"])
def test_a_batch_of_many_fields_is_left_to_the_parser(
    monkeypatch: pytest.MonkeyPatch, many: bytes, *, inside: bool
) -> None:
    """Up to the limit values are lifted from among them; beyond it, no more fields are looked at, none is lifted."""
    values = pb.DoubleValues(values=DOUBLES.tolist())
    for fields, lifts in ((MAX_FIELDS - 2, True), (MAX_FIELDS - 1, False), (1 << 22, False)):
        column = pb.Column(doubles=values).SerializeToString() + many * fields * inside
        data = b"\x0a" + _length(column) + column + many * fields * (not inside)
        looked_at = Mock(wraps=lifted_values._field)
        monkeypatch.setattr(lifted_values, "_field", looked_at)
        lifted = lift_values(memoryview(data))
        monkeypatch.undo()
        assert bool(lifted.values) is lifts
        assert (lifted.rest == data) is not lifts
        assert looked_at.call_count <= MAX_FIELDS + 1  # and one that the values lie in


@settings(max_examples=150)
@given(data=st.data())
def test_damaged_batches_are_told_the_same(data: st.DataObject) -> None:
    """Whatever bytes between the values are changed, the values or the error are those of the whole message."""
    damaged = bytearray(batch().SerializeToString())
    lifted = lift_values(memoryview(bytes(damaged)))
    starts = [bytes(damaged).index(bytes(value[:64])) for value in lifted.values.values()]
    places = [at for start in (*starts, len(damaged)) for at in range(max(start - 24, 0), start)]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from(places))
        match data.draw(st.integers(0, 2)):
            case 0:
                damaged[at] = data.draw(st.integers(0, 255))
            case 1:
                del damaged[at]
            case _:
                damaged.insert(at, data.draw(st.integers(0, 255)))
    told = outcome(bytes(damaged), whole=False)
    assert told == outcome(bytes(damaged), whole=True)
    assert (told[0] is ErrorReason.MALFORMED_REQUEST) is not _is_batch(bytes(damaged))


def _is_batch(data: bytes) -> bool:
    """Whether protobuf's parser takes it."""
    try:
        pb.ColumnBatch.FromString(data)
    except DecodeError:
        return False
    return True
