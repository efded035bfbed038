"""Columns from what callers give: values kept, and every wrong one refused with attribute, row and value."""

import struct
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns.build import RowLimit, build_batch, build_column, first_missing, missing_column
from segmentd.columns.errors import ColumnError
from segmentd.columns.given import Coded, ElementType, GivenColumn, Lists, Numbers, Raw, Strings, Values
from segmentd.errors import ErrorReason
from segmentd.schema import BOOL, DATE, DOUBLE, INT64, LIST, STRING, TIMESTAMP, AttributeSpec, DataType
from tests.columns.naive import CENTS, LENGTHS, schema_of, values_in

DAY_US = 86_400_000_000


def bitmap_of(present: list[bool] | np.ndarray[Any, np.dtype[np.bool_]]) -> bytes:
    """A validity bitmap as callers send it."""
    return np.packbits(np.array(present, dtype=bool), bitorder="little").tobytes()


def build(type_: DataType, values: Values, validity: list[bool] | None = None, zone: str = "UTC") -> list[Any]:
    """The column of an attribute `x` as Python values."""
    bitmap = b"" if validity is None else bitmap_of(validity)
    rows = values.rows("x")
    counted = len(validity or []) if rows is None else rows
    column = build_column(AttributeSpec("x", type_), values, bitmap, rows=counted, time_zone=zone)
    assert column.fits(counted)
    return values_in(column, counted)


def refusal(type_: DataType, values: Values, validity: bytes = b"", rows: int | None = None) -> ColumnError:
    """The error that a column is refused with."""
    counted = values.rows("x") if rows is None else rows
    with pytest.raises(ColumnError) as caught:
        build_column(AttributeSpec("x", type_), values, validity, rows=counted or 0, time_zone="UTC")
    assert caught.value.metadata.get("attribute", caught.value.metadata.get("attributes")) == "x"
    return caught.value


@given(st.sampled_from(LENGTHS), st.sampled_from(["i1", "i2", "i4", "i8", ">i4"]), st.integers(0, 99))
def test_integers_keep_values_and_width(rows: int, element: str, seed: int) -> None:
    """INT64 columns take signed integers of each width as they are, missing where the bitmap says so."""
    random = np.random.default_rng(seed)
    values = random.integers(-100, 100, rows).astype(element)
    present = random.integers(0, 2, rows).astype(bool)
    expected = [int(value) if bit else None for value, bit in zip(values, present, strict=True)]
    assert build(INT64, Numbers(values), present.tolist()) == expected
    column = build_column(AttributeSpec("x", INT64), Numbers(values), rows=rows, time_zone="UTC")
    assert getattr(column, "values").dtype.itemsize == values.dtype.itemsize  # noqa: B009 - a union of columns


@pytest.mark.parametrize("element", ["u1", "u2", "u4", "u8"])
def test_unsigned_integers_are_widened(element: str) -> None:
    """The largest value of each unsigned type that fits INT64 stays what it is."""
    largest = min(np.iinfo(element).max, 2**63 - 1)
    assert build(INT64, Numbers(np.array([0, largest], dtype=element))) == [0, largest]


def test_an_unsigned_integer_past_int64_is_refused_where_it_is_present() -> None:
    """2**63 is refused with its row, and ignored in a missing row."""
    values = Numbers(np.array([1, 2**63], dtype=np.uint64))
    error = refusal(INT64, values)
    assert (error.reason, error.metadata["row"], error.metadata["value"]) == (
        ErrorReason.INVALID_VALUE,
        "1",
        str(2**63),
    )
    assert build(INT64, values, [True, False]) == [1, None]


@pytest.mark.parametrize("element", ["f4", "f8"])
def test_doubles_keep_what_is_no_number(element: str) -> None:
    """NaN and infinities are values of a DOUBLE, in either width."""
    values = np.array([1.5, np.inf, -np.inf, -0.0, np.nan], dtype=element)
    built = build(DOUBLE, Numbers(values))
    assert built[:4] == [1.5, np.inf, -np.inf, 0.0]
    assert np.isnan(built[4])


@given(st.integers(-(2**51) + 1, 2**51 - 1), st.integers(0, 9))
def test_a_double_nearest_to_a_decimal_is_that_decimal(minor: int, scale: int) -> None:
    """For every amount below 2**51 minor units, the double nearest to it gives it back exactly."""
    nearest = float(Decimal(minor).scaleb(-scale))
    assert build(DataType(CENTS.kind, scale, ""), Numbers(np.array([nearest]))) == [minor]


