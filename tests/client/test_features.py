"""Features as callers hold them arrive in a `FeatureBatch` with the same values and the same missing rows."""

import math
import sys
import types
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.client.call import Scope
from segmentd.client.features import encode_features
from segmentd.client.scores import Question, encode_batch
from segmentd.client.wire import field, piece_bytes, varint

EAST = timezone(timedelta(hours=1))
RAW_DTYPES = {"FLOAT32": "<f4", "INT64": "<i8", "INT32": "<i4", "INT16": "<i2", "INT8": "<i1"}


def batch_of(features: Any, id_column: str | None = None) -> pb.FeatureBatch:
    """The batch that features become, as protobuf reads its bytes."""
    return pb.FeatureBatch.FromString(b"".join(encode_features(features, id_column)))


def only_column(values: Any) -> pb.Column:
    """The column that one attribute's values become."""
    batch = batch_of({"x": values})
    (column,) = batch.columns.columns
    assert column.attribute == "x"
    assert batch.columns.row_count == len(values)
    return column


def raw_values(column: pb.Column, element: str) -> list[Any]:
    """The elements of a raw column that must have this element type."""
    assert pb.RawValues.ElementType.Name(column.raw.type) == f"ELEMENT_TYPE_{element}"
    return list(np.frombuffer(column.raw.data, RAW_DTYPES[element]))


def arrow_table(features: Any, id_column: str | None = None) -> Any:
    """The table that a data frame becomes on the wire."""
    return pa.ipc.open_stream(batch_of(features, id_column).arrow).read_all()


@pytest.mark.parametrize(
    ("dtype", "element"),
    [
        ("i1", "INT8"),
        ("i2", "INT16"),
        ("i4", "INT32"),
        ("i8", "INT64"),
        ("u1", "INT16"),
        ("u4", "INT64"),
        (">i4", "INT32"),
    ],
)
def test_whole_numbers_keep_their_width(dtype: str, element: str) -> None:
    """Signed arrays travel in their own width, unsigned ones in the next wider, whatever their byte order."""
    assert raw_values(only_column(np.array([1, 2, 100], dtype)), element) == [1, 2, 100]


def test_nan_in_an_array_is_a_value() -> None:
    """A NaN in a NumPy array is sent as a NaN, and the row is not missing."""
    column = only_column(np.array([1.5, math.nan]))
    assert column.validity == b""
    assert column.doubles.values[0] == 1.5
    assert math.isnan(column.doubles.values[1])


def test_a_masked_element_is_missing() -> None:
    """A masked element has validity 0, the others 1."""
    column = only_column(np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False]))
    assert column.validity == bytes([0b101])


def test_single_precision_stays_single() -> None:
    """float32 travels as four bytes, float16 as float32."""
    assert raw_values(only_column(np.array([0.5, 2.0], "f4")), "FLOAT32") == [0.5, 2.0]
    assert raw_values(only_column(np.array([0.5, 2.0], "f2")), "FLOAT32") == [0.5, 2.0]


def test_truth_values_are_bits() -> None:
    """Nine truth values take two bytes, lowest bit first."""
    column = only_column(np.array([True, False, True, False, False, False, False, False, True]))
    assert column.raw.type == pb.RawValues.ELEMENT_TYPE_BIT
    assert column.raw.data == bytes([0b101, 1])


def test_days_and_moments_of_numpy() -> None:
    """datetime64[D] becomes days, any other unit microseconds, NaT missing."""
    days = only_column(np.array(["1970-01-02", "NaT", "1969-12-31"], "datetime64[D]"))
    assert raw_values(days, "INT32") == [1, 0, -1]
    assert days.validity == bytes([0b101])
    moments = only_column(np.array(["1970-01-01T00:00:01", "1970-01-01T00:00:00"], "datetime64[s]"))
    assert raw_values(moments, "INT64") == [1_000_000, 0]


def test_moments_finer_than_a_microsecond_are_refused() -> None:
    """A nanosecond that a TIMESTAMP cannot keep is refused, not cut off."""
    with pytest.raises(ValueError, match="column 'x': moments finer than a microsecond"):
        only_column(np.array([1], "datetime64[ns]"))


def test_unsigned_numbers_beyond_int64_are_refused() -> None:
    """A uint64 that no INT64 can hold is refused with its value."""
    with pytest.raises(ValueError, match="column 'x': 18446744073709551615 is larger"):
        only_column(np.array([2**64 - 1], "u8"))


