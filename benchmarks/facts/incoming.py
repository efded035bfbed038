"""Transactions that come into a ledger, a thousand at a time: new ones, and corrections of those that are there."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.facts.history import CATEGORIES, DAY_US, SEED, History
from benchmarks.facts.ledger import CATEGORY_NAMES, DIGITS, transaction_ids
from benchmarks.facts.question import END_DAY
from segmentd.cli.bank_facts import numbered

BATCH_ROWS: Final = 1_000
RECENT_DAYS: Final = 3
"""What comes happened in so many days before the end of the history."""


class Incoming:
    """Draws batches for a ledger whose transactions have the ids 0 to `rows` - 1, the history's again and again.

    `rows` and `total`: how many transactions the ledger has after all that was drawn, and the sum of their amounts.
    """

    def __init__(self, history: History, copies: int, streamed: int) -> None:
        self._history = history
        self._random = np.random.Generator(np.random.PCG64(SEED + 1))
        self._corrected = self._random.permutation(len(history.time) * copies)
        self.streamed: Final = streamed
        self.rows = copies * len(history.time)
        self.total = copies * int(history.amount.sum())

    def new(self, rows: int = BATCH_ROWS) -> pa.Table:
        """New transactions."""
        ids = self.rows + np.arange(rows)
        amounts = self._amounts(rows)
        self.rows += rows
        self.total += int(amounts.sum())
        return self._table(ids, self._random.integers(0, self._history.accounts, rows), amounts)

    def upsert(self) -> pa.Table:
        """As many corrections, each of another transaction, as new ones: the same account, another amount and time."""
        half = BATCH_ROWS // 2
        ids, self._corrected = self._corrected[:half], self._corrected[half:]
        rows, amounts = ids % len(self._history.time), self._amounts(half)
        # No old amount is drawn again: theirs lie around 0, far below.
        amounts += 10**9
        self.total += int(amounts.sum() - self._history.amount[rows].sum())
        corrected = self._table(ids, self._history.account[rows].astype(np.int64), amounts)
        return pa.concat_tables([corrected, self.new(BATCH_ROWS - half)]).combine_chunks()

    def _amounts(self, rows: int) -> npt.NDArray[np.int64]:
        return self._random.integers(-50_000, 50_000, rows)

    def _table(
        self, ids: npt.NDArray[np.int64], accounts: npt.NDArray[np.int64], amounts: npt.NDArray[np.int64]
    ) -> pa.Table:
        times = END_DAY * DAY_US - self._random.integers(1, RECENT_DAYS * DAY_US, len(ids))
        codes = self._random.integers(0, CATEGORIES, len(ids)).astype(np.int8)
        return pa.table(
            {
                "id": transaction_ids(ids),
                "account": numbered("A", accounts, DIGITS),
                "booking_time": pa.array(times).cast(pa.timestamp("us", "UTC")),
                "amount": amounts,
                "balance_after": amounts,
                "category": pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(CATEGORY_NAMES)),
            }
        )
