"""The order of an owner's rows, and amounts in another currency, against naive twins."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.engine.facts.money import RateTable, convert
from segmentd.engine.facts.owned import held
from segmentd.engine.facts.rows import Chains, Lives, link, ordered, placed, take, take_coded, unlink

MARK = 5
DEATHS = st.sampled_from((0, 0, 0, 4, 5, 6, 9))
EDGES = (0, 1, -1, 5, -5, 15, 25, 2**63 - 1, -(2**63), 2**62, 10**9, -(10**9) - 1)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    """Rows of a prefix, by owner and time, and of a tail: owner, time and mark of death."""
    row = st.tuples(st.integers(0, 2), st.integers(0, 3), DEATHS)
    prefix = draw(st.lists(row, max_size=60))
    return sorted(prefix, key=lambda row: row[:2]), draw(st.lists(row, max_size=60))


@settings(max_examples=150, deadline=None)
@given(tables(), st.lists(st.integers(0, 4), max_size=6), st.integers(0, 60))
def test_rows_are_those_of_a_stable_sort(
    table: tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]], owners: list[int], seen: int
) -> None:
    """An owner's living rows that a version sees come by time, equal ones by arrival; later rows are not met."""
    prefix, tail = table
    seen = min(seen, len(tail))
    everything = [*prefix, *tail]
    offsets = np.searchsorted([row[0] for row in prefix], np.arange(4)).astype(np.int64)
    heads, links = np.full(4, -1, np.int32), np.zeros(len(tail), np.int32)
    tail_owners = column(tail, 0)
    link(tail_owners, 0, len(tail), heads, links)
    lives = Lives(column(prefix, 2), column(tail, 2), seen, MARK)
    times, tail_times = column(prefix, 1).astype(np.int64), column(tail, 1).astype(np.int64)
    found = ordered(np.array(owners, np.int32), Chains(offsets, heads, links), lives, times, tail_times)
    wanted = [
        sorted(
            (
                row
                for row in range(len(prefix) + seen)
                if everything[row][0] == owner and (everything[row][2] == 0 or everything[row][2] > MARK)
            ),
            key=lambda row: everything[row][1],
        )
        for owner in owners
    ]
    assert found.rows.tolist() == [row for rows in wanted for row in rows]
    assert found.times.tolist() == [everything[row][1] for rows in wanted for row in rows]
    assert np.diff(found.starts).tolist() == [len(rows) for rows in wanted]
    unlink(tail_owners, 0, len(tail), heads, links)
    assert (heads == -1).all()


def test_long_tails_are_sorted() -> None:
    """Thousands of rows of one owner that came in no order are sorted, equal times by arrival."""
    times = np.random.default_rng(1).integers(0, 500, 5_000)
    owners, heads, links = np.zeros(5_000, np.int32), np.full(1, -1, np.int32), np.zeros(5_000, np.int32)
    link(owners, 0, 5_000, heads, links)
    nothing = np.zeros(0, np.int32)
    lives = Lives(nothing, np.zeros(5_000, np.int32), 5_000, 1)
    chains = Chains(np.zeros(1, np.int64), heads, links)
    found = ordered(np.zeros(1, np.int32), chains, lives, np.zeros(0, np.int64), times)
    assert found.rows.tolist() == sorted(range(5_000), key=lambda row: times[row])


def test_values_and_codes_of_rows() -> None:
    """Rows are counted through prefix and tail; no value is one code in the prefix, another in the tail."""
    prefix, tail, rows = np.array([3, 7], np.int32), np.array([7, -1], np.int32), np.array([3, 1, 0, 2])
    assert take(prefix, tail, rows).tolist() == [-1, 7, 3, 7]
    assert take_coded(prefix, tail, rows, 7, 9).tolist() == [9, 9, 3, 7]
    assert take(np.array([1.5]), np.array([-0.0]), np.array([0, 1])).tolist() == [1.5, -0.0]


def test_the_living_row_of_each_number() -> None:
    """Of the rows of a number the one that lives is found."""
    lives = Lives(np.array([5, 0, 6], np.int32), np.array([0, 0], np.int32), 1, MARK)
    numbers, tail = np.array([0, 1, 2], np.int32), np.array([0, 3], np.int32)
    assert placed(numbers, tail, lives, 4).tolist() == [3, 1, 2, -1]


def test_held_accounts() -> None:
    """Pairs of customer and role become lists of accounts by customer; accounts that are no more are left out."""
    pairs, offsets = np.array([2, 0, 0, 1, 2, 1], np.int32), np.array([0, 0, 2, 6], np.int32)
    starts, accounts, roles = held(pairs, offsets, np.array([1, 0, 2, -1], np.int32), 4)
    assert (starts.tolist(), accounts.tolist(), roles.tolist()) == ([0, 1, 1, 3, 3], [2, 0, 2], [1, 0, 1])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(EDGES), st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=20),
    st.one_of(st.sampled_from((1, 5 * 10**8, 10**9, 10**18 - 1)), st.integers(1, 10**18 - 1)),
    st.integers(5, 13),
)
def test_amounts_are_rounded_half_to_even(amounts: list[int], rate: int, digits: int) -> None:
    """Products are exact, quotients rounded half to even, and what is no int64 is missing."""
    day = np.array([3], np.int64)
    table = RateTable(np.array([0, 0, 1]), day, np.array([rate]), np.array([10**5, 10**digits]))
    every = np.array(amounts, np.int64)
    out, is_known = convert(every, np.ones(len(amounts), np.int32), np.full(len(amounts), 3), table)
    wanted = [round(Fraction(amount * rate, 10**digits)) for amount in amounts]
    fits = [-(2**63) <= amount < 2**63 for amount in wanted]
    assert is_known.tolist() == fits
    assert [value for value, fit in zip(out.tolist(), fits, strict=True) if fit] == [
        value for value, fit in zip(wanted, fits, strict=True) if fit
    ]


def test_a_day_without_a_rate() -> None:
    """Days before, between and after those that have rates, and currencies without any, have none."""
    table = RateTable(np.array([0, 0, 2]), np.array([3, 5]), np.array([10**9, 2 * 10**9]), np.array([10**9] * 2))
    currencies, days = np.array([1, 1, 1, 1, 1, 0], np.int32), np.array([2, 3, 4, 5, 6, 3])
    out, is_known = convert(np.full(6, 7), currencies, days, table)
    assert (out.tolist(), is_known.tolist()) == ([0, 7, 0, 14, 0, 0], [0, 1, 0, 1, 0, 0])


def column(rows: list[tuple[int, int, int]], place: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """One element of all rows."""
    return np.array([row[place] for row in rows], np.int32)