@pytest.mark.parametrize(
    ("values", "field", "expected"),
    [
        ([1, None, 3], "integers", [1, 0, 3]),
        ([1.5, None, 3], "doubles", [1.5, 0.0, 3.0]),
        ([Decimal("0.1"), None, Decimal("-12.34")], "doubles", [0.1, 0.0, -12.34]),
        ([True, None, False], "bools", [True, False, False]),
        ([date(1970, 1, 3), None, date(1969, 12, 31)], "integers", [2, 0, -1]),
        (
            [
                datetime(1970, 1, 1, 1, tzinfo=EAST),
                None,
                datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
            ],
            "integers",
            [0, 0, 1_000_000],
        ),
    ],
)
def test_none_in_a_list_is_missing(values: list[Any], field: str, expected: list[Any]) -> None:
    """A list of Python values becomes a column of its type, with validity 0 exactly where it has None."""
    column = only_column(values)
    assert column.WhichOneof("values") == field
    assert list(getattr(column, field).values) == expected
    assert column.validity == bytes([0b101])


@pytest.mark.parametrize("values", [["a", "b", None, "a", ""], np.array(["a", "b", None, "a", ""], object)])
def test_text_is_sent_once_a_distinct_value(values: Any) -> None:
    """Text becomes codes into a dictionary of distinct values; None is missing, "" is a value."""
    column = only_column(values)
    read = [column.dictionary.dictionary[code] for code in column.dictionary.codes]
    assert [read[row] for row in (0, 1, 3, 4)] == ["a", "b", "a", ""]
    assert len(column.dictionary.dictionary) == 3
    assert column.validity == bytes([0b11011])


def test_text_arrays_of_numpy() -> None:
    """Fixed-width text arrays keep non-ASCII text."""
    column = only_column(np.array(["Žižkov", "Brno", "Žižkov"]))
    assert list(column.dictionary.dictionary) == ["Žižkov", "Brno"]
    assert list(column.dictionary.codes) == [0, 1, 0]


def test_lists_of_text() -> None:
    """Lists are sent as lengths and elements, None as an empty list, without validity."""
    column = only_column([["a", "b"], None, [], ("c",)])
    assert list(column.lists.lengths) == [2, 0, 0, 1]
    assert list(column.lists.values) == ["a", "b", "c"]
    assert column.validity == b""


def test_a_column_without_any_value_is_not_sent() -> None:
    """All None tells no type, so the column is left out, and the number of rows is still known."""
    batch = batch_of({"x": [None, None]})
    assert len(batch.columns.columns) == 0
    assert batch.columns.row_count == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, "a"], "column 'x': values of type int and str fit no attribute"),
        ([b"bytes"], "column 'x': values of type bytes fit no attribute"),
        (np.array([1 + 2j]), "column 'x': an array of complex128 fits no attribute"),
        (np.zeros((2, 2)), "column 'x': the array has 2 dimensions"),
        ([datetime(2020, 1, 1)], "column 'x': 2020-01-01T00:00:00 has no time zone"),  # noqa: DTZ001 - that is the point
        ([Decimal("12345678901234.56")], "column 'x': 12345678901234.56 has more than 15 digits"),
        ([2**63], "column 'x': "),
    ],
)
def test_values_that_fit_no_attribute_are_refused(values: Any, message: str) -> None:
    """What cannot be sent without loss raises an error that names the column and the reason."""
    with pytest.raises((TypeError, ValueError), match=message.replace("(", r"\(")):
        only_column(values)


def test_columns_of_different_lengths_are_refused() -> None:
    """Ragged columns are named before anything is sent: bits alone could not tell."""
    with pytest.raises(ValueError, match="column 'b' has 2 values, column 'a' has 3"):
        encode_features({"a": [True, True, False], "b": [True, False]}, None)


def test_the_id_column_of_a_mapping_becomes_the_ids() -> None:
    """`id_column` is taken out of the columns and sent as text."""
    batch = batch_of({"customer": np.array([7, 8]), "age": np.array([30, 40])}, "customer")
    assert list(batch.columns.ids) == ["7", "8"]
    assert [column.attribute for column in batch.columns.columns] == ["age"]


