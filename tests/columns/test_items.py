"""Items of rows: what they may be, and which stay when rows are cut or gathered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns.column import Batch, FixedColumn, ItemsOf, TextColumn
from segmentd.columns.gather import gather
from segmentd.schema import INT64

ITEMS = Batch(9, {"n": FixedColumn(INT64, np.arange(9))})
owners = st.lists(st.lists(st.integers(0, 8), max_size=4), max_size=200)


def batch_of(held: Sequence[Sequence[int]]) -> Batch:
    """Rows that hold these items."""
    offsets = np.concatenate(([0], np.cumsum([len(items) for items in held]))).astype(np.int64)
    rows = np.array([item for items in held for item in items], np.int64)
    numbers = FixedColumn(INT64, np.arange(len(held)))
    return Batch(len(held), {"n": numbers}, items={"accounts": ItemsOf(offsets, rows, ITEMS)})


def held_by(batch: Batch) -> list[list[int]]:
    """The items of each row."""
    items = batch.items["accounts"]
    return [items.rows[items.offsets[row] : items.offsets[row + 1]].tolist() for row in range(batch.rows)]


@given(owners, st.integers(0, 3), st.integers(0, 200))
def test_a_slice_has_the_items_of_its_rows(held: list[list[int]], word: int, rows: int) -> None:
    """And the batch that they are rows of is the same one."""
    start = min(word * 64, len(held) // 64 * 64)
    stop = min(start + rows, len(held))
    sliced = batch_of(held).slice(start, stop)
    assert held_by(sliced) == held[start:stop]
    assert sliced.items["accounts"].batch is ITEMS


@given(owners, st.data())
def test_gathered_rows_have_their_items(held: list[list[int]], data: st.DataObject) -> None:
    """In any order, repeated, or none where a row is not there."""
    asked = data.draw(st.lists(st.integers(-1, len(held) - 1), max_size=130))
    gathered = gather(batch_of(held), np.array(asked, np.int64))
    assert held_by(gathered) == [[] if row < 0 else held[row] for row in asked]


def test_items_are_gathered_where_they_are_asked_for() -> None:
    """By the field that they are in, beside the attributes."""
    batch = batch_of([[1], [2, 3]])
    assert not gather(batch, np.array([1]), ["n"]).items
    assert held_by(gather(batch, np.array([1]), ["n", "accounts"])) == [[2, 3]]
    assert not gather(batch, np.array([1]), ["accounts"]).columns


@pytest.mark.parametrize(
    ("offsets", "rows", "why"),
    [
        ([0, 2], [1], "ascend from 0"),
        ([1, 1], [1], "ascend from 0"),
        ([], [], "ascend from 0"),
        ([0, 2, 1, 3], [1, 1, 1], "ascend"),
        ([0, 1], [9], "rows 0 to 8"),
        ([0, 1], [-1], "rows 0 to 8"),
    ],
)
def test_wrong_items_are_refused(offsets: list[int], rows: list[int], why: str) -> None:
    """Kernels read what these say without looking."""
    with pytest.raises(ValueError, match=why):
        ItemsOf(np.array(offsets, np.int64), np.array(rows, np.int64), ITEMS)


def test_what_is_said_of_pairs_goes_with_them() -> None:
    """A value for each item of each row, which slices and gathered rows keep; no more of them and no fewer."""
    roles = TextColumn(np.array([0, 1, 2, 1], np.int32), pa.array(["a", "b"], pa.string()))
    items = ItemsOf(np.array([0, 1, 1, 4]), np.array([3, 5, 0, 3]), ITEMS, {"owner.role": roles})
    assert items.slice(2, 3).linked["owner.role"].codes.tolist() == [1, 2, 1]
    batch = Batch(3, {}, items={"accounts": items})
    gathered = gather(batch, np.array([2, -1, 0, 2])).items["accounts"]
    assert gathered.linked["owner.role"].codes.tolist() == [1, 2, 1, 0, 1, 2, 1]
    assert gather(batch.slice(0, 0), np.array([-1])).items["accounts"].linked["owner.role"].codes.tolist() == []
    with pytest.raises(ValueError, match=r"owner\.role is said of 4 items, not 1"):
        ItemsOf(np.array([0, 1]), np.array([3]), ITEMS, {"owner.role": roles})


def test_items_are_those_of_all_rows() -> None:
    """Neither of more rows nor in narrower numbers."""
    items = ItemsOf(np.array([0, 1]), np.array([3]), ITEMS)
    with pytest.raises(ValueError, match="accounts are those of 1 rows, not 2"):
        Batch(2, {}, items={"accounts": items})
    with pytest.raises(ValueError, match="<i8"):
        ItemsOf(np.array([0, 1], np.int32), np.array([3]), ITEMS)
