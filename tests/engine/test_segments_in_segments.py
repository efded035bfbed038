"""Segments that refer to each other: evaluated once each, unknown handed on, inactive ones false."""

from __future__ import annotations

import numpy as np

from segmentd.columns.arrow import batch_from_arrow
from segmentd.engine import Engine
from segmentd.language import Environment
from segmentd.plan import compile_program
from segmentd.schema import INT64, AttributeSpec, Schema, Subject
from tests.oracle.judge import Judge
from tests.oracle.populations import plain
from tests.oracle.subjects import Row

SCHEMA = Schema(Subject.CUSTOMER, (AttributeSpec("n", INT64),))
ROWS: list[Row] = [{"n": 5}, {"n": -5}, {"n": None}]


def member(segment: str) -> str:
    """The condition that asks for membership in a segment."""
    return f'"{segment}" in customer.segments'


def test_five_deep(engine: Engine) -> None:
    """A chain of five references hands truth and unknown up, through negation and back."""
    chain: dict[str, str | None] = {"s0": "customer.n > 0"}
    for level in range(1, 6):
        chain[f"s{level}"] = f"!({member(f's{level - 1}')})"
    found = Judge(engine, SCHEMA, ROWS).together(chain)
    assert found["s4"] == [True, False, None]
    assert found["s5"] == [False, True, None]


def test_a_diamond(engine: Engine) -> None:
    """Two segments on one third, joined again: unknown is absorbed only where logic says so."""
    found = Judge(engine, SCHEMA, ROWS).together(
        {
            "base": "customer.n > 0",
            "left": f"{member('base')} && has(customer.n)",
            "right": f"{member('base')} || !has(customer.n)",
            "top": f"{member('left')} || {member('right')}",
        }
    )
    assert found == {
        "base": [True, False, None],
        "left": [True, False, False],
        "right": [True, False, True],
        "top": [True, False, True],
    }


def test_an_inactive_segment_stops_unknown(engine: Engine) -> None:
    """A reference to an inactive segment is false, whatever its expression would have said."""
    found = Judge(engine, SCHEMA, ROWS).together(
        {"off": None, "any": f"{member('off')} || customer.n > 0", "none": f"{member('off')} && customer.n > 0"}
    )
    assert found["off"] == [False, False, False]
    assert found["any"] == [True, False, None]
    assert found["none"] == [False, False, False]


def test_segments_need_not_be_asked_to_be_read(engine: Engine) -> None:
    """A segment that is only referred to is evaluated, but not answered."""
    environment = Environment(SCHEMA)
    trees = {
        "base": environment.compile("customer.n > 0").tree,
        "top": environment.compile(f"!({member('base')})").tree,
    }
    program = compile_program(("top",), (), trees, SCHEMA)
    batch = batch_from_arrow(plain(SCHEMA, ROWS).table(np.arange(3)), SCHEMA)
    evaluation = engine.evaluate(program, batch, 0, planes=False)
    assert program.segments == ("top",)
    assert evaluation.members is None
    assert list(evaluation.member_counts) == [1]
    assert list(evaluation.unknown_counts) == [1]
