"""The kernels of aggregates at the ends of what they are made for, against plain Python."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.columns.planes import pack
from segmentd.kernels.facts.aggregates_cells import mask_codes, round_means
from segmentd.kernels.facts.aggregates_months import find_recurring
from segmentd.kernels.facts.aggregates_order import DISTINCT, MEDIAN, rank_values
from segmentd.kernels.facts.aggregates_ranges import (
    LEAST,
    NEVER,
    find_bounds,
    mark_uncovered,
    select_accounts,
)
from segmentd.kernels.facts.aggregates_rows import count_rows, mark_poisoned
from segmentd.kernels.facts.aggregates_sums import sum_integers, sum_squares

INTEGERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3), st.sampled_from([-(2**63), 2**63 - 1]))


def frozen(values: Any, dtype: Any = np.int64) -> Any:
    """An array as kernels take it."""
    array = np.array(values, dtype)
    array.flags.writeable = False
    return array


def one_owner(rows: int) -> tuple[Any, Any, Any]:
    """One owner with one pair of so many rows."""
    return frozen([0, 1]), np.zeros(1, np.int64), np.full(1, rows, np.int64)


ALL = frozen([], np.uint64)


@given(st.lists(st.tuples(INTEGERS, st.booleans()), max_size=150))
def test_sums_are_exact(given_rows: list[tuple[int, bool]]) -> None:
    """The two halves of a sum are those of Python's, of all rows and of those of a plane."""
    values = frozen([value for value, _ in given_rows])
    flags = np.array([kept for _, kept in given_rows], np.bool_)
    for kept, wanted in ((ALL, [each for each, _ in given_rows]), (pack(flags), [v for v, k in given_rows if k])):
        high, low, counts = (np.zeros(1, np.int64) for _ in range(3))
        sum_integers(*one_owner(len(values)), frozen(kept, np.uint64), values, 0, 1, high, low, counts)
        assert int(high[0]) * 2**32 + int(low[0]) == sum(wanted)
        assert counts[0] == len(wanted)


@given(st.lists(st.tuples(INTEGERS, st.integers(0, 2**40) | st.integers(0, 4)), min_size=1, max_size=20))
def test_means_are_rounded_half_to_even(given_rows: list[tuple[int, int]]) -> None:
    """Every sum of 64 bit by every count is what Python rounds the exact fraction to; by 0 it is the sum."""
    sums, counts = (np.array([[each[place] for each in given_rows]]) for place in (0, 1))
    means = np.zeros_like(sums)
    round_means(sums, counts, 0, len(given_rows), means)
    assert means[0].tolist() == [round(Fraction(total, max(count, 1))) for total, count in given_rows]


@given(st.integers(1, 4), st.lists(st.integers(0, 15), min_size=1, max_size=200), st.integers(0, 3))
def test_masks_are_the_bits_of_planes(planes: int, masks: list[int], first: int) -> None:
    """The first plane's bit is the lowest; rows of words that were not asked for are left as they are."""
    stacked = np.stack([pack(np.array([mask >> plane & 1 for mask in masks], np.bool_)) for plane in range(planes)])
    codes = np.full(len(masks), -1, np.int32)
    first = min(first, stacked.shape[1] - 1)
    mask_codes(frozen(stacked, np.uint64), first, stacked.shape[1], codes)
    asked = [mask % 2**planes for mask in masks[first * 64 :]]
    assert codes.tolist() == [-1] * (len(masks) - len(asked)) + asked


@given(st.lists(INTEGERS, max_size=40))
def test_squares_are_exact_or_refused(values: list[int]) -> None:
    """`n * sum(x * x) - sum(x) ** 2` to a double's precision, -1 where it might not fit 128 bit."""
    spreads, counts = np.zeros(1), np.zeros(1, np.int64)
    sum_squares(*one_owner(len(values)), ALL, frozen(values), 0, 1, spreads, counts)
    wanted = len(values) * sum(value * value for value in values) - sum(values) ** 2
    if values and len(values) * (max(values) - min(values)) >= 2**62:
        assert spreads[0] == -1
    else:
        assert spreads[0] == pytest.approx(wanted, rel=1e-15)