@given(st.floats(), st.integers(0, 9))
def test_doubles_are_decimals_exactly_when_the_nearest_decimal_says_so(value: float, scale: int) -> None:
    """Any double is taken or refused as exact arithmetic over its digits decides."""
    finite = np.isfinite(value) and abs(value) * 10**scale < 2**51 - 1
    minor = int(Decimal(value).scaleb(scale).to_integral_value()) if finite else 0
    decimal = DataType(CENTS.kind, scale, "")
    if finite and float(Decimal(minor).scaleb(-scale)) == value:
        assert build(decimal, Numbers(np.array([value]))) == [minor]
    elif not finite and np.isfinite(value) and abs(value) * 10**scale < 2**51 + 1:
        return  # on the limit itself
    else:
        assert refusal(decimal, Numbers(np.array([value]))).reason is ErrorReason.INVALID_VALUE


def test_wrong_decimals_are_harmless_in_missing_rows() -> None:
    """NaN, infinities and fractions of a cent are refused in a present row only."""
    values = Numbers(np.array([0.1, np.nan, 0.105, np.inf]))
    assert build(CENTS, values, [True, False, False, False]) == [10, None, None, None]
    error = refusal(CENTS, values)
    assert (error.metadata["row"], error.metadata["value"]) == ("1", "nan")


@pytest.mark.parametrize("moment", [-62_135_596_800_000_000, 253_402_300_799_999_999])
def test_timestamps_reach_from_year_1_to_9999(moment: int) -> None:
    """The first and last moment are taken; one microsecond beyond is refused, and zero stands for it if missing."""
    beyond = moment - 1 if moment < 0 else moment + 1
    assert build(TIMESTAMP, Numbers(np.array([moment]))) == [moment]
    assert refusal(TIMESTAMP, Numbers(np.array([moment, beyond]))).metadata["row"] == "1"
    column = build_column(
        AttributeSpec("x", TIMESTAMP), Numbers(np.array([moment, beyond])), b"\x01", rows=2, time_zone="UTC"
    )
    assert getattr(column, "values").tolist() == [moment, 0]  # noqa: B009 - a union of columns


def test_dates_start_with_their_day_in_the_zone() -> None:
    """A DATE becomes the moment of its first instant in the ledger's zone; days beyond the range are refused."""
    summer, winter = 18_414, 18_262
    built = build(DATE, Numbers(np.array([summer, winter], dtype=np.int32)), zone="Europe/Prague")
    assert built == [summer * DAY_US - 7_200_000_000, winter * DAY_US - 3_600_000_000]
    for day in (-719_162, 2_932_896):
        assert refusal(DATE, Numbers(np.array([day], dtype=np.int32))).reason is ErrorReason.INVALID_VALUE
    assert build(DATE, Numbers(np.array([2**31 - 1, 0], dtype=np.int32)), [False, True]) == [None, 0]


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), max_size=70))
def test_text_keeps_every_character(texts: list[str | None]) -> None:
    """Any text that UTF-8 can carry comes back, NUL and astral characters included; None is missing."""
    texts = [
        text if text is None or text.isprintable() or text.encode("utf-8", "ignore").decode() == text else "?"
        for text in texts
    ]
    assert build(STRING, Strings(texts)) == texts


def test_lone_surrogates_are_refused() -> None:
    """Half a surrogate pair is no text: the row is named, and its value shown without it."""
    error = refusal(STRING, Strings(["ok", "a\ud800"]))
    assert (error.reason, error.metadata["row"]) == (ErrorReason.INVALID_VALUE, "1")
    assert error.message.isascii()


def test_codes_outside_the_dictionary_are_refused_where_they_are_present() -> None:
    """A code past the dictionary is refused with its row, and harmless in a missing one."""
    values = Coded(["a", "b"], np.array([1, 2, 0], dtype=np.uint32))
    assert refusal(STRING, values).metadata["row"] == "1"
    assert build(STRING, values, [True, False, True]) == ["b", None, "a"]


@given(st.lists(st.lists(st.sampled_from(["a", "b", "", "čaj"]), max_size=4), max_size=70))
def test_lists_are_numbered_by_what_is_in_them(lists: list[list[str]]) -> None:
    """Equal lists share a code, different ones do not, order matters, and each comes back."""
    values = Lists(np.array([len(each) for each in lists], dtype=np.uint32), [text for each in lists for text in each])
    assert build(LIST, values) == lists
    column = build_column(AttributeSpec("x", LIST), values, rows=len(lists), time_zone="UTC")
    assert len(getattr(column, "dictionary")) == len({tuple(each) for each in lists})  # noqa: B009 - a union


