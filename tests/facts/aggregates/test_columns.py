"""Columns in which some rows are replaced, and codes of texts that occur twice in a dictionary."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns.column import Batch, FixedColumn, TextColumn
from segmentd.columns.planes import pack
from segmentd.facts.aggregates.columns import SPARE_ENTRIES, put_rows, replace_rows, take_rows
from segmentd.facts.aggregates.measures import doubles_of_order, order_of_doubles, same_codes
from segmentd.facts.aggregates.rounding import means
from segmentd.schema import INT64, STRING
from tests.facts.aggregates.bank import column_of, values_of

VALUES = st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=1, max_size=140)


@given(VALUES, st.data())
def test_replaced_rows_have_the_new_values(values: list[int | None], data: st.DataObject) -> None:
    """Numbers and texts, missing before or after; the column that was given stays as it was."""
    rows = sorted(data.draw(st.sets(st.integers(0, len(values) - 1))))
    new = data.draw(st.lists(st.one_of(st.none(), st.integers(10, 19)), min_size=len(rows), max_size=len(rows)))
    wanted = list(values)
    for row, value in zip(rows, new, strict=True):
        wanted[row] = value
    for type_, as_type in ((INT64, int), (STRING, str)):
        given_values, later, right = (
            [None if each is None else as_type(each) for each in some] for some in (values, new, wanted)
        )
        column = column_of(type_, given_values)
        replaced = replace_rows(column, np.array(rows, np.int64), column_of(type_, later))
        assert values_of(replaced, len(values)) == right
        assert Batch(len(values), {"": replaced}).rows == len(values)
        assert values_of(column, len(values)) == given_values
        assert values_of(put_rows(column, np.array(rows, np.int64), column_of(type_, later)), len(values)) == right


def test_rows_are_put_where_the_column_is() -> None:
    """Numbers of one width take no new memory, unless nobody may write there; of two widths they are copied."""
    wide, narrow = np.arange(3, dtype=np.int64), FixedColumn(INT64, np.array([7], np.int8))
    put = put_rows(FixedColumn(INT64, wide), np.array([1]), FixedColumn(INT64, np.array([7])))
    assert isinstance(put, FixedColumn)
    assert put.values is wide
    assert wide.tolist() == [0, 7, 2]
    frozen = np.arange(3, dtype=np.int8)
    frozen.flags.writeable = False
    for column, other in ((FixedColumn(INT64, wide), narrow), (FixedColumn(INT64, frozen), narrow)):
        copied = put_rows(column, np.array([2]), other)
        assert isinstance(copied, FixedColumn)
        assert copied.values is not column.values
        assert copied.values.tolist() == [*column.values.tolist()[:2], 7]


@given(VALUES, st.lists(st.integers(-1, 139), max_size=20))
def test_taken_rows_are_in_the_order_asked_for(values: list[int | None], rows: list[int]) -> None:
    """A row of -1 has no value, even of a column in which all have one."""
    rows = [min(row, len(values) - 1) for row in rows]
    taken = take_rows(column_of(INT64, values), np.array(rows, np.int64))
    assert values_of(taken, len(rows)) == [None if row < 0 else values[row] for row in rows]


def test_texts_that_nobody_has_are_left_out_in_the_end() -> None:
    """A text replaced again and again does not fill the dictionary."""
    column = TextColumn(np.array([0, 1, 2], np.int32), pa.array(["a", "b"], pa.string()))
    for number in range(2 * SPARE_ENTRIES):
        new = TextColumn(np.zeros(1, np.int32), pa.array([f"text {number}"], pa.string()))
        replaced = replace_rows(column, np.array([1]), new)
        assert isinstance(replaced, TextColumn)
        column = replaced
    assert values_of(column, 3) == ["a", f"text {2 * SPARE_ENTRIES - 1}", None]
    assert len(column.dictionary) <= 2 * 3 + SPARE_ENTRIES


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.integers(0, 30), max_size=40))
def test_equal_texts_have_equal_codes(texts: list[str], codes: list[int]) -> None:
    """However often a text is in the dictionary, and however large that is; no text is a value of its own, -1."""
    codes = [min(code, len(texts)) for code in codes]
    for dictionary in (pa.array(texts, pa.string()), pa.array([[each, "x"] for each in texts], pa.list_(pa.string()))):
        same = same_codes(np.array(codes, np.int32), dictionary).tolist()
        named = [texts[code] if code < len(texts) else None for code in codes]
        assert len(set(zip(same, named, strict=True))) == len(set(same)) == len(set(named))
        assert all((code == -1) == (name is None) for code, name in zip(same, named, strict=True))


@given(st.lists(st.floats(), min_size=1))
def test_doubles_keep_their_order_as_whole_numbers(values: list[float]) -> None:
    """Infinities included; both zeros are one number, all NaNs the greatest."""
    array = np.array(values)
    order = order_of_doubles(array)
    for left, code in zip(values, order.tolist(), strict=True):
        for right, other in zip(values, order.tolist(), strict=True):
            if left == left and right == right:
                assert (left < right, left == right) == (code < other, code == other)
            else:
                assert (code < other) == (left == left and right != right)
    assert np.array_equal(doubles_of_order(order), array, equal_nan=True)


@given(st.integers(-(2**90), 2**90), st.integers(1, 2**31))
def test_means_are_rounded_half_to_even(total: int, count: int) -> None:
    """As Python rounds a fraction; what does not fit 64 bit is told."""
    high, low = divmod(total, 2**32)
    values, fits = means(np.array([high]), np.array([low]), np.array([count]))
    below, rest = divmod(total, count)
    wanted = below + (2 * rest > count or (2 * rest == count and below % 2 == 1))
    assert fits[0] == (-(2**63) <= wanted < 2**63)
    assert not fits[0] or values[0] == wanted


def test_a_column_of_narrow_numbers_is_widened() -> None:
    """New values that do not fit the old width have room."""
    narrow = FixedColumn(INT64, np.array([1, 2], np.int8), pack(np.array([True, False])))
    replaced = replace_rows(narrow, np.array([0]), FixedColumn(INT64, np.array([2**40])))
    assert values_of(replaced, 2) == [2**40, None]