@given(st.lists(st.one_of(st.integers(-9, 9), INTEGERS), min_size=1, max_size=120), st.integers(0, 10_000))
def test_ranks_are_those_of_sorted_values(values: list[int], hundredths: int) -> None:
    """Of a few values, which are sorted by insertion, and of more, which become a heap."""
    ordered = sorted(values)
    rank = max(-(-hundredths * len(values) // 10_000), 1)
    for asked, wanted in (
        (hundredths, (ordered[rank - 1], 0)),
        (MEDIAN, (ordered[(len(values) - 1) // 2], ordered[len(values) // 2])),
        (DISTINCT, (len(set(values)), 0)),
    ):
        room, lower, upper, counts = (np.zeros(len(values), np.int64) for _ in range(4))
        rank_values(*one_owner(len(values)), ALL, frozen(values), asked, 0, 1, room, lower, upper, counts)
        assert (lower[0], upper[0], counts[0]) == (*wanted, len(values))


@given(st.lists(st.integers(-5, 5), max_size=20), st.integers(-6, 6), st.integers(-6, 6))
def test_a_range_has_the_rows_between_its_moments(times: list[int], start: int, end: int) -> None:
    """Equal times and empty windows included; a window that ends before it starts has no row."""
    times = sorted(times)
    offsets, places, item_offsets = frozen([0, 1]), frozen([0], np.int32), frozen([0, len(times)])
    moments = sorted({start, end})
    bounds, unknown = np.zeros((len(moments), 1), np.int64), np.zeros(1, np.uint8)
    find_bounds(offsets, places, item_offsets, frozen(times), frozen(moments), 0, 1, bounds)
    found = dict(zip(moments, bounds, strict=True))
    rows = range(int(found[start][0]), int(found[end][0]))
    assert [times[row] for row in rows] == [time for time in times if start <= time < end]
    for opened, needs_one in ((LEAST, True), (start - 1, True), (start, False)):
        unknown[0] = 0
        inputs = places, item_offsets, frozen([opened]), start
        mark_uncovered(offsets, found[start], found[end], *inputs, 0, 1, unknown)
        assert unknown[0] == (needs_one and not any(time < start for time in times))


@given(st.lists(st.booleans(), max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_bits_are_found_in_any_range(bits: list[bool], start: int, stop: int) -> None:
    """Counted, and found at all, however the range lies in the words."""
    start, stop = min(start, len(bits)), min(stop, len(bits))
    plane = frozen(pack(np.array(bits, np.bool_)), np.uint64)
    at = frozen([0, 1]), np.array([start]), np.array([stop])
    counts, unknown = np.zeros(1, np.int64), np.zeros(1, np.uint8)
    if bits:
        count_rows(*at, plane, 0, 1, counts)
        mark_poisoned(*at, plane, 0, 1, unknown)
    assert counts[0] == sum(bits[start:stop])
    assert unknown[0] == any(bits[start:stop])


@given(st.integers(0, 2**32), st.sampled_from([1, 2, 63, 64, 65, 120]))
@settings(max_examples=40)
def test_what_recurs_does_so_in_every_month(seed: int, months: int) -> None:
    """Of up to 120 months, more than a word has bits: the greatest amount that a party has in all of them."""
    random = Random(seed)  # noqa: S311 - data
    rows = sorted(
        (month, random.choice([5, 6, 7]), random.choice([-1, 0]))
        for month in range(months)
        for _ in range(random.choice([1, 3, 9]))
    )
    amounts, parties = [row[1] for row in rows], [row[2] for row in rows]
    room: tuple[Any, Any, Any, Any] = tuple(np.zeros(len(rows), np.int64) for _ in range(4))  # type: ignore[assignment]
    found, is_found, counts = np.zeros(1, np.int64), np.zeros(1, np.uint8), np.zeros(1, np.int64)
    times, starts = frozen([row[0] * 10 + 3 for row in rows]), frozen([10 * month for month in range(months + 1)])
    inputs = ALL, times, frozen(amounts), frozen(parties, np.int32), starts
    find_recurring(*one_owner(len(rows)), *inputs, 0, 1, *room, found, is_found, counts)
    pairs = {(amount, party) for _, amount, party in rows}
    every = [pair for pair in pairs if len({month for month, *other in rows if tuple(other) == pair}) == months]
    wanted = max((amount for amount, _ in every), default=None)
    assert (found[0] if is_found[0] else None) == wanted


def test_accounts_are_selected_once_and_in_order() -> None:
    """Whatever the roles, an account counts once; those that do not count are left out, unknown ones are told."""
    offsets = frozen([0, 4, 5, 5])
    held, roles = frozen([3, 1, 3, 0, 2], np.int32), frozen([0, 0, 1, 2, 0], np.int16)
    verdicts, wanted = frozen([1, 1, 2, 1], np.uint8), frozen([True, True, False], np.bool_)
    found, accounts, unknown = np.zeros(5, np.int64), np.zeros(9, np.int32), np.zeros(4, np.uint8)
    held_by = frozen([0, 1, 2, 9], np.int32), offsets, held, roles
    select_accounts(*held_by, wanted, verdicts, 0, 4, found, accounts, unknown)
    assert found.tolist() == [0, 2, 3, 3, 3]
    assert accounts[:3].tolist() == [1, 3, 2]
    assert unknown.tolist() == [0, 1, 0, 0]
    assert NEVER == 2**63 - 1