@pytest.mark.parametrize("rows", LENGTHS)
def test_bits_and_booleans_are_the_same(rows: int) -> None:
    """BOOL from raw bits, from bytes and from an array: the same values, false in missing rows."""
    bits = np.random.default_rng(rows).integers(0, 2, rows).astype(bool)
    packed = np.packbits(bits, bitorder="little").tobytes()
    column = build_column(AttributeSpec("x", BOOL), Raw(ElementType.BIT, packed), rows=rows, time_zone="UTC")
    assert values_in(column, rows) == bits.tolist()
    assert build(BOOL, Numbers(bits)) == build(BOOL, Raw(ElementType.INT8, bits.tobytes())) == bits.tolist()


def test_bytes_that_are_no_truth_values_are_refused() -> None:
    """A byte of a BOOL is 0 or 1."""
    assert refusal(BOOL, Raw(ElementType.INT8, b"\x00\x02")).metadata["row"] == "1"


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (INT64, Numbers(np.array([1.0]))),
        (INT64, Numbers(np.array([True]))),
        (INT64, Strings(["1"])),
        (DOUBLE, Numbers(np.array([1]))),
        (DOUBLE, Raw(ElementType.INT64, bytes(8))),
        (CENTS, Numbers(np.array([1.0], dtype=np.float32))),
        (CENTS, Raw(ElementType.FLOAT64, bytes(8))),
        (TIMESTAMP, Raw(ElementType.INT32, bytes(4))),
        (TIMESTAMP, Numbers(np.array([1.0]))),
        (DATE, Raw(ElementType.INT64, bytes(8))),
        (STRING, Numbers(np.array([1]))),
        (STRING, Lists(np.array([1]), ["a"])),
        (STRING, Raw(ElementType.BIT, b"\x01")),
        (LIST, Strings(["a"])),
        (LIST, Numbers(np.array([1]))),
        (BOOL, Numbers(np.array([1]))),
        (BOOL, Coded(["true"], np.array([0]))),
    ],
)
def test_values_of_another_type_are_refused(type_: DataType, values: Values) -> None:
    """Each type takes the forms that the API names for it, and no other."""
    assert refusal(type_, values, rows=1).reason is ErrorReason.ATTRIBUTE_TYPE_MISMATCH


@pytest.mark.parametrize("size", [0, 2, 9])
def test_validity_has_exactly_one_bit_a_row(size: int) -> None:
    """Eight rows need one byte of validity; none means that all are present; anything else is refused."""
    values = Numbers(np.arange(8))
    if size == 0:
        assert build(INT64, values) == list(range(8))
        return
    error = refusal(INT64, values, bytes(size))
    assert (error.reason, error.part) == (ErrorReason.VALIDITY_LENGTH, "validity")


def test_lists_have_no_validity() -> None:
    """A missing list is an empty list, so a bitmap is refused."""
    assert refusal(LIST, Lists(np.array([0]), []), b"\x01").reason is ErrorReason.VALIDITY_LENGTH


def test_bits_past_the_last_row_are_ignored() -> None:
    """The unused bits of the last byte may be anything; planes have zeros there."""
    column = build_column(AttributeSpec("x", BOOL), Raw(ElementType.BIT, b"\xff"), b"\xfd", rows=3, time_zone="UTC")
    assert values_in(column, 3) == [True, None, True]
    assert column.fits(3)


def given_columns(**columns: Values) -> list[GivenColumn]:
    """Columns without validity."""
    return [GivenColumn(name, values) for name, values in columns.items()]


SCHEMA = schema_of(
    AttributeSpec("age", INT64),
    AttributeSpec("flag", BOOL),
    AttributeSpec("name", STRING),
    AttributeSpec("double", DOUBLE),
    AttributeSpec("tags", LIST),
    AttributeSpec("tier", STRING, expression="'x'"),
)


