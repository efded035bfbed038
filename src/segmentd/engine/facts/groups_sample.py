"""Every kernel of groups once, on one account, so that it is compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from segmentd.engine.facts.groups import Balances, summarise_codes, summarise_planes
from segmentd.engine.facts.groups_members import OwnerLinks, carry_over, count_by_size, find_owners, gather_groups
from segmentd.engine.facts.groups_moments import Days, Facts, Held, Observed, add_up_days, find_balances


def sum_up_sample() -> None:
    """One customer with one account, and one transaction on it."""
    one, row, ends = np.ones(1, np.int64), np.zeros(1, np.int32), np.arange(2)
    plane = np.ones(1, np.uint64)
    links = OwnerLinks(ends, row, np.zeros(1, np.int16), np.ones(1, np.bool_))
    planes = carry_over(plane.reshape(1, 1), find_owners(links, row, 1, row), _run)
    seen, held = Observed(ends, one, one), Held.nothing(1)
    facts = Facts(seen, seen)
    find_balances(1, facts, row, held, _run)
    add_up_days(Days(one, np.zeros(1, np.int64), one), facts, row, held, _run)
    balances = Balances(held.values, plane, np.zeros(1, np.uint64))
    summarise_planes(planes, balances, _run)
    summarise_codes(planes, row, 1, balances, _run, squares=True)
    gather_groups(plane, row, ends, balances)
    count_by_size(plane, row, 1, balances, one)


def _run(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    return [task() for task in tasks]
