"""Nothing is compiled when aggregates are computed, whatever facts they are of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROBE = """
import json
from random import Random
from segmentd.engine import Engine
from segmentd.engine.facts.aggregates_sample import aggregate_sample
from segmentd.kernels.facts import aggregates_balances, aggregates_cells, aggregates_daily, aggregates_months
from segmentd.kernels.facts import aggregates_order
from segmentd.kernels.facts import aggregates_ranges, aggregates_rows, aggregates_sums

modules = aggregates_balances, aggregates_cells, aggregates_daily, aggregates_months
modules += aggregates_order, aggregates_ranges, aggregates_rows, aggregates_sums

def is_kept(kernel):
    return hasattr(kernel, "signatures") and kernel._cache.cache_path is not None

def compiled():
    found = [(name, getattr(module, name)) for module in modules for name in dir(module)]
    return {name: len(each.signatures) for name, each in found if is_kept(each)}

aggregate_sample()
before = compiled()

from segmentd.facts.aggregates import AggregateState, Standpoint
from segmentd.ledger.aggregates import Aggregate, Function, Source, TrailingDays, Window
from segmentd.schema import Subject
from tests.facts.aggregates.bank import DAY_US, ArrayView, Maker, changes
from tests.facts.aggregates.questions import Questions

TOGETHER = ["", 'transaction.category == "OTHER"', "transaction.points >= 0 || has(transaction.note)"]

def together(questions):
    for filter_ in TOGETHER:
        for function in (Function.SUM, Function.AVERAGE, Function.COUNT):
            measure = "" if function is Function.COUNT else "amount"
            window = Window(TrailingDays(90))
            given = Aggregate(Source.TRANSACTIONS, function, measure, filter_, window=window)
            yield questions.compile(given, Subject.CUSTOMER)

random, questions, seen = Random(5), Questions("UTC"), set()
with Engine(1) as engine:
    while len(seen) < len(Function):
        maker = Maker(random, 17_600, "UTC")
        view = ArrayView(maker.fill(4, 3, 60).copy())
        asked = [questions.ask(random, Subject.CUSTOMER, 17_600 * DAY_US)[0] for _ in range(8)]
        asked += together(questions)
        seen.update(each.definition.function for each in asked)
        state = AggregateState.start(engine, asked, Standpoint(view, Subject.CUSTOMER, 17_600 * DAY_US, "UTC"))
        maker.change()
        after = ArrayView(maker.bank.copy(), 1)
        after.changes[0] = changes(view.bank, after.bank)
        state.advance(after, 17_601 * DAY_US)

print(json.dumps([before, compiled()]))
"""


def test_a_sample_warms_every_kernel() -> None:
    """After the sample each kernel is compiled once, and every function over every kind of fact compiles none."""
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=False, cwd=root, timeout=110
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    before, after = json.loads(run.stdout.splitlines()[-1])
    assert before == after
    assert set(before.values()) == {1}
    assert len(before) >= 16
