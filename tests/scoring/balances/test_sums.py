"""The kernels of groups agree with sums in Python, which never overflow."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from segmentd.columns.planes import pack, word_count
from segmentd.engine.facts.groups import Balances, Sums, summarise_codes, summarise_planes
from segmentd.engine.facts.groups_members import (
    OwnerLinks,
    carry_over,
    count_by_size,
    find_owners,
    gather_groups,
)

PLANES = 5
GROUPS = 7
LEAST, MOST = -(2**63), 2**63 - 1

RANGES = {"usual": (-(10**6), 10**9), "wide": (-(2**40), 2**52), "all of int64": (LEAST, MOST)}


def run(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """The tasks, the last one first: their order must not matter."""
    return [task() for task in reversed(tasks)][::-1]


class Rows:
    """Rows with values in a range, some unknown, some not there; in planes of different density; in groups."""

    def __init__(self, rows: int, limits: tuple[int, int], seed: int = 3) -> None:
        dice = np.random.default_rng(seed)
        there = dice.random(rows) < 0.95
        self.known = there & (dice.random(rows) < 0.9)
        self.unknown = there & ~self.known
        drawn = dice.integers(*limits, rows, endpoint=True)
        self.values: npt.NDArray[np.int64] = np.where(self.known, drawn, 0)
        self.members = dice.random((PLANES, rows)) < np.array([[0.0], [0.001], [0.3], [0.99], [1.0]])
        self.codes = dice.integers(0, GROUPS, rows).astype(np.int32)
        self.balances = Balances(self.values, pack(self.known), pack(self.unknown))
        self.planes = np.array([pack(each) for each in self.members]).reshape(PLANES, word_count(rows))

    def chosen(self, *masks: npt.NDArray[np.bool_]) -> list[int]:
        """The known values of the rows in all masks."""
        return [int(value) for value in self.values[np.logical_and.reduce([self.known, *masks])]]


def check(sums: Sums, group: int, values: list[int], unknown: int) -> None:
    """A group's results are those of the values."""
    assert (sums.counts[group], sums.unknowns[group]) == (len(values), unknown)
    assert sums.total(group) == sum(values)
    if values:
        assert (sums.least[group], sums.greatest[group]) == (min(values), max(values))


@pytest.mark.parametrize("limits", RANGES.values(), ids=list(RANGES))
@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 4_095, 4_096, 4_097, 300_000])
def test_sums_by_plane(rows: int, limits: tuple[int, int]) -> None:
    """Counts, sums, least and greatest of planes are those of their rows, whatever leaves 64 bits on the way."""
    data = Rows(rows, limits)
    sums = summarise_planes(data.planes, data.balances, run)
    for plane, members in enumerate(data.members):
        check(sums, plane, data.chosen(members), int((members & data.unknown).sum()))


@pytest.mark.parametrize("limits", RANGES.values(), ids=list(RANGES))
@pytest.mark.parametrize("rows", [0, 1, 64, 4_097, 300_000])
def test_sums_by_code(rows: int, limits: tuple[int, int]) -> None:
    """So are those of groups, and the sums of squares, of up to 158 bits."""
    data = Rows(rows, limits)
    for given in (data.planes, np.concatenate([data.planes, data.planes])):
        sums = summarise_codes(given, data.codes, GROUPS, data.balances, run, squares=True)
        for place, group in itertools.product(range(len(given)), range(GROUPS)):
            inside = data.members[place % PLANES] & (data.codes == group)
            values, at = data.chosen(inside), place * GROUPS + group
            check(sums, at, values, int((inside & data.unknown).sum()))
            assert sums.square_total(at) == sum(value * value for value in values)


def test_squares_of_the_extremes() -> None:
    """The squares of the least and the greatest int64, and of halves around 32 bits, add up exactly."""
    values = np.array([LEAST, LEAST, MOST, 2**32, 2**32 - 1, -(2**31), 2**62 + 3, -1, 0], np.int64)
    plane = pack(np.ones(len(values), np.bool_))
    balances = Balances(values, plane, np.zeros_like(plane))
    sums = summarise_codes(plane.reshape(1, -1), np.zeros(len(values), np.int32), 1, balances, run, squares=True)
    assert sums.square_total(0) == sum(int(value) ** 2 for value in values)
    assert sums.total(0) == sum(int(value) for value in values)


def test_values_side_by_side_and_by_size() -> None:
    """Gathered are the known values of each group in row order; counted are those between bounds."""
    data = Rows(10_000, RANGES["usual"])
    plane, members = data.planes[2], data.members[2]
    expected = [data.chosen(members & (data.codes == group)) for group in range(GROUPS)]
    ends = np.cumsum([0, *map(len, expected)])
    values = gather_groups(plane, data.codes, ends, data.balances)
    assert [values[first:last].tolist() for first, last in itertools.pairwise(ends)] == expected
    bounds = np.array([-5, 0, expected[0][0], 10**8 * 5], np.int64)
    bounds.sort()
    counts = count_by_size(plane, data.codes, GROUPS, data.balances, bounds)
    for group in range(GROUPS):
        places = [sum(value >= bound for bound in bounds) for value in expected[group]]
        assert counts[group].tolist() == [places.count(place) for place in range(5)]


@pytest.mark.parametrize(("customers", "accounts"), [(0, 0), (1, 1), (64, 65), (1_000, 700), (200, 900)])
def test_planes_of_accounts_are_those_of_their_owners(customers: int, accounts: int) -> None:
    """An account is in a plane if an owner in an allowed role is, whose slots may be other numbers than rows."""
    dice = np.random.default_rng(9)
    customer_rows = dice.permutation(customers).astype(np.int32)
    account_rows = dice.permutation(accounts).astype(np.int32)
    if customers > 5:
        customer_rows[customer_rows == 5] = -1
    drawn = dice.integers(0, [max(customers, 1), max(accounts, 1)], (accounts, 2))
    links = sorted({(int(customer), int(account)) for customer, account in drawn})
    roles = dice.integers(0, 3, len(links)).astype(np.int16)
    offsets = np.searchsorted([customer for customer, _ in links], np.arange(customers + 1)).astype(np.int64)
    given = OwnerLinks(offsets, np.array([a for _, a in links], np.int32), roles, np.array([True, False, True]))
    members = dice.random((7, customers)) < 0.2
    planes = np.array([pack(each) for each in members]).reshape(7, word_count(customers))
    owners = find_owners(given, account_rows, accounts, customer_rows)
    expected = np.zeros((7, accounts), np.bool_)
    for (customer, account), role in zip(links, roles, strict=True):
        if role != 1 and customer_rows[customer] >= 0:
            expected[:, account_rows[account]] |= members[:, customer_rows[customer]]
    packed = np.array([pack(each) for each in expected]).reshape(7, word_count(accounts))
    assert (carry_over(planes, owners, run) == packed).all()
