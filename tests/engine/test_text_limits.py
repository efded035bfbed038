"""Text work is bounded: long texts, texts that grow, and spans short enough to be cancelled in between."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from segmentd.columns.column import Batch, TextColumn
from segmentd.engine import Engine, Evaluation, EvaluationCancelledError
from segmentd.engine.errors import TextLimitError
from segmentd.engine.text.spans import byte_sizes, pattern_weight, spans
from segmentd.language import Environment
from segmentd.plan import compile_program
from segmentd.schema import STRING, AttributeSpec, Schema, Subject

SCHEMA = Schema(Subject.CUSTOMER, (AttributeSpec("note", STRING),))


class Patience:
    """Says that a call is cancelled after it was asked so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> bool:
        """Whether patience is at its end."""
        self.left -= 1
        return self.left < 0


def evaluate(engine: Engine, expression: str, notes: list[str], patience: Patience | None = None) -> Evaluation:
    """The segment of this expression over customers with these notes."""
    tree = Environment(SCHEMA).compile(expression).tree
    program = compile_program(["s"], [], {"s": tree}, SCHEMA)
    batch = Batch(len(notes), {"note": TextColumn(np.arange(len(notes), dtype=np.int32), pa.array(notes))})
    return engine.evaluate(program, batch, 0, planes=True, cancelled=patience)


@pytest.mark.parametrize("expression", ["customer.note.trim() == 'x'", "customer.note.matches('^a')"])
@pytest.mark.parametrize("others", [0, 300])
def test_a_text_that_is_too_long_is_refused(engine: Engine, expression: str, others: int) -> None:
    """65,536 bytes are taken and one more is not, by the runtime and by Arrow alike, with size and attribute named."""
    short = [f"n{number}" for number in range(others)]
    assert evaluate(engine, expression, [*short, "a" * 65_536]).rows == others + 1
    with pytest.raises(TextLimitError, match="note") as refused:
        evaluate(engine, expression, [*short, "a" * 65_537])
    assert refused.value.metadata == {"attributes": "note", "size_bytes": "65537", "limit_bytes": "65536"}


def test_operations_that_look_at_a_text_once_take_long_ones(engine: Engine) -> None:
    """Over large dictionaries Arrow compares texts of any length."""
    notes = [f"n{number}" for number in range(300)]
    assert evaluate(engine, "customer.note.startsWith('aa')", [*notes, "a" * 100_000]).member_counts[0] == 1


def test_a_text_that_could_grow_too_long_is_refused(engine: Engine) -> None:
    """Replacing each letter by the whole text squares its length."""
    squared = "customer.note.replace('a', customer.note).size() > 3"
    assert evaluate(engine, squared, ["a" * 1_000]).member_counts[0] == 1
    with pytest.raises(TextLimitError, match="could make"):
        evaluate(engine, squared, ["a", "a" * 2_000])


def test_regular_expressions_are_cancelled_between_spans(engine: Engine) -> None:
    """A costly pattern over a large dictionary asks often enough; a thousand texts of 4,000 bytes are many spans."""
    notes = [f"{number}" + "ab" * 2_000 for number in range(1_000)]
    patience = Patience(20)
    with pytest.raises(EvaluationCancelledError):
        evaluate(engine, "customer.note.matches('(a|b)*a(a|b){400}c')", notes, patience)
    assert patience.left == -1


def test_what_the_runtime_evaluates_is_cancelled_between_spans(engine: Engine) -> None:
    """Ten thousand distinct texts are some twenty spans."""
    patience = Patience(5)
    with pytest.raises(EvaluationCancelledError):
        evaluate(engine, "customer.note.reverse() == 'x'", [str(number) for number in range(10_000)], patience)
    assert patience.left == -1


def test_spans_cover_every_row_once() -> None:
    """By rows, by bytes, and a row at least, however large it is."""
    sizes = np.array([5, 5 << 22, 1, 1, 1, 0, 0], np.int64)
    assert list(spans(sizes, 3, 1)) == [(0, 1), (1, 2), (2, 5), (5, 7)]
    assert list(spans(np.zeros(0, np.int64), 3, 1)) == []


def test_sizes_are_bytes() -> None:
    """Of UTF-8; of a list all its texts and one for each."""
    assert byte_sizes(pa.array(["é", "", "abc"])).tolist() == [2, 0, 3]
    assert byte_sizes(pa.array([["é", "a"], [], [""]])).tolist() == [5, 0, 1]


@pytest.mark.parametrize(
    ("expression", "weight"),
    [
        ("customer.note == 'abc'", 1),
        ("customer.note.matches('^abc')", 4),
        ("customer.note.matches('(a{10}){3,5}')", 600),
    ],
)
def test_patterns_weigh_what_they_repeat(expression: str, weight: int) -> None:
    """The length of a pattern times its repetitions; other operations weigh 1."""
    assert pattern_weight(Environment(SCHEMA).compile(expression).tree) == weight
