"""Cancelled evaluations: they end without waiting for what others have handed in before them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from segmentd.columns.column import Batch, FixedColumn
from segmentd.engine import Engine, EvaluationCancelledError
from segmentd.language import Environment
from segmentd.plan import Program, compile_program
from segmentd.schema import INT64, AttributeSpec, Schema, Subject

SCHEMA = Schema(Subject.CUSTOMER, (AttributeSpec("n", INT64, required=True),))
ROWS = 400_000


def program(conditions: int) -> Program:
    """A segment of so many conditions that each divide."""
    text = " || ".join(f"customer.n % {divisor} == {divisor - 1}" for divisor in range(3, conditions + 3))
    return compile_program(["s"], [], {"s": Environment(SCHEMA).compile(text).tree}, SCHEMA)


def test_a_cancelled_evaluation_does_not_wait_for_others() -> None:
    """While another evaluation keeps the only thread, one that is cancelled in the queue returns at once."""
    batch = Batch(ROWS, {"n": FixedColumn(INT64, np.arange(ROWS, dtype=np.int64))})
    ended = threading.Event()
    with Engine(1) as engine, ThreadPoolExecutor(1) as caller:
        begun = threading.Event()

        def noticed() -> bool:
            begun.set()
            return ended.is_set()

        long = caller.submit(engine.evaluate, program(400), batch, 0, planes=False, cancelled=noticed)
        assert begun.wait(30)
        with pytest.raises(EvaluationCancelledError):
            engine.evaluate(program(1), batch, 0, planes=False, cancelled=lambda: True)
        assert not long.done()
        ended.set()
        with pytest.raises(EvaluationCancelledError):
            long.result(30)
