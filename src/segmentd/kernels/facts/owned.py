"""Who owns which accounts: lists of pairs (customer, role) turned into lists of accounts by customer."""

from __future__ import annotations

from typing import Any

from segmentd.kernels.compiler import kernel


@kernel
def count_held(pairs: Any, offsets: Any, lists: Any, out: Any) -> None:
    """Add up how many accounts each customer has: `out[customer + 1]`, zero before, is where the next one's start.

    `pairs`: int32, customer and role by turns. List i is the elements `offsets[i]` to before `offsets[i + 1]`;
    `lists[account]`: which is the account's, -1 of one that is no more.
    """
    for account in range(lists.shape[0]):
        owners = lists[account]
        if owners >= 0:
            for i in range(offsets[owners], offsets[owners + 1], 2):
                out[pairs[i] + 1] += 1
    for customer in range(out.shape[0] - 1):
        out[customer + 1] += out[customer]


@kernel
def place_held(pairs: Any, offsets: Any, lists: Any, places: Any, accounts: Any, roles: Any) -> None:
    """Write accounts and roles by customer, accounts ascending. `places`: where each customer's start; changed."""
    for account in range(lists.shape[0]):
        owners = lists[account]
        if owners >= 0:
            for i in range(offsets[owners], offsets[owners + 1], 2):
                place = places[pairs[i]]
                accounts[place] = account
                roles[place] = pairs[i + 1]
                places[pairs[i]] = place + 1
