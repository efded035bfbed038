"""Which facts of an owner lie in a window: the accounts that count, and a range of rows of each.

An *owner* is a customer or an account; a *pair* is an owner with one of the places where its facts lie: of a customer,
one of the accounts. `offsets[owners + 1]`: the pairs of owner i are `offsets[i]` to before `offsets[i + 1]`, in the
order of the accounts' slots. `starts` and `stops`, by pair, are rows of facts that are sorted by place and time.
"""

from __future__ import annotations

from typing import Any

from segmentd.kernels.compiler import inline_kernel, kernel

LEAST = -(2**63)
"""Stands for a day that is not known, and for the start of all time."""
NEVER = 2**63 - 1

NO_ACCOUNT, ACCOUNT, UNKNOWN_ACCOUNT = 0, 1, 2
"""Whether an account counts: no, yes, it is not known."""


@kernel
def select_accounts(
    owners: Any,
    held_offsets: Any,
    held_accounts: Any,
    held_roles: Any,
    wanted_roles: Any,
    verdicts: Any,
    first: int,
    last: int,
    offsets: Any,
    accounts: Any,
    unknown: Any,
) -> None:
    """The accounts that count of each owner from `first` to before `last`, ascending and each once.

    `offsets[owner + 1]` says how many they are, those of owners before it among them. `owners` are customers' slots,
    one that holdings lack has no account. `wanted_roles[roles]` and `verdicts[accounts]` say which count;
    `unknown[owner]` is set where that is not known of an account.
    """
    filled = 0
    for owner in range(first, last):
        slot = owners[owner]
        begin = filled
        if 0 <= slot < held_offsets.shape[0] - 1:
            for held in range(held_offsets[slot], held_offsets[slot + 1]):
                account = held_accounts[held]
                if wanted_roles[held_roles[held]] and verdicts[account] != NO_ACCOUNT:
                    if verdicts[account] == UNKNOWN_ACCOUNT:
                        unknown[owner] = 1
                    filled = insert_account(accounts, begin, filled, account)
        offsets[owner + 1] = filled


@inline_kernel
def insert_account(accounts: Any, begin: int, filled: int, account: int) -> int:
    """Put the account in its place among `accounts[begin:filled]`, unless it is there; the new end."""
    place = filled
    while place > begin and accounts[place - 1] > account:
        place -= 1
    if place > begin and accounts[place - 1] == account:
        return filled
    for moved in range(filled, place, -1):
        accounts[moved] = accounts[moved - 1]
    accounts[place] = account
    return filled + 1


@inline_kernel
def lower_bound(times: Any, start: int, stop: int, moment: int) -> int:
    """The first row of `start` to before `stop` at the moment or later; `stop` where there is none."""
    rows = stop - start
    while rows > 1:  # without a branch on times, which nobody can foresee
        half = rows >> 1
        start += half if times[start + half - 1] < moment else 0
        rows -= half
    return start + (rows == 1 and times[start] < moment)


@kernel
def find_bounds(
    offsets: Any, places: Any, item_offsets: Any, times: Any, moments: Any, first: int, last: int, bounds: Any
) -> None:
    """The first row of each pair at each moment or later, `bounds[moments, pairs]`; `moments` ascend.

    `places[pairs]` are places of `item_offsets`. Windows of many aggregates are found in one pass over the times.
    """
    for pair in range(offsets[first], offsets[last]):
        row, end = item_offsets[places[pair]], item_offsets[places[pair] + 1]
        for number in range(moments.shape[0]):
            moment = moments[number]
            if row < end and times[row] < moment:
                row = end if times[end - 1] < moment else lower_bound(times, row, end, moment)
            bounds[number, pair] = row


@kernel
def mark_uncovered(
    offsets: Any,
    starts: Any,
    stops: Any,
    places: Any,
    item_offsets: Any,
    opened: Any,
    from_us: int,
    first: int,
    last: int,
    unknown: Any,
) -> None:
    """Set `unknown` of owners with a pair that was opened before a window and has no row before it.

    `opened[pairs]` are moments, LEAST where none is known.
    """
    for owner in range(first, last):
        for pair in range(offsets[owner], offsets[owner + 1]):
            if starts[pair] == item_offsets[places[pair]] and opened[pair] < from_us:
                unknown[owner] = 1


@kernel
def next_changes(
    offsets: Any,
    starts: Any,
    stops: Any,
    places: Any,
    item_offsets: Any,
    times: Any,
    entering_us: int,
    sliding_us: int,
    first: int,
    last: int,
    moments: Any,
) -> None:
    """The moment from which a fact more, or less, is in the window of an owner; NEVER where time changes nothing.

    A fact enters when its time has come, if that is before `entering_us`; it leaves `sliding_us` and a microsecond
    after its time, never where that is negative.
    """
    for owner in range(first, last):
        moment = NEVER
        for pair in range(offsets[owner], offsets[owner + 1]):
            start, stop = starts[pair], stops[pair]
            if stop < item_offsets[places[pair] + 1] and times[stop] < entering_us:
                moment = min(moment, times[stop])
            if sliding_us >= 0 and start < stop:
                moment = min(moment, times[start] + sliding_us + 1)
        moments[owner] = moment
