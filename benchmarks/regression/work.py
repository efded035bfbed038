"""What is timed in both checkouts. Only what both have is called: newer ways are looked for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from benchmarks.inputs import batch_of_population, program_of
from benchmarks.scenario import Scenario
from benchmarks.scenarios import SCENARIOS
from segmentd.columns.column import Batch
from segmentd.engine import Engine
from segmentd.plan import Program

Work = Callable[[], Any]

THREADS: Final = 2
REQUEST_ROWS: Final = 65_536
RESIDENT: Final = ("bank", "nulls", "text", "money", "nested")
"""Scenarios whose planes are timed over resident columns."""


def resident(scenario: str, rows: int, *, planes: bool) -> Work:
    """All segments of a scenario over resident columns, with codes where the checkout has them."""
    engine = Engine(THREADS)
    asked = SCENARIOS[scenario]()
    program = program_of(asked)
    batch = _coded(engine, batch_of_population(asked, asked.draw(rows)), program)
    return partial(engine.evaluate, program, batch, 0, planes=planes)


def arriving(rows: int) -> Work:
    """The segments of *bank* over raw columns, bound each time."""
    engine, asked = Engine(THREADS), SCENARIOS["bank"]()
    return partial(engine.evaluate, program_of(asked), batch_of_population(asked, asked.draw(rows)), 0, planes=True)


def compiling() -> Work:
    """CEL texts of *campaign* to a program."""
    asked: Scenario = SCENARIOS["campaign"]()
    return partial(program_of, asked)


def _coded(engine: Engine, batch: Batch, program: Program) -> Batch:
    code: Any = getattr(engine, "coded", None)
    wanted: Any = getattr(program, "distinctions", None)
    coded: Batch = batch if code is None or wanted is None else code(batch, wanted)
    return coded


def works(rows: int) -> Mapping[str, Callable[[], Work]]:
    """What can be timed, by name, each made when it is needed; resident columns have so many rows."""
    made: dict[str, Callable[[], Work]] = {
        f"{scenario}, planes": partial(resident, scenario, rows, planes=True) for scenario in RESIDENT
    }
    made["bank, counts"] = partial(resident, "bank", rows, planes=False)
    made["bank, a request's rows"] = partial(arriving, REQUEST_ROWS)
    made["bank, one customer"] = partial(arriving, 1)
    made["campaign, compilation"] = compiling
    return MappingProxyType(made)
