"""`isUnder`: a category and all that it includes, engine and official runtime alike."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from segmentd.columns.arrow import batch_from_arrow
from segmentd.columns.planes import unpack
from segmentd.engine import Engine
from segmentd.language import Environment
from segmentd.language.runtime import UNKNOWN, SubtreeEvaluator
from segmentd.plan import compile_program
from segmentd.schema import STRING, AttributeSpec, Schema, Subject

SCHEMA = Schema(Subject.TRANSACTION, (AttributeSpec("category", STRING), AttributeSpec("parent", STRING)))

PATHS = ["INCOME", "INCOME/SALARY", "INCOME/SALARY/BONUS", "INCOMES", "INCOME/", "income/SALARY", "A/INCOME", "", "/"]
MANY = [*PATHS, "INCOME/\0", *(f"{path}{number}" for number in range(60) for path in PATHS)]
"""As many distinct texts as are looked at at once instead of one by one."""


def is_below(category: str, parent: str) -> bool:
    """The definition: the parts of the parent are the first parts of the category."""
    parts, wanted = category.split("/"), parent.split("/")
    return parts[: len(wanted)] == wanted


@pytest.mark.parametrize("parent", ["INCOME", "INCOME/SALARY", "A", ""])
@pytest.mark.parametrize("categories", [PATHS, MANY], ids=["few", "many"])
def test_a_parent_includes_its_children(parent: str, categories: list[str]) -> None:
    """It holds for the path itself and those that go on after it; for a missing category it is unknown."""
    tree = Environment(SCHEMA).compile(f"transaction.category.isUnder('{parent}')").tree
    batch = batch_from_arrow(pa.table({"category": [*categories, None]}), SCHEMA)
    with Engine(1) as engine:
        evaluation = engine.evaluate(compile_program(["s"], [], {"s": tree}, SCHEMA), batch, 0, planes=True)
    assert evaluation.members is not None
    assert evaluation.unknowns is not None
    members = unpack(np.ascontiguousarray(evaluation.members[0]), batch.rows)
    unknown = unpack(np.ascontiguousarray(evaluation.unknowns[0]), batch.rows)
    assert members.tolist() == [*(is_below(category, parent) for category in categories), False]
    assert unknown.tolist() == [False] * len(categories) + [True]
    official = SubtreeEvaluator(tree, ("category",), "UTC").evaluate([(each,) for each in (*categories, None)])
    assert official == [*members.tolist()[:-1], UNKNOWN]


def test_a_parent_may_be_a_field() -> None:
    """What is under what may differ from row to row."""
    tree = Environment(SCHEMA).compile("transaction.category.isUnder(transaction.parent)").tree
    rows = [("A/B", "A"), ("A/B", "B"), ("A", "A/B"), ("A", "A"), (None, "A"), ("A", None)]
    official = SubtreeEvaluator(tree, ("category", "parent"), "UTC").evaluate(rows)
    assert official == [True, False, False, True, UNKNOWN, UNKNOWN]
