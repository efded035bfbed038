"""The owners of all accounts as lists, and what they make of it: who owns which accounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segmentd.engine.facts.owned import held
from segmentd.engine.facts.rows import Numbers
from segmentd.facts.views import Holdings


@dataclass(frozen=True, slots=True, eq=False)
class OwnerLists:
    """`lists[account]`: which list the account in a slot has, -1 where it is no more.

    List i is `pairs[offsets[i]:offsets[i + 1]]`: slots of customers and numbers in `roles` by turns. `customers`: how
    many slots customers have.
    """

    lists: Numbers
    offsets: npt.NDArray[np.int32]
    pairs: Numbers
    roles: tuple[str, ...]
    customers: int

    def holdings(self) -> Holdings:
        """Who owns which accounts."""
        return Holdings(*held(self.pairs, self.offsets, self.lists, self.customers), self.roles)

    def with_lists(self, accounts: Numbers, sizes: Numbers, pairs: Numbers, roles: tuple[str, ...]) -> OwnerLists:
        """With other lists of some accounts: of so many numbers each, one after the other, of `roles`."""
        lists = self.lists.copy()
        lists[accounts] = np.arange(len(accounts), dtype=np.int32) + np.int32(len(self.offsets) - 1)
        ends = self.offsets[-1] + np.cumsum(sizes)
        offsets = np.concatenate([self.offsets, ends]).astype(np.int32)
        return OwnerLists(lists, offsets, np.concatenate([self.pairs, pairs]), roles, self.customers)
