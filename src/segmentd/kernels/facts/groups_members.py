"""Whose accounts are a segment's, and the balances of a group put side by side.

Kernels take addresses of inputs, which may be read-only; the caller vouches for the memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import kernel
from segmentd.kernels.lanes import int16_at, int32_at, int64_at, uint64_at
from segmentd.kernels.members.bits import trailing_zeros
from segmentd.kernels.members.transposition import transpose_square

_ONE = np.uint64(1)


@kernel
def count_owners(offsets: int, customers: int, accounts: int, roles: int, allowed: Any, row_of: int, ends: Any) -> None:
    """Add to `ends[row + 1]` of each account, by its row, how many owners in an allowed role it has.

    Customers `offsets` int64[customers + 1], their `accounts` int32 slots and `roles` int16; `allowed` bool by role;
    `row_of` int32 by slot, -1 where there is no account.
    """
    limits = int64_at(offsets, customers + 1)
    total = limits[customers]
    account_of, role_of = int32_at(accounts, total), int16_at(roles, total)
    rows = int32_at(row_of, 0)
    for place in range(total):
        if allowed[role_of[place]]:
            row = rows[account_of[place]]
            if row >= 0:
                ends[row + 1] += 1


@kernel
def list_owners(
    offsets: int,
    customers: int,
    accounts: int,
    roles: int,
    allowed: Any,
    row_of: int,
    customer_row_of: int,
    places: Any,
    owners: Any,
) -> None:
    """The rows of the owners of each account, at `owners[places[row]]` and after; `places` moves on to their end."""
    limits = int64_at(offsets, customers + 1)
    total = limits[customers]
    account_of, role_of = int32_at(accounts, total), int16_at(roles, total)
    rows, customer_rows = int32_at(row_of, 0), int32_at(customer_row_of, customers)
    for customer in range(customers):
        for place in range(limits[customer], limits[customer + 1]):
            if allowed[role_of[place]]:
                row = rows[account_of[place]]
                if row >= 0:
                    owners[places[row]] = customer_rows[customer]
                    places[row] += 1


@kernel
def planes_by_row(planes: int, row_words: int, number: int, first: int, stop: int, by_row: Any) -> None:
    """A word a row, bit i of plane i, of the words `first` to before `stop` of up to 64 planes: uint64[words * 64]."""
    bits = uint64_at(planes, number * row_words)
    for word in range(first, stop):
        square = by_row[word * 64 : word * 64 + 64]
        square[:] = 0
        ones = np.uint64(0)
        for plane in range(number):
            square[plane] = bits[plane * row_words + word]
            ones |= square[plane]
        if ones:
            transpose_square(square)


@kernel
def planes_of_owners(
    by_row: int, ends: int, owners: int, accounts: int, first: int, stop: int, square: Any, out: Any
) -> None:
    """Words `first` to before `stop` of planes of accounts: ones where an owner is in the plane, by `by_row`.

    `ends` int64[accounts + 1] cuts `owners`, int32 rows of customers, -1 for none. `square` uint64[64] is scratch,
    `out` uint64[planes, words].
    """
    limits = int64_at(ends, accounts + 1)
    member_of, owner_of = uint64_at(by_row, 0), int32_at(owners, limits[accounts])
    for word in range(first, stop):
        found = np.uint64(0)
        square[:] = 0
        for account in range(word * 64, min(word * 64 + 64, accounts)):
            ones = np.uint64(0)
            for place in range(limits[account], limits[account + 1]):
                owner = owner_of[place]
                if owner >= 0:
                    ones |= member_of[np.uint64(owner)]
            square[account - word * 64] = ones
            found |= ones
        if found:
            transpose_square(square)
        for plane in range(out.shape[0]):
            out[plane, word] = square[plane]


@kernel
def gather_by_code(plane: int, known: int, values: int, codes: int, rows: int, places: Any, out: Any) -> None:
    """The known values of a plane's rows, those of group g at `out[places[g]]` and after; `places` moves on."""
    words = (rows + 63) // 64
    bits, there, given, group_of = (
        uint64_at(plane, words),
        uint64_at(known, words),
        int64_at(values, rows),
        int32_at(codes, rows),
    )
    for word in range(words):
        mask = bits[word] & there[word]
        while mask:
            row = np.uint64(word * 64 + trailing_zeros(mask))
            mask &= mask - _ONE
            group = np.uint64(group_of[row])
            out[places[group]] = given[row]
            places[group] += 1


@kernel
def count_by_size(plane: int, known: int, values: int, codes: int, rows: int, bounds: Any, counts: Any) -> None:
    """Add to `counts[group, n]` the known values that n of the ascending bounds are not above."""
    words = (rows + 63) // 64
    bits, there, given, group_of = (
        uint64_at(plane, words),
        uint64_at(known, words),
        int64_at(values, rows),
        int32_at(codes, rows),
    )
    for word in range(words):
        mask = bits[word] & there[word]
        while mask:
            row = word * 64 + trailing_zeros(mask)
            mask &= mask - _ONE
            first, last = 0, bounds.shape[0]
            while first < last:
                middle = (first + last) // 2
                if bounds[middle] <= given[row]:
                    first = middle + 1
                else:
                    last = middle
            counts[group_of[row], first] += 1