@pytest.mark.parametrize(
    ("columns", "options", "reason", "metadata"),
    [
        (given_columns(agee=Strings([])), {}, "UNKNOWN_ATTRIBUTE", {"attribute": "agee", "nearest": "age"}),
        (given_columns(tier=Strings([])), {}, "INVALID_FIELD", {"attribute": "tier", "value": "tier"}),
        (2 * given_columns(age=Numbers(np.zeros(1, int))), {}, "DUPLICATE_COLUMN", {"attribute": "age"}),
        (
            given_columns(age=Numbers(np.zeros(2, int)), name=Strings(["a"])),
            {},
            "RAGGED_COLUMNS",
            {"attribute": "name", "rows": "1", "expected": "2"},
        ),
        (
            given_columns(age=Numbers(np.zeros(2, int)), name=Strings(["a"])),
            {"row_count": 1},
            "RAGGED_COLUMNS",
            {"attribute": "age", "rows": "2", "expected": "1"},
        ),
        (
            given_columns(age=Numbers(np.zeros(2, int))),
            {"ids": ["a"]},
            "RAGGED_COLUMNS",
            {"rows": "1", "expected": "2"},
        ),
        (given_columns(age=Numbers(np.zeros(0, int))), {"ids": ["a"]}, "RAGGED_COLUMNS", {"expected": "0"}),
        (
            given_columns(age=Numbers(np.zeros(2, int))),
            {"ids": ["a", "b"], "row_count": 3},
            "RAGGED_COLUMNS",
            {"rows": "3", "expected": "2"},
        ),
        (given_columns(tags=Lists(np.array([3]), ["a"])), {}, "RAGGED_COLUMNS", {"attribute": "tags"}),
        (given_columns(age=Raw(ElementType.INT32, bytes(7))), {}, "COLUMN_WIDTH", {"bytes": "7", "width": "4"}),
        (given_columns(flag=Raw(ElementType.BIT, bytes(2))), {"row_count": 3}, "COLUMN_WIDTH", {"bytes": "2"}),
        (given_columns(flag=Raw(ElementType.BIT, bytes(2))), {}, "COLUMN_WIDTH", {"attribute": "flag"}),
        ([], {}, "EMPTY_BATCH", {}),
        (given_columns(age=Numbers(np.zeros(0, int))), {}, "EMPTY_BATCH", {}),
        (given_columns(age=Numbers(np.zeros(101, int))), {}, "TOO_MANY_ROWS", {"rows": "101", "limit": "100"}),
    ],
)
def test_batches_are_refused_as_a_whole(
    columns: list[GivenColumn], options: dict[str, Any], reason: str, metadata: dict[str, str]
) -> None:
    """What is wrong between columns has its reason, and says which attribute and which numbers."""
    with pytest.raises(ColumnError) as caught:
        build_batch(columns, SCHEMA, limit=RowLimit(100), **options)
    assert caught.value.reason == ErrorReason[reason]
    assert metadata.items() <= dict(caught.value.metadata).items()


def test_a_batch_has_rows_by_ids_or_by_count_alone() -> None:
    """Where no column tells, the ids or the row count do."""
    assert build_batch([], SCHEMA, ids=["a", "b"]).rows == 2
    assert build_batch([], SCHEMA, row_count=7).rows == 7
    bits = build_batch([GivenColumn("flag", Raw(ElementType.BIT, b"\x05"))], SCHEMA, row_count=3)
    assert values_in(bits.columns["flag"], 3) == [True, False, True]


@pytest.mark.parametrize("type_", [BOOL, INT64, DOUBLE, CENTS, STRING, TIMESTAMP, DATE, LIST])
@pytest.mark.parametrize("rows", LENGTHS)
def test_a_missing_column_has_no_value_anywhere(type_: DataType, rows: int) -> None:
    """Every row of it is missing, or an empty list; the first one is the first row without a value."""
    column = missing_column(type_, rows)
    assert column.fits(rows)
    assert values_in(column, rows) == [[] if type_ is LIST else None] * rows
    assert first_missing(column, rows) == (0 if rows and type_ is not LIST else None)


def test_the_first_row_without_a_value_is_found() -> None:
    """It is the first zero of the validity, and none where every row has a value."""
    values = GivenColumn("age", Numbers(np.arange(70)), bitmap_of(np.arange(70) != 66))
    column = build_batch([values], SCHEMA).columns["age"]
    assert first_missing(column, 70) == 66
    assert first_missing(column, 66) is None


def test_raw_bytes_are_little_endian() -> None:
    """An element's lowest byte comes first."""
    assert build(INT64, Raw(ElementType.INT16, struct.pack("<hh", -2, 300))) == [-2, 300]
