"""Polars: expressions over a frame in memory, by both of its engines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final, Literal

import polars as pl

from benchmarks.facts.history import History
from benchmarks.facts.peer import Answer, Ask, dense_months, dense_sums
from benchmarks.facts.question import END_DAY, MONTH_STARTS, START_DAY, Question

ENGINES: Final[tuple[Literal["in-memory", "streaming"], ...]] = ("in-memory", "streaming")


class PolarsFacts:
    """Frames with the transactions as they came, and by account with how long each balance held."""

    name = "Polars"

    def __init__(self, history: History, _threads: int) -> None:
        self._facts = pl.DataFrame(history.to_arrow()).rechunk()
        self._held = _followed(self._facts.lazy().sort("account", "time")).collect().rechunk()
        self._held = self._held.with_columns(pl.col("account").set_sorted())
        self._accounts = history.accounts

    def native(self, question: Question) -> Mapping[str, Ask]:
        """From the transactions as they came."""
        facts = self._facts.lazy()
        if question is Question.MONTHLY_SUMS:
            return _ways("group by", _monthly(facts))
        # Neighbours after a sort are cheaper than a window function over groups.
        return _ways("sort and shift", _balances(_followed(facts.sort("account", "time", maintain_order=False)))) | (
            _ways("stable sort and shift", _balances(_followed(facts.sort("account", maintain_order=True))))
        )

    def prepared(self, question: Question) -> Mapping[str, Ask]:
        """From what was kept beside them."""
        if question is Question.DAILY_BALANCE:
            return _ways("valid-to column", _balances(self._held.lazy()))
        return _ways("by account", _monthly(self._held.lazy()))

    def read(self, question: Question, found: object) -> Answer:
        """The answer by account."""
        assert isinstance(found, pl.DataFrame)
        columns = {name: found[name].to_numpy() for name in found.columns}
        return (dense_sums if question is Question.DAILY_BALANCE else dense_months)(columns, self._accounts)

    def close(self) -> None:
        """Let the frames go."""
        del self._facts, self._held


def _ways(name: str, query: pl.LazyFrame) -> dict[str, Ask]:
    return {f"{name}, {engine}": partial(query.collect, engine=engine) for engine in ENGINES}


def _followed(ordered: pl.LazyFrame) -> pl.LazyFrame:
    """With the day on which the account's next transaction is."""
    same = pl.col("account") == pl.col("account").shift(-1)
    return ordered.with_columns(next=pl.when(same).then(pl.col("day").shift(-1)).otherwise(END_DAY))


def _balances(followed: pl.LazyFrame) -> pl.LazyFrame:
    days = pl.min_horizontal("next", pl.lit(END_DAY)) - pl.max_horizontal("day", pl.lit(START_DAY))
    inside = (pl.col("next") > START_DAY) & (pl.col("day") < END_DAY)
    return followed.filter(inside).group_by("account").agg(total=(pl.col("balance") * days).sum())


def _monthly(facts: pl.LazyFrame) -> pl.LazyFrame:
    day = pl.col("day").cast(pl.Date)
    month = (day.dt.year().cast(pl.Int16) - 2025) * 12 + day.dt.month() - 1
    inside = (pl.col("day") >= int(MONTH_STARTS[0])) & (pl.col("day") < int(MONTH_STARTS[-1]))
    return facts.filter(inside).group_by("account", month.alias("month"), "category").agg(total=pl.col("amount").sum())
