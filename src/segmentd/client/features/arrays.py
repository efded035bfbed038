"""One NumPy array as a column: its bytes as they are, wherever the API has a type of that width."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.client.features.sequences import encode_sequence, encode_text
from segmentd.client.wire import Piece, Pieces, field

Array = np.ndarray[Any, Any]

_INTEGERS: Final = {
    1: pb.RawValues.ELEMENT_TYPE_INT8,
    2: pb.RawValues.ELEMENT_TYPE_INT16,
    4: pb.RawValues.ELEMENT_TYPE_INT32,
    8: pb.RawValues.ELEMENT_TYPE_INT64,
}


def encode_array(values: Array) -> Pieces | None:
    """The fields of a column of a one-dimensional array; masked elements and NaT are missing, NaN is a value.

    None if every value is None. `datetime64[D]` is a DATE, finer units are TIMESTAMPs in UTC. Raises TypeError for an
    element type that no attribute can have.
    """
    if values.ndim != 1:
        raise ValueError(f"the array has {values.ndim} dimensions; it must have one")
    if values.dtype.kind in "OUT":
        return encode_objects(values)
    present = ~np.ma.getmaskarray(values)
    plain = np.ma.getdata(values)
    if values.dtype.kind == "M":
        present &= ~np.isnat(plain)
    column = encode_numbers(plain)
    if not present.all():
        column += field(pb.Column.VALIDITY_FIELD_NUMBER, [pack_bits(present)])
    return column


def encode_numbers(values: Array) -> Pieces:
    """Numbers, truth values or datetimes, every one of them a value."""
    match values.dtype.kind:
        case "b":
            return raw(pb.RawValues.ELEMENT_TYPE_BIT, pack_bits(values))
        case "i":
            return raw(_INTEGERS[values.dtype.itemsize], little_endian(values))
        case "u":
            return encode_numbers(to_signed(values))
        case "f":
            return encode_floats(values)
        case "M":
            return encode_datetimes(values)
    raise TypeError(f"an array of {values.dtype} fits no attribute")


def encode_floats(values: Array) -> Pieces:
    """Doubles as `doubles`, which fit DOUBLE and DECIMAL alike; narrower ones as 4 bytes each, for DOUBLE."""
    if values.dtype.itemsize < 8:
        return raw(pb.RawValues.ELEMENT_TYPE_FLOAT32, little_endian(values.astype(np.float32)))
    packed = field(pb.DoubleValues.VALUES_FIELD_NUMBER, [little_endian(values.astype(np.float64, copy=False))])
    return field(pb.Column.DOUBLES_FIELD_NUMBER, packed)


def encode_datetimes(values: Array) -> Pieces:
    """Days for DATE, microseconds for TIMESTAMP. Raises ValueError where a moment is not a whole microsecond."""
    if np.datetime_data(values.dtype)[0] == "D":
        days = np.where(np.isnat(values), 0, values.astype(np.int64))
        if np.any(days != days.astype(np.int32)):
            raise ValueError("a day lies beyond the years that a DATE can be in, 1 to 9999")
        return raw(pb.RawValues.ELEMENT_TYPE_INT32, little_endian(days.astype(np.int32)))
    moments = values.astype("datetime64[us]")
    if np.any((moments != values) & ~np.isnat(values)):
        raise ValueError("moments finer than a microsecond are not kept; round them with astype('datetime64[us]')")
    return raw(pb.RawValues.ELEMENT_TYPE_INT64, little_endian(moments.astype(np.int64)))


def to_signed(values: Array) -> Array:
    """Unsigned numbers in the next wider signed type. Raises ValueError beyond int64."""
    if values.dtype.itemsize < 8:
        return values.astype(f"i{values.dtype.itemsize * 2}")
    if values.size and values.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{values.max()} is larger than an INT64 can be")
    return values.astype(np.int64)


def encode_objects(values: Array) -> Pieces | None:
    """Text and Python objects, masked ones as None."""
    listed = values.tolist()
    column = encode_text(listed) if values.dtype.kind in "UT" else encode_sequence(listed)
    return None if column is None else [column.SerializeToString()]


def pack_bits(bits: Array) -> bytes:
    """A bit a row, lowest bit of the first byte first."""
    return np.packbits(bits, bitorder="little").tobytes()


def little_endian(values: Array) -> memoryview:
    """The elements' bytes, without gaps; of the array itself where it has them so."""
    ordered = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return ordered.view(np.uint8).data


def raw(element: pb.RawValues.ElementType.ValueType, data: Piece) -> Pieces:
    """Values as their bytes."""
    kind = pb.RawValues(type=element).SerializeToString()
    return field(pb.Column.RAW_FIELD_NUMBER, [kind, *field(pb.RawValues.DATA_FIELD_NUMBER, [data])])
