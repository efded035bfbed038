"""The typed tree means what the checked text means: both are evaluated by the official runtime, and compared."""

from __future__ import annotations

from typing import Final

import pytest

from segmentd.language import Environment
from segmentd.language.runtime import SubtreeEvaluator, Unknown
from segmentd.language.tree import Value
from tests.language.operations import USES
from tests.language.reference import reference_environment
from tests.language.schemas import GIVEN, SCHEMA

NOW_US: Final = 1_700_000_000_123_456

Row = dict[str, Value]

ANNA: Final[Row] = {
    "vip": True, "age": 30, "visits": 7, "income": 3000.0, "balance": 12_345, "fee": 5, "country": "SK", "name": "Anna",
    "opened": 1_582_934_400_000_000, "born": 631_148_400_000_000, "tags": ("a", "b"),
}  # fmt: skip
EDGES: Final[list[Row]] = [
    {**ANNA, "age": 2**63 - 1, "income": float("inf"), "country": "12", "name": "\0ně 😀n", "tags": ("", "\0")},
    {**ANNA, "age": -(2**63), "income": -0.0, "country": "true", "name": "", "tags": (), "vip": False},
    {**ANNA, "age": 0, "income": 9.3e18, "country": "1e3", "opened": -62_135_596_800_000_000},
    {**ANNA, "age": 18, "income": 3000.5, "country": "CZ", "opened": 253_402_300_799_999_999},
    {"opened": 0, "born": 0, "visits": 0},
]
"""The last misses everything but moments, which in the checked tree read 1970 where they are missing."""


@pytest.mark.parametrize("overload", sorted(set(USES) - {"decimal_to_double"}))
def test_tree_means_the_text(overload: str) -> None:
    """For every supported operation, tree and text have one value for every row; unknown counts as one."""
    environment, reference = Environment(SCHEMA), reference_environment(SCHEMA)
    compiled = environment.compile(USES[overload], result=None)
    official = reference.deserialize(compiled.checked)
    inputs = tuple(spec.id for spec in GIVEN)
    evaluator = SubtreeEvaluator(compiled.tree, inputs, SCHEMA.time_zone)
    for row in [ANNA, *EDGES]:
        values = tuple(row.get(attribute_id, () if attribute_id == "tags" else None) for attribute_id in inputs)
        expected = official.evaluate(reference.message(row), NOW_US)
        assert [repr(expected)] == [repr(value) for value in evaluator.evaluate([values], NOW_US)], row


def test_rows_reach_every_answer() -> None:
    """The rows make operations true, false, unknown, and values of every kind, so that the comparison has teeth."""
    environment, reference = Environment(SCHEMA), reference_environment(SCHEMA)
    answers: list[object] = []
    for text in USES.values():
        expression = reference.deserialize(environment.compile(text, result=None).checked)
        answers += [expression.evaluate(reference.message(row), NOW_US) for row in [ANNA, *EDGES]]
    assert {type(answer) for answer in answers} == {bool, int, float, str, tuple, Unknown}
    assert {True, False, Unknown.UNKNOWN} <= set(answers)
