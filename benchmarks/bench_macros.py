"""Macros over accounts: what a segment that asks about them takes, the first time, again, and for a few customers."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from segmentd.columns.column import Batch, FixedColumn, ItemsOf, TextColumn
from segmentd.columns.gather import gather
from segmentd.engine import Engine
from segmentd.language import Environment
from segmentd.plan import Program, compile_program
from segmentd.schema import STRING, AttributeSpec, DataType, Kind, Schema, Subject

EUR = DataType(Kind.DECIMAL, 2, "EUR")
KINDS = ("SAVINGS", "CHECKING", "MONEY_MARKET", "LOAN", "CARD")
ACCOUNTS = Schema(Subject.ACCOUNT, (AttributeSpec("kind", STRING), AttributeSpec("balance", EUR)))
CUSTOMERS = Schema(Subject.CUSTOMER, (AttributeSpec("floor", EUR),))
TEXTS = {
    "item": "customer.accounts.exists(a, a.kind == 'SAVINGS' && a.balance > 100)",
    "count": "customer.accounts.filter(a, a.balance > 100).size() > 1",
    "owner": "customer.accounts.exists(a, a.balance > customer.floor)",
}


@dataclass(frozen=True, slots=True)
class Bank:
    """Customers, two accounts for each on the average, and who is in which segment by NumPy."""

    customers: Batch
    expected: dict[str, int]


@pytest.fixture(scope="module")
def bank() -> Bank:
    """A million customers, or as many as SEGMENTD_BENCH_ROWS says."""
    rows = int(os.environ.get("SEGMENTD_BENCH_ROWS", "1000000"))
    random = np.random.default_rng(37)
    kinds = random.integers(0, len(KINDS), 2 * rows).astype(np.int32)
    balances, floors = random.integers(-1_000, 10**6, 2 * rows), random.integers(0, 10**6, rows)
    sizes = random.multinomial(2 * rows, np.full(rows, 1 / rows))
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    places = random.permutation(2 * rows).astype(np.int64)
    accounts = Batch(2 * rows, {"kind": TextColumn(kinds, pa.array(KINDS)), "balance": FixedColumn(EUR, balances)})
    items = {"accounts": ItemsOf(offsets, places, accounts)}
    owners = np.repeat(np.arange(rows), sizes)

    def counted(fulfilled: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        return np.bincount(owners, fulfilled, rows).astype(np.int64)

    held = balances[places]
    expected = {
        "item": counted((kinds[places] == 0) & (held > 100_00)) > 0,
        "count": counted(held > 100_00) > 1,
        "owner": counted(held > floors[owners]) > 0,
    }
    customers = Batch(rows, {"floor": FixedColumn(EUR, floors)}, items=items)
    return Bank(customers, {name: int(members.sum()) for name, members in expected.items()})


def program_of(name: str) -> Program:
    """The program of one segment."""
    tree = Environment(CUSTOMERS, {"accounts": ACCOUNTS}).compile(TEXTS[name]).tree
    return compile_program([name], [], {name: tree}, CUSTOMERS)


def check(engine: Engine, program: Program, bank: Bank) -> None:
    """As many members as NumPy finds."""
    counts = engine.evaluate(program, bank.customers, 0, planes=False).member_counts
    assert counts.tolist() == [bank.expected[program.segments[0]]]


@pytest.mark.benchmark(group="macros, accounts that are new")
@pytest.mark.parametrize("name", TEXTS)
def test_first(benchmark: BenchmarkFixture, engine: Engine, bank: Bank, name: str) -> None:
    """The predicate over all accounts, the fold, and the segment: nothing is kept of these accounts yet."""
    program = program_of(name)
    check(engine, program, bank)
    held = bank.customers.items["accounts"]

    def fresh() -> tuple[tuple[Program, Batch, int], dict[str, bool]]:
        again = ItemsOf(held.offsets, held.rows, held.batch)
        return (program, replace(bank.customers, items={"accounts": again}), 0), {"planes": True}

    benchmark.pedantic(engine.evaluate, setup=fresh, rounds=20, warmup_rounds=2)  # type: ignore[no-untyped-call]


@pytest.mark.benchmark(group="macros, accounts that were asked about")
@pytest.mark.parametrize("name", TEXTS)
def test_again(benchmark: BenchmarkFixture, engine: Engine, bank: Bank, name: str) -> None:
    """The segment alone: the fold is kept."""
    program = program_of(name)
    check(engine, program, bank)
    benchmark(engine.evaluate, program, bank.customers, 0, planes=True)


@pytest.mark.benchmark(group="macros, ten customers")
@pytest.mark.parametrize("name", TEXTS)
def test_few(benchmark: BenchmarkFixture, engine: Engine, bank: Bank, name: str) -> None:
    """Ten customers by their rows: they, and their accounts, are gathered first."""
    program = program_of(name)
    check(engine, program, bank)
    rows = np.arange(10, dtype=np.int64) * (bank.customers.rows // 10)
    wanted = program.wanted & (bank.customers.columns.keys() | bank.customers.items.keys())
    benchmark(lambda: engine.evaluate(program, gather(bank.customers, rows, wanted), 0, planes=True))
