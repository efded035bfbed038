"""What every peer of the facts' benchmark can do, and how its rows become arrays by account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.facts.history import CATEGORIES
from benchmarks.facts.question import MONTHS, Question

Answer = npt.NDArray[np.int64]
Ask = Callable[[], object]
Columns = Mapping[str, npt.NDArray[Any]]


class Peer(Protocol):
    """An engine with the facts in it. A way to ask has a name."""

    name: str

    def native(self, question: Question) -> Mapping[str, Ask]:
        """From the transactions as they came."""

    def prepared(self, question: Question) -> Mapping[str, Ask]:
        """From what was kept beside them, as we keep them by account and time."""

    def read(self, question: Question, found: object) -> Answer:
        """The answer in what a way gave, by account."""

    def close(self) -> None:
        """Give back memory."""


def dense_sums(columns: Columns, accounts: int) -> Answer:
    """`total` by `account`; 0 for accounts that are not there."""
    sums = np.zeros(accounts, np.int64)
    sums[columns["account"]] = columns["total"]
    return sums


def dense_months(columns: Columns, accounts: int) -> Answer:
    """`total` by `account`, `month` and `category`."""
    sums = np.zeros((accounts, MONTHS, CATEGORIES), np.int64)
    sums[columns["account"], columns["month"], columns["category"]] = columns["total"]
    return sums
