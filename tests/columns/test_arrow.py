"""Batches from Arrow tables: every type that fits, sliced and in chunks, and what does not fit."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns.arrow import batch_from_arrow, column_from_arrow
from segmentd.columns.build import RowLimit
from segmentd.columns.errors import ColumnError
from segmentd.errors import ErrorReason
from segmentd.schema import BOOL, DATE, DOUBLE, INT64, LIST, STRING, TIMESTAMP, AttributeSpec, DataType
from tests.columns.naive import CENTS, LENGTHS, Value, schema_of, values_in, values_of

TEXTS = (
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.uint16(), pa.large_string()),
)
LISTS = tuple(list_(text) for text in TEXTS[:4] for list_ in (pa.list_, pa.large_list))
INTEGERS = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())
MOMENT = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
MOMENT_US = 1_709_209_800_000_000
LEAP_DAY_US = 1_709_164_800_000_000

# An attribute's type, an Arrow type that fits it, two values, and the same as the column has them.
FITTING: tuple[tuple[DataType, pa.DataType, list[Any], list[Any]], ...] = (
    (BOOL, pa.bool_(), [True, False], [True, False]),
    *((INT64, type_, [7, 0], [7, 0]) for type_ in INTEGERS),
    *((DOUBLE, type_, [7, 0], [7.0, 0.0]) for type_ in INTEGERS),
    *((DOUBLE, type_, [1.5, float("-inf")], [1.5, float("-inf")]) for type_ in (pa.float32(), pa.float64())),
    *((CENTS, type_, [7, 0], [7, 0]) for type_ in INTEGERS),
    (CENTS, pa.float64(), [0.29, -1.1], [29, -110]),
    (CENTS, pa.decimal32(5, 2), [Decimal("1.29"), Decimal("-0.01")], [129, -1]),
    (CENTS, pa.decimal64(9, 1), [Decimal("1.5"), Decimal("-7.5")], [150, -750]),
    (CENTS, pa.decimal128(38, 2), [Decimal("92233720368547758.07"), Decimal("-0.01")], [2**63 - 1, -1]),
    (CENTS, pa.decimal128(10, 0), [Decimal(3), Decimal(-4)], [300, -400]),
    (CENTS, pa.decimal128(10, -3), [Decimal(3000), Decimal(0)], [300_000, 0]),
    (CENTS, pa.decimal256(50, 2), [Decimal("1.29"), Decimal("-92233720368547758.08")], [129, -(2**63)]),
    *(
        (TIMESTAMP, pa.timestamp(unit, zone), [MOMENT, None], [MOMENT_US, None])
        for unit in ("s", "ms", "us", "ns")
        for zone in (None, "UTC", "Europe/Prague")
    ),
    (DATE, pa.date32(), [MOMENT.date(), None], [LEAP_DAY_US, None]),
    (DATE, pa.date64(), [MOMENT.date(), None], [LEAP_DAY_US, None]),
    *((DATE, pa.timestamp(unit), [MOMENT.date(), None], [LEAP_DAY_US, None]) for unit in ("s", "ms", "us", "ns")),
    *((STRING, type_, ["čaj", ""], ["čaj", ""]) for type_ in TEXTS),
    *((LIST, type_, [["čaj", ""], []], [["čaj", ""], []]) for type_ in LISTS),
    (LIST, pa.list_(pa.string(), 2), [["a", "b"], ["a", "a"]], [["a", "b"], ["a", "a"]]),
    (LIST, pa.list_(pa.null()), [[], []], [[], []]),
)


def array_of(type_: pa.DataType, values: list[Any]) -> pa.Array:
    """An array of any type; dates become timestamps through their day."""
    if pa.types.is_timestamp(type_) and values and not isinstance(values[0], datetime):
        return pa.array(values, pa.date32()).cast(type_)
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return pa.array(values, pa.list_(pa.string())).cast(type_) if _castable(type_) else pa.array(values, type_)
    return pa.array(values, type_)


def _castable(type_: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(type_.value_type))


def read(type_: DataType, array: pa.Array | pa.ChunkedArray, zone: str = "UTC") -> list[Value]:
    """The column of an array as Python values."""
    return values_in(column_from_arrow(AttributeSpec("x", type_), array, time_zone=zone), len(array))


def refusal(type_: DataType, array: pa.Array) -> ColumnError:
    """The error that an array is refused with."""
    with pytest.raises(ColumnError) as caught:
        column_from_arrow(AttributeSpec("x", type_), array, time_zone="UTC")
    return caught.value


@pytest.mark.parametrize(("type_", "arrow", "values", "expected"), FITTING, ids=lambda value: str(value)[:30])
def test_each_fitting_type_keeps_its_values(
    type_: DataType, arrow: pa.DataType, values: list[Any], expected: list[Any]
) -> None:
    """Whole, with a null, in a slice that begins within a byte, and in chunks: the same values."""
    missing: list[Any] = [] if type_ is LIST else None  # type: ignore[assignment]
    repeated, wanted = [*values, None] * 9, [*expected, missing] * 9
    whole = array_of(arrow, repeated)
    assert read(type_, whole) == wanted
    assert read(type_, whole.slice(5, 14)) == wanted[5:19]
    assert read(type_, pa.chunked_array([whole.slice(0, 3), whole.slice(3, 11), whole.slice(14)])) == wanted
    assert read(type_, whole.slice(0, 0)) == []
    assert read(type_, pa.chunked_array([], arrow)) == []


@pytest.mark.parametrize("type_", [BOOL, INT64, DOUBLE, CENTS, STRING, TIMESTAMP, DATE, LIST])
def test_a_column_of_nulls_fits_everything(type_: DataType) -> None:
    """The type null says nothing but that every value is missing."""
    assert read(type_, pa.nulls(65)) == [[] if type_ is LIST else None] * 65


@pytest.mark.parametrize(
    ("type_", "arrow"),
    [
        (BOOL, pa.int8()),
        (INT64, pa.float64()),
        (INT64, pa.string()),
        (INT64, pa.bool_()),
        (DOUBLE, pa.float16()),
        (DOUBLE, pa.decimal128(5, 2)),
        (CENTS, pa.decimal128(10, 3)),
        (CENTS, pa.float32()),
        (STRING, pa.binary()),
        (STRING, pa.dictionary(pa.int8(), pa.int64())),
        (STRING, pa.list_(pa.string())),
        (TIMESTAMP, pa.date32()),
        (TIMESTAMP, pa.int64()),
        (DATE, pa.timestamp("us", "UTC")),
        (DATE, pa.int32()),
        (LIST, pa.string()),
        (LIST, pa.list_(pa.int64())),
        (LIST, pa.list_view(pa.string())),
        (LIST, pa.map_(pa.string(), pa.string())),
    ],
    ids=str,
)
def test_other_types_are_refused(type_: DataType, arrow: pa.DataType) -> None:
    """What could lose something, or would have to be guessed, does not fit; the error names both types."""
    error = refusal(type_, pa.array([], arrow))
    assert error.reason is ErrorReason.ATTRIBUTE_TYPE_MISMATCH
    assert (error.metadata["given"], error.metadata["expected"]) == (str(arrow), str(type_))


@pytest.mark.parametrize(
    ("type_", "array"),
    [
        (INT64, pa.array([None, 2**63], pa.uint64())),
        (DOUBLE, pa.array([None, 2**53 + 1])),
        (DOUBLE, pa.array([None, -(2**53) - 1])),
        (CENTS, pa.array([None, Decimal(2**63)], pa.decimal128(38, 0))),
        (CENTS, pa.array([None, Decimal("92233720368547758.08")], pa.decimal128(38, 2))),
        (CENTS, pa.array([None, Decimal(10) ** 60], pa.decimal256(70, 0))),
        (CENTS, pa.array([None, float("nan")])),
        (TIMESTAMP, pa.array([None, 1001], pa.timestamp("ns"))),
        (TIMESTAMP, pa.array([None, 253_402_300_800], pa.timestamp("s"))),
        (TIMESTAMP, pa.array([None, -62_135_596_801], pa.timestamp("s"))),
        (TIMESTAMP, pa.array([None, 2**62], pa.timestamp("ms"))),
        (DATE, pa.array([None, 2**30], pa.int32()).cast(pa.date32())),
        (DATE, pa.array([None, 1], pa.timestamp("s"))),
        (STRING, pa.array([b"a", b"\xed\xa0\x80"]).view(pa.string())),
        (STRING, pa.array([b"a", b"\xff"], pa.large_binary()).view(pa.large_string())),
        (LIST, pa.array([["a", "c"], ["b", None]])),
        (LIST, pa.array([[], [None]], pa.list_(pa.null()))),
        (LIST, pa.ListArray.from_arrays([0, 2, 3], pa.array([b"a", b"b", b"\xff"]).view(pa.string()))),
    ],
    ids=str,
)
def test_values_that_do_not_fit_are_refused_with_their_row(type_: DataType, array: pa.Array) -> None:
    """Each of these has its first wrong value in row 1."""
    error = refusal(type_, array)
    assert (error.reason, error.metadata["attribute"]) == (ErrorReason.INVALID_VALUE, "x")
    assert error.metadata["row"] == "1"


@given(st.sampled_from(LENGTHS), st.integers(0, 70), st.integers(0, 2**32 - 1))
def test_any_length_offset_and_null_is_read(rows: int, offset: int, seed: int) -> None:
    """A slice of a table from any row gives the values that Arrow itself reads there."""
    random = np.random.default_rng(seed)
    count = rows + offset
    missing = random.integers(0, 2, count).astype(bool)
    table = pa.table(
        {
            "number": pa.array(random.integers(-9, 9, count), pa.int16(), mask=missing),
            "flag": pa.array(random.integers(0, 2, count).astype(bool), mask=missing),
            "text": pa.array(random.choice(["a", "ř", ""], count), pa.string(), mask=missing),
        }
    ).slice(offset)
    schema = schema_of(AttributeSpec("number", INT64), AttributeSpec("flag", BOOL), AttributeSpec("text", STRING))
    batch = batch_from_arrow(table, schema)
    assert batch.rows == rows
    for name in table.column_names:
        assert values_of(batch, name) == table.column(name).to_pylist()


def test_garbage_under_nulls_is_not_read() -> None:
    """The bytes of null rows may be anything, outside every range."""
    garbage = pa.array([2**62, 0]).buffers()[1]
    for type_, arrow in ((TIMESTAMP, pa.timestamp("us")), (TIMESTAMP, pa.timestamp("s")), (DATE, pa.date64())):
        array = pa.Array.from_buffers(arrow, 2, [pa.py_buffer(b"\x02"), garbage])
        assert read(type_, array) == [None, 0]


def test_dates_start_in_the_ledgers_zone() -> None:
    """A date32 is the first moment of its day in Prague, an hour before the UTC day in winter."""
    assert read(DATE, pa.array([MOMENT.date()]), zone="Europe/Prague") == [LEAP_DAY_US - 3_600_000_000]


@pytest.mark.parametrize("ids", [pa.array(["a", "b"]), pa.array(["a", "b"]).dictionary_encode(), pa.array([17, -3])])
def test_ids_are_text_or_whole_numbers(ids: pa.Array) -> None:
    """A column `id` that is no attribute names the rows."""
    batch = batch_from_arrow(pa.table({"id": ids, "n": [1, 2]}), schema_of(AttributeSpec("n", INT64)))
    assert batch.ids is not None
    assert batch.ids.to_pylist() == [str(value) for value in ids.to_pylist()]


def test_an_attribute_named_id_is_an_attribute() -> None:
    """Where the ledger has an attribute `id`, the column is its values, and there are no ids."""
    batch = batch_from_arrow(pa.table({"id": [1, 2]}), schema_of(AttributeSpec("id", INT64)))
    assert (batch.ids, values_of(batch, "id")) == (None, [1, 2])


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (pa.table({"id": ["a", None]}), ErrorReason.INVALID_VALUE),
        (pa.table({"id": [1.5]}), ErrorReason.ATTRIBUTE_TYPE_MISMATCH),
        (pa.table([[1], [2]], ["n", "n"]), ErrorReason.DUPLICATE_COLUMN),
        (pa.table([["a"], ["b"]], ["id", "id"]), ErrorReason.DUPLICATE_COLUMN),
        (pa.table({"m": [1]}), ErrorReason.UNKNOWN_ATTRIBUTE),
        (pa.table({"n": pa.array([], pa.int64())}), ErrorReason.EMPTY_BATCH),
        (pa.table({"n": list(range(11))}), ErrorReason.TOO_MANY_ROWS),
    ],
)
def test_wrong_tables_are_refused(table: pa.Table, reason: ErrorReason) -> None:
    """Ids, names and numbers of rows are checked as in every other form of a batch."""
    with pytest.raises(ColumnError) as caught:
        batch_from_arrow(table, schema_of(AttributeSpec("n", INT64)), limit=RowLimit(10))
    assert caught.value.reason is reason


def test_views_of_the_same_bytes_are_not_written_out() -> None:
    """A thousand rows that show the same ten megabytes are refused before they become ten gigabytes."""
    size, rows = 10 << 20, 1_000
    views = np.zeros((rows, 4), dtype=np.int32)
    views[:, :2] = size, int.from_bytes(b"aaaa", "little")  # a view begins with the first four bytes it shows
    array = pa.Array.from_buffers(pa.string_view(), rows, [None, pa.py_buffer(views), pa.py_buffer(b"a" * size)])
    assert refusal(STRING, array).reason is ErrorReason.MESSAGE_TOO_LARGE
    once = pa.DictionaryArray.from_arrays(pa.array([0] * rows), array.slice(0, 1))
    assert len(set(read(STRING, once))) == 1


@pytest.mark.parametrize("view", [(-1, 0, 0, 0), (50, 0, 1, 0), (50, 0, -1, 0), (50, 0, 0, 60), (50, 0, 0, -1)])
@pytest.mark.parametrize("present", [True, False])
def test_views_outside_their_buffers_are_refused(view: tuple[int, ...], *, present: bool) -> None:
    """A string view has a length, a buffer and an offset that exist, in null rows too."""
    words = np.array([view], dtype=np.int32)
    bitmap = pa.py_buffer(bytes([present]))
    array = pa.Array.from_buffers(pa.string_view(), 1, [bitmap, pa.py_buffer(words), pa.py_buffer(b"a" * 100)])
    assert refusal(STRING, array).reason is ErrorReason.MALFORMED_ARROW


def test_codes_of_a_dictionary_are_checked() -> None:
    """A dictionary array whose codes are not in its dictionary is malformed."""
    for code in (-1, 2):
        array = pa.DictionaryArray.from_arrays(pa.array([code]), pa.array(["a", "b"]), safe=False)
        assert refusal(STRING, array).reason is ErrorReason.MALFORMED_ARROW


def test_dictionaries_may_repeat_and_hold_nulls() -> None:
    """A code of a null entry is a missing value; entries may be equal."""
    array = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None]), pa.array(["a", None, "a"]))
    assert read(STRING, array) == ["a", None, "a", None]


def test_chunks_with_dictionaries_of_their_own_are_joined() -> None:
    """Codes mean what their own chunk's dictionary says."""
    chunks = [pa.array(texts).dictionary_encode() for texts in (["a", "b"], ["b", "c"], ["c", "a"])]
    assert read(STRING, pa.chunked_array(chunks)) == ["a", "b", "b", "c", "c", "a"]
    assert all(one != other for one, other in pairwise(chunk.dictionary for chunk in chunks))
