"""Planes of many segments: cut at any row, spread over more rows, counted by row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns.planes import unpack
from segmentd.engine.members.cutting import count_by_row, spread_planes
from tests.scoring.naive import Case, cases, planes_of


@given(cases(), st.data())
def test_a_cut_has_the_rows_between_its_ends(case: Case, data: st.DataObject) -> None:
    """A cut at any two rows has their bits, counts and ids, and knows its first row in the data version."""
    start = data.draw(st.integers(0, case.rows))
    stop = data.draw(st.integers(start, case.rows))
    cut = case.verdicts.cut(start, stop)
    members, unknowns = cut.known_planes()
    for index, bits in enumerate(case.members):
        assert unpack(members[index], stop - start).tolist() == bits[start:stop]
        assert unpack(unknowns[index], stop - start).tolist() == case.unknowns[index][start:stop]
    assert cut.member_counts.tolist() == [sum(bits[start:stop]) for bits in case.members]
    assert cut.unknown_counts.tolist() == [sum(bits[start:stop]) for bits in case.unknowns]
    assert cut.row_start == case.row_start + start
    assert (None if cut.ids is None else cut.ids.to_pylist()) == (case.ids and case.ids[start:stop])


@given(cases(), st.data())
def test_a_cut_leaves_no_bits_past_its_last_row(case: Case, data: st.DataObject) -> None:
    """The bits of a cut beyond its rows are zero, so that planes can be counted by words."""
    stop = data.draw(st.integers(0, case.rows))
    members, _ = case.verdicts.cut(0, stop).known_planes()
    assert [int(np.bitwise_count(plane).sum()) for plane in members] == [sum(bits[:stop]) for bits in case.members]


@given(cases())
def test_spread_planes_put_each_bit_at_its_row(case: Case) -> None:
    """Bit `i` lands at row `rows[i]`, every other row is zero, in any order of rows."""
    total = case.rows * 2 + 3
    order = np.random.default_rng(case.rows).permutation(total)[: case.rows].astype(np.int64)
    spread = spread_planes(planes_of(case.members, case.rows), order, total)
    for plane, bits in zip(spread, case.members, strict=True):
        there = {int(order[row]) for row, bit in enumerate(bits) if bit}
        assert set(np.flatnonzero(unpack(plane, total)).tolist()) == there


@given(cases())
def test_rows_know_in_how_many_segments_they_are(case: Case) -> None:
    """The count of a row is the number of lists in which it is true, of members and of unknowns."""
    counted = count_by_row(case.rows, *case.verdicts.known_planes())
    lists = [*case.members, *case.unknowns]
    assert counted.tolist() == [sum(bits[row] for bits in lists) for row in range(case.rows)]
