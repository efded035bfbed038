"""The kernels that fold truths of items to their owners, against plain loops over Python lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns.column import BoolColumn, FixedColumn
from segmentd.columns.planes import pack, unpack
from segmentd.engine.facts import segmented
from segmentd.engine.facts.segmented import Owned, Truths, fold
from segmentd.language.tree import Quantifier

Item = bool | None
"""What is so of an item; None is unknown."""

items_of_owners = st.lists(st.lists(st.integers(0, 99), max_size=6), max_size=140)


def naive(quantifier: Quantifier, items: list[Item]) -> bool | int | None:
    """CEL's macros, item by item: `||` and `&&` absorb what is unknown, counting does not."""
    match quantifier:
        case Quantifier.EXISTS:
            return True if True in items else None if None in items else False
        case Quantifier.ALL:
            return False if False in items else None if None in items else True
        case Quantifier.EXISTS_ONE:
            return None if None in items else items.count(True) == 1
        case Quantifier.COUNT:
            return None if None in items else items.count(True)


def folded(quantifier: Quantifier, owners: list[list[int]], truths: list[Item]) -> list[Any]:
    """What the kernels say, None where there is no value. Inputs cannot be written, as those from files cannot."""
    offsets = np.concatenate(([0], np.cumsum([len(items) for items in owners]))).astype(np.int64)
    rows = np.array([item for items in owners for item in items], np.int64)
    planes = [pack(np.array([truth is wanted for truth in truths], bool)) for wanted in (True, None)]
    for array in (offsets, rows, *planes):
        array.flags.writeable = False
    column = fold(quantifier, Owned(offsets, rows), Truths(*planes), lambda tasks: [task() for task in tasks])
    assert column.fits(len(owners))
    values = column.values if isinstance(column, FixedColumn) else unpack(column.values, len(owners))
    present = np.ones(len(owners), bool) if column.validity is None else unpack(column.validity, len(owners))
    assert column.validity is None or not present.all()
    return [value if there else None for value, there in zip(values.tolist(), present, strict=True)]


@pytest.mark.parametrize("quantifier", list(Quantifier))
@given(items_of_owners, st.lists(st.sampled_from([True, False, None]), min_size=100, max_size=100))
def test_folds_are_those_of_cel(quantifier: Quantifier, owners: list[list[int]], truths: list[Item]) -> None:
    """Whoever owns which items, none and the same ones included, and whatever is known of them."""
    expected = [naive(quantifier, [truths[item] for item in items]) for items in owners]
    assert folded(quantifier, owners, truths) == expected


@pytest.mark.parametrize("quantifier", list(Quantifier))
def test_tasks_share_the_work(quantifier: Quantifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Owners that are shared out among tasks get what they get from one task."""
    random = np.random.default_rng(4)
    owners = [random.integers(0, 100, size).tolist() for size in random.integers(0, 5, 1_000)]
    truths = random.choice(np.array([True, False, None], object), 100).tolist()
    whole = folded(quantifier, owners, truths)
    monkeypatch.setattr(segmented, "OWNERS_A_TASK", 128)
    assert folded(quantifier, owners, truths) == whole


def test_without_items() -> None:
    """Nobody fulfils `exists` and `exists_one` by nothing, everybody `all`, and the count is zero."""
    nothing: dict[Quantifier, list[Any]] = {each: folded(each, [[], []], [True]) for each in Quantifier}
    assert nothing == {
        Quantifier.EXISTS: [False, False],
        Quantifier.ALL: [True, True],
        Quantifier.EXISTS_ONE: [False, False],
        Quantifier.COUNT: [0, 0],
    }


def test_results_are_columns() -> None:
    """Counts are INT64, all else BOOL; without unknown items there is no plane of values that are there."""
    owned, truths = Owned(np.array([0, 1]), np.array([0])), Truths(np.ones(1, np.uint64), np.zeros(1, np.uint64))
    count = fold(Quantifier.COUNT, owned, truths, lambda tasks: [task() for task in tasks])
    some = fold(Quantifier.EXISTS, owned, truths, lambda tasks: [task() for task in tasks])
    assert isinstance(count, FixedColumn)
    assert isinstance(some, BoolColumn)
    assert (count.validity, some.validity) == (None, None)
