"""Accounts and what happened on them, as arrays: drawn once, given to every engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Integers = npt.NDArray[np.int64]

DAY_US: Final = 86_400_000_000
FIRST_DAY: Final = 20_089
"""2025-01-01, in days since 1970."""
DAYS: Final = 400
CATEGORIES: Final = 8
KINDS: Final = 4
SEED: Final = 2030


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Transactions in the order of time, as they arrive; the rows of an array belong together.

    `account` 0 to `accounts` - 1; `time` microseconds since 1970; `day` its day in UTC; `amount` and the account's
    `balance` after it in minor units; `category` 0 to `CATEGORIES` - 1.
    """

    accounts: int
    account: npt.NDArray[np.int32]
    time: Integers
    amount: Integers
    balance: Integers
    category: npt.NDArray[np.int8]

    @property
    def day(self) -> npt.NDArray[np.int32]:
        """Days since 1970."""
        return (self.time // DAY_US).astype(np.int32)

    def to_arrow(self) -> pa.Table:
        """A column each, with the day."""
        return pa.table(
            {
                "account": self.account,
                "time": self.time,
                "day": self.day,
                "amount": self.amount,
                "balance": self.balance,
                "category": self.category,
            }
        )

    def by_account(self) -> History:
        """The same transactions by account and time."""
        order = np.argsort(self.account, kind="stable")
        columns = (self.account, self.time, self.amount, self.balance, self.category)
        return History(self.accounts, *(column[order] for column in columns))  # type: ignore[arg-type]


def draw_history(transactions: int, accounts: int) -> History:
    """So many transactions over `DAYS` days; balances follow from amounts and what each account had at first."""
    random = np.random.Generator(np.random.PCG64(SEED))
    account = random.integers(0, accounts, transactions).astype(np.int32)
    time = np.sort(random.integers(0, DAYS * DAY_US, transactions)) + FIRST_DAY * DAY_US
    amount = np.rint(random.normal(0.0, 20_000.0, transactions)).astype(np.int64)
    order = np.argsort(account, kind="stable")
    total = np.cumsum(amount[order])
    first = np.flatnonzero(np.diff(account[order], prepend=-1))
    before = total[first] - amount[order][first]
    opening = random.integers(0, 1_000_000, accounts)
    counts = np.diff(np.append(first, transactions))
    balance = np.empty(transactions, np.int64)
    balance[order] = total - np.repeat(before, counts) + opening[account[order]]
    category = random.integers(0, CATEGORIES, transactions).astype(np.int8)
    return History(accounts, account, time, amount, balance, category)
