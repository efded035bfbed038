"""Batches in which nothing is missing are evaluated without looking for what is, and answered alike."""

from __future__ import annotations

import numpy as np
import pytest

from segmentd.columns.column import Batch, FixedColumn
from segmentd.columns.planes import pack
from segmentd.engine import Engine
from segmentd.engine.binding import COMPLETE_ROWS
from segmentd.language import Environment
from segmentd.plan import Program, compile_program
from segmentd.schema import DOUBLE, STRING, AttributeSpec, Schema, Subject

SCHEMA = Schema(
    Subject.CUSTOMER, (AttributeSpec("a", DOUBLE), AttributeSpec("b", DOUBLE), AttributeSpec("city", STRING))
)


def make_program() -> Program:
    """Two numbers, and a text that no batch has."""
    tree = Environment(SCHEMA).compile("customer.a >= 0.5 || customer.b < 0.1 || customer.city == 'x'").tree
    return compile_program(["s"], [], {"s": tree}, SCHEMA)


@pytest.mark.parametrize(
    ("rows", "missing", "smaller"), [(COMPLETE_ROWS, 0, True), (COMPLETE_ROWS, 1, False), (64, 0, False)]
)
def test_a_complete_batch_takes_fewer_instructions(engine: Engine, rows: int, missing: int, *, smaller: bool) -> None:
    """From so many rows on, and only where every number is there; the answer is what the numbers say."""
    random = np.random.default_rng(rows)
    values = {name: random.random(rows) for name in ("a", "b")}
    present = np.arange(rows) >= missing
    columns = {name: FixedColumn(DOUBLE, each, pack(present) if missing else None) for name, each in values.items()}
    program = make_program()
    bound = engine.bind(program, Batch(rows, columns), 0)
    assert (len(bound.program.instructions) < len(program.instructions)) == smaller
    expected = ((values["a"] >= 0.5) | (values["b"] < 0.1)) & present
    answer = engine.run(bound, 0, rows, planes=False)
    assert answer.member_counts.tolist() == [expected.sum()]
    assert answer.unknown_counts.tolist() == [missing]
