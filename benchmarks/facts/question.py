"""What is asked of the facts, and the right answers, computed plainly."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np

from benchmarks.facts.history import CATEGORIES, DAYS, FIRST_DAY, History, Integers

WINDOW_DAYS: Final = 90
END_DAY: Final = FIRST_DAY + DAYS
"""The day after the last."""
START_DAY: Final = END_DAY - WINDOW_DAYS

MONTHS: Final = 12
MONTH_STARTS: Final = np.arange("2025-01", "2026-02", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int64)
"""Where each of the twelve months begins, and where the last ends, in days since 1970."""


class Question(StrEnum):
    """Each is answered for every account, by its number."""

    DAILY_BALANCE = "average daily balance over 90 days"
    MONTHLY_SUMS = "12 monthly sums by category"


def expected(question: Question, history: History) -> Integers:
    """`[accounts]` sums of the balances at the ends of the days, or `[accounts, months, categories]` sums."""
    return _daily_balances(history) if question is Question.DAILY_BALANCE else _monthly_sums(history)


def _daily_balances(history: History) -> Integers:
    ordered = history.by_account()
    day = ordered.day.astype(np.int64)
    last = np.append(ordered.account[1:] != ordered.account[:-1], True)
    until = np.where(last, END_DAY, np.append(day[1:], 0))
    days = np.clip(until, START_DAY, END_DAY) - np.clip(day, START_DAY, END_DAY)
    sums = np.zeros(history.accounts, np.int64)
    np.add.at(sums, ordered.account, ordered.balance * days)
    return sums


def _monthly_sums(history: History) -> Integers:
    month = np.searchsorted(MONTH_STARTS, history.day, side="right") - 1
    inside = (month >= 0) & (month < MONTHS)
    cells = (history.account.astype(np.int64) * MONTHS + month) * CATEGORIES + history.category
    sums = np.zeros(history.accounts * MONTHS * CATEGORIES, np.int64)
    np.add.at(sums, cells[inside], history.amount[inside])
    return sums.reshape(history.accounts, MONTHS, CATEGORIES)
