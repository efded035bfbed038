"""What is little work runs on the calling thread, and nothing else does."""

from __future__ import annotations

import pytest

from segmentd.engine.running import INLINE_STEPS, is_brief, steps_of
from segmentd.language import Environment
from segmentd.plan import Program, compile_program
from segmentd.schema import BOOL, INT64, STRING, TIMESTAMP, AttributeSpec, Schema, Subject

FLAGS = [f"flag{number}" for number in range(40)]
SCHEMA = Schema(
    Subject.CUSTOMER,
    (
        AttributeSpec("n", INT64),
        AttributeSpec("city", STRING),
        AttributeSpec("seen", TIMESTAMP),
        *(AttributeSpec(name, BOOL) for name in FLAGS),
    ),
)
ON_VALUES = {
    "arithmetic": "customer.n % 7 == 3",
    "calendar": 'customer.seen.getMonth("Europe/Prague") == 3',
    "look-up": 'customer.city.startsWith("B")',
}


def program(conditions: list[str]) -> Program:
    """A segment a condition."""
    trees = {f"s{number}": Environment(SCHEMA).compile(text).tree for number, text in enumerate(conditions)}
    return compile_program(list(trees), [], trees, SCHEMA)


def test_logic_on_planes_is_brief() -> None:
    """Of truth values an instruction is a step, and so many blocks of them are not shared."""
    logic = program([f"customer.{name}" for name in FLAGS])
    assert steps_of(logic) == len(logic.instructions)
    assert is_brief(logic, INLINE_STEPS // len(logic.instructions))
    assert not is_brief(logic, INLINE_STEPS // len(logic.instructions) + 1)


@pytest.mark.parametrize("condition", ON_VALUES.values(), ids=ON_VALUES)
def test_work_on_values_is_not_brief(condition: str) -> None:
    """What takes each row's value by itself counts for many steps: as many blocks as of logic are shared."""
    values = program([condition])
    assert steps_of(values) >= len(values.instructions) + 19
    assert not is_brief(values, INLINE_STEPS // len(values.instructions))
