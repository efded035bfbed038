"""Which accounts of customers count, selected by several threads at once."""

from __future__ import annotations

import numpy as np
import pytest

from segmentd.engine import Engine
from segmentd.engine.facts.aggregates_ranges import NO_ACCOUNT, UNKNOWN_ACCOUNT, Held, Slots, Tasks, select_accounts

CUSTOMERS = 40_000
"""More than one thread is given."""


def asked(random: np.random.Generator, order: str) -> Slots:
    """Customers' slots, of which holdings may lack the last ones."""
    match order:
        case "everybody":
            return np.arange(CUSTOMERS, dtype=np.int32)
        case "some":
            return np.sort(random.choice(CUSTOMERS + 50, CUSTOMERS // 2, replace=False)).astype(np.int32)
        case "in disorder":
            return random.permutation(CUSTOMERS + 50).astype(np.int32)
        case _:
            return np.zeros(0, np.int32)


@pytest.mark.parametrize("order", ["everybody", "some", "in disorder", "nobody"])
def test_accounts_of_many_customers_are_selected(order: str) -> None:
    """Each customer has those in a wanted role that count, ascending, each once, whichever thread looked."""
    random = np.random.default_rng(3)
    counts = random.integers(0, 4, CUSTOMERS)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    held = int(offsets[-1])
    accounts, roles = random.integers(0, held // 2, held).astype(np.int32), random.integers(0, 3, held).astype(np.int16)
    wanted, verdicts = np.array([True, False, True]), random.integers(0, 3, held).astype(np.uint8)
    owners = asked(random, order)
    with Engine(3) as engine:
        tasks = Tasks(engine.run_tasks, engine.threads)
        found = select_accounts(tasks, owners, Held(offsets, accounts, roles), wanted, verdicts)
    assert len(found) == len(owners)
    assert found.offsets[0] == 0
    assert found.offsets[-1] == len(found.accounts)
    for number, slot in enumerate(owners.tolist()):
        rows = range(int(offsets[slot]), int(offsets[slot + 1])) if slot < CUSTOMERS else range(0)
        right = sorted({int(accounts[row]) for row in rows if wanted[roles[row]]})
        right = [account for account in right if verdicts[account] != NO_ACCOUNT]
        assert found.accounts[found.offsets[number] : found.offsets[number + 1]].tolist() == right
        assert found.unknown[number] == any(verdicts[account] == UNKNOWN_ACCOUNT for account in right)
