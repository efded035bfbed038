"""Who owns which accounts, through kernels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from segmentd.engine.facts.readonly import readonly
from segmentd.kernels.facts.owned import count_held, place_held

Numbers = npt.NDArray[np.int32]


def held(
    pairs: Numbers, offsets: Numbers, lists: Numbers, customers: int
) -> tuple[npt.NDArray[np.int64], Numbers, npt.NDArray[np.int16]]:
    """Offsets by customer, accounts and roles.

    `pairs`: customer and role by turns; list i is its elements `offsets[i]` to before `offsets[i + 1]`;
    `lists[account]`: which is the account's, -1 of one that is no more.
    """
    starts = np.zeros(customers + 1, np.int64)
    pairs, offsets, lists = readonly(pairs), readonly(offsets), readonly(lists)
    count_held(pairs, offsets, lists, starts)
    accounts, roles = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.int16)
    place_held(pairs, offsets, lists, starts[:-1].copy(), accounts, roles)
    return starts, accounts, roles