def test_a_lacking_id_column_is_named() -> None:
    """A wrong `id_column` is answered with the columns there are, of mappings and data frames."""
    for features in ({"age": [1]}, pd.DataFrame({"age": [1]})):
        with pytest.raises(ValueError, match="no column 'customer' for the ids; there are age"):
            encode_features(features, "customer")


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_data_frames_travel_as_arrow(frame: Any) -> None:
    """pandas, Polars and Arrow tables become an IPC stream with the ids as text in the field `id`."""
    features = frame({"customer": [1, 2], "income": [1.5, None], "tags": [["a"], ["b", "c"]]})
    table = arrow_table(features, "customer")
    assert table.schema.names == ["id", "income", "tags"]
    assert table.to_pydict() == {"id": ["1", "2"], "income": [1.5, None], "tags": [["a"], ["b", "c"]]}


def test_an_index_of_pandas_is_no_column() -> None:
    """A named index of a pandas frame is not sent."""
    table = arrow_table(pd.DataFrame({"income": [1.5]}, index=pd.Index(["c1"], name="customer")))
    assert table.schema.names == ["income"]


def test_record_batches_and_mappings_of_series_travel_as_arrow() -> None:
    """A record batch, and a mapping with an Arrow array or a pandas series among its values, are tables too."""
    assert arrow_table(pa.record_batch({"x": [1]})).to_pydict() == {"x": [1]}
    assert arrow_table({"x": pa.array([1, None]), "y": np.array([2, 3])}).to_pydict() == {"x": [1, None], "y": [2, 3]}
    assert arrow_table({"x": pd.Series([1, 2])}).to_pydict() == {"x": [1, 2]}


def test_a_half_imported_pandas_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """While another thread imports pandas, its module has no classes yet, and other frames are sent."""
    monkeypatch.setitem(sys.modules, "pandas", types.ModuleType("pandas"))
    assert arrow_table(pl.DataFrame({"x": [1]})).to_pydict() == {"x": [1]}


def test_other_features_are_refused_by_type() -> None:
    """What is no table raises a TypeError that says what is allowed."""
    with pytest.raises(TypeError, match="features of type int are not understood, give a mapping"):
        encode_features(3, None)


@given(st.integers(0, 2**32))
def test_lengths_are_written_as_protobuf_does(length: int) -> None:
    """A varint ends at the first byte without the high bit and holds 7 bits a byte, lowest first."""
    encoded = varint(length)
    assert all(byte & 0x80 for byte in encoded[:-1])
    assert not encoded[-1] & 0x80
    assert sum((byte & 0x7F) << 7 * index for index, byte in enumerate(encoded)) == length


@given(st.lists(st.floats(allow_nan=False)))
def test_doubles_made_from_bytes_are_those_made_one_by_one(values: list[float]) -> None:
    """The column made from an array's bytes equals the one that protobuf makes from the floats."""
    assert only_column(np.array(values, np.float64)).doubles == pb.DoubleValues(values=values)


@pytest.mark.parametrize("dtype", ["f8", ">f8", "f4", "i8", ">i8", "i4", "i2", "i1", "u2", "M8[s]", "M8[D]", "?"])
def test_every_other_element_of_an_array_is_sent_as_an_array_of_its_own(dtype: str) -> None:
    """A view with gaps, and one that runs backwards, become the column that a copy without gaps becomes."""
    values = np.arange(12).astype(dtype)
    for view in (values[::2], values[::-1], values[3:3]):
        assert only_column(view) == only_column(np.array(view.tolist(), view.dtype))


def test_an_array_that_is_changed_afterwards_has_been_sent_as_it_was() -> None:
    """The bytes of a request are the caller's values when it was made, so arrays can be used again for the next one."""
    values = np.array([1.0, 2.0])
    request = encode_batch({"x": values}, Scope(), Question())
    values[:] = 0.0
    sent = scoring.StreamScoresRequest.FromString(request).request
    assert sent.parent == "ledgers/main"
    assert list(sent.features.columns.columns[0].doubles.values) == [1.0, 2.0]


@given(st.lists(st.binary(max_size=300)), st.integers(1, 2**29 - 1))
def test_a_field_has_the_length_of_its_pieces(pieces: list[bytes], number: int) -> None:
    """A field's tag and length are followed by its pieces, of bytes and of views of any element alike."""
    tag_and_length, *held = field(number, [*pieces, np.arange(3, dtype=np.int64).data])
    length = sum(map(len, pieces)) + 24
    assert tag_and_length == varint(number << 3 | 2) + varint(length)
    assert sum(map(piece_bytes, held)) == len(b"".join(held)) == length
