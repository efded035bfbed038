"""Nulls from the official runtime do not use up Python's None."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from segmentd.language import Environment
from segmentd.language.runtime import UNKNOWN, SubtreeEvaluator
from segmentd.schema import STRING, AttributeSpec, Schema, Subject

SCHEMA = Schema(Subject.CUSTOMER, (AttributeSpec("s", STRING),))
NULLS = 200_000


def count_nulls() -> None:
    """Evaluate what is null, and lists that hold null, far oftener than None has references."""
    environment = Environment(SCHEMA)
    before = sys.getrefcount(None)
    for text, expected in (("customer.s", None), ("[customer.s, 'a']", UNKNOWN), ("['a', customer.s][1]", None)):
        evaluator = SubtreeEvaluator(environment.compile(text, result=None).tree, ("s",), "UTC")
        for _ in range(NULLS // 1_000):
            found = evaluator.evaluate([(None,)] * 1_000)
            assert all(value is expected for value in found)
    assert sys.getrefcount(None) > before - 1_000


def test_nulls_cost_nothing() -> None:
    """Hundreds of thousands of nulls later None has as many references as before, and the process lives."""
    run = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import count_nulls; count_nulls()"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
