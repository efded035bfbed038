"""Balances by segment, where it is known who is in which: beside Polars and DuckDB with a boolean a segment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
from rich.console import Console

from benchmarks.comparison import WrongAnswerError, ratio_of
from benchmarks.rounds import Spread, take_turns
from benchmarks.targets.judged import in_ms
from benchmarks.wire.figures import Figure, Target
from segmentd.columns.planes import ones, pack, zeros
from segmentd.engine import Engine
from segmentd.engine.facts.groups import Balances, summarise_codes, summarise_planes
from segmentd.scoring.balances.figures import Rows, fill_orders, no_orders, standard_deviation

SEGMENTS: Final = 100
ORDERED: Final = range(5, SEGMENTS, 10)
"""Segments of which medians are taken, small and large."""

KINDS: Final = 6
ROUNDS: Final = 5
SEED: Final = 2031
SCALE: Final = 2

Answer = npt.NDArray[np.float64]
"""A row a group: four figures by segment, or median and deviation by segment and kind."""


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """Customers with a balance in cents and a kind, and who is in which segment: from 1 in 100 to all but one."""

    balances: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int32]
    members: npt.NDArray[np.bool_]

    @classmethod
    def draw(cls, rows: int) -> Bank:
        """A bank of so many customers."""
        dice = np.random.default_rng(SEED)
        shares = (np.arange(SEGMENTS) + 1) / (SEGMENTS + 1)
        standing = dice.permutation(rows) / rows
        members = np.array([(standing + place / SEGMENTS) % 1 < share for place, share in enumerate(shares)])
        balances = dice.integers(-(10**6), 10**9, rows)
        return cls(balances, dice.integers(0, KINDS, rows).astype(np.int32), members)

    @property
    def columns(self) -> dict[str, Any]:
        """A column each."""
        named = {f"s{place}": each for place, each in enumerate(self.members)}
        return {"balance": self.balances, "kind": self.kinds, **named}


def measure(rows: int, threads: int, progress: Console) -> Iterator[Figure]:
    """Both targets. Raises WrongAnswerError."""
    progress.print(f"balances of {rows:,} customers by segment")
    bank = Bank.draw(rows)
    with Engine(threads) as engine:
        ours = _Ours(bank, engine)
        peers: Mapping[str, _Polars | _DuckDb] = {"Polars": _Polars(bank), "DuckDB": _DuckDb(bank, threads)}
        what = f"count, sum, min, max of {SEGMENTS} segments, {rows:,} customers"
        yield _compare(what, ours.sums, {name: peer.sums for name, peer in peers.items()}, Target("≥", 5))
        what = f"median and deviation of {len(ORDERED)} segments by kind, {rows:,} customers"
        yield _compare(what, ours.orders, {name: peer.orders for name, peer in peers.items()}, Target("≥", 3))


class _Ours:
    def __init__(self, bank: Bank, engine: Engine) -> None:
        rows = len(bank.balances)
        self._balances = Balances(bank.balances, ones(rows), zeros(rows))
        self._planes = np.array([pack(each) for each in bank.members])
        self._kinds, self._run = bank.kinds, engine.run_tasks

    def sums(self) -> Answer:
        found = summarise_planes(self._planes, self._balances, self._run)
        return np.array([found.counts, found.sums, found.least, found.greatest], np.float64).T

    def orders(self) -> Answer:
        planes = self._planes[list(ORDERED)]
        found = summarise_codes(planes, self._kinds, KINDS, self._balances, self._run, squares=True)
        orders, tasks = no_orders(len(found.counts), ()), []
        for place, plane in enumerate(planes):
            first = place * KINDS
            rows = Rows(plane, self._kinds, found.counts[first : first + KINDS], self._balances)
            tasks.append(partial(fill_orders, rows, first, orders, lambda: False))
        self._run(tasks)
        deviations = [
            standard_deviation(int(count), found.total(group), found.square_total(group), SCALE)
            for group, count in enumerate(found.counts)
        ]
        return np.array([orders.medians, deviations], np.float64).T


class _Polars:
    def __init__(self, bank: Bank) -> None:
        self._frame = pl.DataFrame(bank.columns)

    def sums(self) -> Answer:
        asked = []
        for place in range(SEGMENTS):
            inside = pl.col("balance").filter(pl.col(f"s{place}"))
            figures = (inside.len(), inside.sum(), inside.min(), inside.max())
            asked += [figure.alias(f"{place}/{number}") for number, figure in enumerate(figures)]
        return np.array(self._frame.lazy().select(asked).collect().row(0), np.float64).reshape(-1, 4)

    def orders(self) -> Answer:
        figures = pl.col("balance").median(), (pl.col("balance").std() / 10**SCALE).alias("deviation")
        frame = self._frame.lazy()
        asked = [frame.filter(f"s{place}").group_by("kind").agg(figures).sort("kind") for place in ORDERED]
        return np.concatenate([each.select("balance", "deviation").to_numpy() for each in pl.collect_all(asked)])


class _DuckDb:
    def __init__(self, bank: Bank, threads: int) -> None:
        self._base = duckdb.connect(config={"threads": threads})
        self._base.register("given", pl.DataFrame(bank.columns).to_arrow())
        self._base.execute("CREATE TABLE bank AS SELECT * FROM given")
        self._base.unregister("given")

    def sums(self) -> Answer:
        figures = "count(*), sum(balance), min(balance), max(balance)"
        # A query each: 400 filtered aggregates in one take many times as long.
        asked = (f"SELECT {figures} FROM bank WHERE s{place}" for place in range(SEGMENTS))
        return np.array([self._base.execute(each).fetchone() for each in asked], np.float64)

    def orders(self) -> Answer:
        figures = f"median(balance), stddev_samp(balance) / {10**SCALE}"
        asked = (f"SELECT {figures} FROM bank WHERE s{place} GROUP BY kind ORDER BY kind" for place in ORDERED)
        return np.array([row for each in asked for row in self._base.execute(each).fetchall()], np.float64)


def _compare(
    what: str, ours: Callable[[], Answer], theirs: Mapping[str, Callable[[], Answer]], target: Target
) -> Figure:
    expected = ours()
    for name, ask in theirs.items():
        if not np.allclose(ask(), expected, rtol=1e-9, atol=0.5):
            raise WrongAnswerError(f"{name}, {what}: another answer")
    taken = take_turns({"ours": ours} | dict(theirs), ROUNDS)
    best = min(theirs, key=lambda name: float(np.median(taken[name])))
    return Figure(
        what,
        "ms",
        in_ms(Spread.of(taken["ours"])),
        ratio_of(taken[best], taken["ours"]),
        "×",
        peer=best,
        theirs=in_ms(Spread.of(taken[best])),
        target=target,
    )
