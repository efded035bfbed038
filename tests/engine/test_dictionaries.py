"""Batches of a stream mostly have the same small dictionaries: what was worked out for the first serves the others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from segmentd.columns.column import Batch, TextColumn
from segmentd.engine import Engine
from segmentd.engine.text.dictionaries import MAX_BYTES, MAX_KEPT, Dictionaries
from segmentd.engine.text.distinct import Distinct
from segmentd.engine.text.tabulation import Evaluators
from segmentd.language import Environment
from segmentd.plan import compile_program
from segmentd.schema import STRING, AttributeSpec, Schema, Subject

CODES = np.zeros(4, np.int32)


def distinct(*texts: str) -> Distinct:
    """A column of these texts, newly made."""
    return Distinct(CODES, pa.array(texts, pa.string()), missing=True)


def test_equal_dictionaries_become_one() -> None:
    """The second of two equal dictionaries is the first one, also where it is a part of a larger array."""
    kept = Dictionaries()
    first = kept.known(distinct("a", "b"))
    assert kept.known(distinct("a", "b")).values is first.values
    part = Distinct(CODES, pa.array(["x", "a", "b"]).slice(1), missing=True)
    assert kept.known(part).values is first.values
    assert kept.known(distinct("ab", "")).values is not first.values
    assert kept.known(distinct("a", "b", "c")).values is not first.values


def test_no_more_than_so_many_are_kept() -> None:
    """The least recently seen goes first, and large ones are not kept at all."""
    kept = Dictionaries()
    first = kept.known(distinct("first"))
    for number in range(MAX_KEPT):
        kept.known(distinct(str(number)))
    assert kept.known(distinct("first")).values is not first.values
    large = kept.known(distinct("x" * (MAX_BYTES + 1)))
    assert kept.known(distinct("x" * (MAX_BYTES + 1))).values is not large.values


def test_the_runtime_is_asked_once_for_equal_dictionaries(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second batch with an equal dictionary is answered without the official runtime."""
    schema = Schema(Subject.CUSTOMER, (AttributeSpec("city", STRING),))
    tree = Environment(schema).compile("customer.city.lowerAscii() < 'city5'").tree
    program = compile_program(["s"], [], {"s": tree}, schema)
    asked: list[int] = []
    evaluate = Evaluators.evaluate

    def noted(self: Evaluators, *arguments: object) -> list[object]:
        asked.append(1)
        return evaluate(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Evaluators, "evaluate", noted)
    for codes, members in (([0, 1, 2, 3], 1), ([1, 1, 2, 0], 2)):
        column = TextColumn(np.array(codes, np.int32), pa.array(["City7", "CITY3", "city9"]))
        answer = engine.evaluate(program, Batch(4, {"city": column}), 0, planes=False)
        assert answer.member_counts.tolist() == [members]
    assert len(asked) == 1
