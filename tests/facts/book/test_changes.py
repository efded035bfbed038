"""What a log of changes remembers, beside one that copies all that it knows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.facts.book import changes
from segmentd.facts.book.changes import Change, ChangeLog

SIZES = st.lists(st.lists(st.integers(0, 6), min_size=0, max_size=4), max_size=12)
"""How many slots each of the changes has that are published together, publication by publication."""


def change(version: int, size: int) -> Change:
    """A version that changed so many customers."""
    return Change(version, np.arange(size, dtype=np.int32), np.zeros(0, np.int32))


def naive(published: list[Change], version: int) -> list[int] | None:
    """The versions after one, of those that are remembered: the last 5, and of these the last with 10 slots in all."""
    kept: list[Change] = []
    for each in reversed(published[-5:]):
        if sum(one.size for one in kept) + each.size > 10:
            break
        kept.insert(0, each)
    since = published[len(published) - len(kept) - 1].version if len(kept) < len(published) else 0
    return None if version < since else [each.version for each in kept if each.version > version]


def versions(found: tuple[Change, ...] | None) -> list[int] | None:
    """Which versions changes are of."""
    return None if found is None else [each.version for each in found]


@given(sizes=SIZES)
def test_every_log_remembers_what_it_did_when_it_was_made(sizes: list[list[int]]) -> None:
    """Of any version, each log says what a naive one says, also after others were made of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "MAX_VERSIONS", 5)
        patch.setattr(changes, "MAX_SLOTS", 10)
        logs = [(ChangeLog(0), 0)]
        published: list[Change] = []
        for group in sizes:
            new = tuple(change(len(published) + 1 + place, size) for place, size in enumerate(group))
            published.extend(new)
            logs.append((logs[-1][0].extended(new), len(published)))
        for log, known in logs:
            for version in range(known + 1):
                assert versions(log.after(version)) == naive(published[:known], version)


def test_logs_that_go_apart_do_not_see_one_another() -> None:
    """Two logs that are made of the same one each have their own changes."""
    start = ChangeLog(0).extended((change(1, 1),))
    one, other = start.extended((change(2, 1),)), start.extended((change(2, 2), change(3, 1)))
    assert (versions(one.after(0)), versions(other.after(0))) == ([1, 2], [1, 2, 3])
    assert versions(start.after(0)) == [1]
    assert versions(one.extended((change(3, 1),)).after(1)) == [2, 3]


def test_extending_a_long_log_copies_it_seldom() -> None:
    """Of ten thousand logs that each were made of the one before, one begins a list of its own."""
    logs = [ChangeLog(0)]
    for version in range(1, 10_001):
        logs.append(logs[-1].extended((change(version, 1),)))
    begun = sum(log._entries is not before._entries for before, log in pairwise(logs))
    assert begun == 1
    assert len(logs[-1]._entries) <= 2 * changes.MAX_VERSIONS + 1
    assert versions(logs[-1].after(9_998)) == [9_999, 10_000]
    assert logs[-1].after(10_000 - changes.MAX_VERSIONS - 1) is None
