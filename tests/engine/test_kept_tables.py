"""What was tabulated for a dictionary is kept while it lives, and never given for another one."""

from __future__ import annotations

import gc
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from segmentd.columns.column import Batch, TextColumn
from segmentd.engine import Engine
from segmentd.engine.errors import DistinctLimitError
from segmentd.engine.text.distinct import DistinctTuples, distinct_column, distinct_tuples
from segmentd.engine.text.tabulation import Evaluators, tabulate
from segmentd.engine.text.weak_cache import WeakCache
from segmentd.language import Environment
from segmentd.language.runtime import SubtreeEvaluator
from segmentd.plan import compile_program
from segmentd.plan.sources import ParameterKind, Table
from segmentd.schema import STRING, AttributeSpec, Schema, Subject

SCHEMA = Schema(Subject.CUSTOMER, (AttributeSpec("note", STRING),))


class Owner:
    """Something that can be referred to weakly."""


def table(expression: str) -> Table:
    """The flags of a condition on a text column."""
    return Table(ParameterKind.FLAGS, Environment(SCHEMA).compile(expression).tree, ("note",))


def notes(texts: Sequence[str], codes: Sequence[int] | None = None) -> Batch:
    """Customers with these notes, one each or as the codes say."""
    chosen = np.arange(len(texts)) if codes is None else np.array(codes)
    return Batch(len(chosen), {"note": TextColumn(chosen.astype(np.int32), pa.array(texts, pa.string()))})


def tuples(batch: Batch) -> DistinctTuples:
    """The distinct notes."""
    return distinct_tuples([distinct_column(batch, "note", SCHEMA)])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of rows that the official runtime was asked for, call by call."""
    calls: list[int] = []
    evaluate = SubtreeEvaluator.evaluate

    def counted(self: SubtreeEvaluator, rows: Sequence[tuple[object, ...]], now_us: int | None) -> object:
        calls.append(len(rows))
        return evaluate(self, rows, now_us)  # type: ignore[arg-type]

    monkeypatch.setattr(SubtreeEvaluator, "evaluate", counted)
    return calls


def test_a_condition_is_tabulated_once_a_dictionary(asked: list[int]) -> None:
    """The second time, and for a part of the rows, the runtime is not asked; for another condition it is."""
    evaluators, batch = Evaluators(), notes([f" note {number}" for number in range(200)])
    trimmed, shorter = table("customer.note.trim() == 'note 7'"), table("customer.note.trim().size() < 7")
    first = tabulate(trimmed, tuples(batch), evaluators, zone="UTC")
    assert asked == [201]
    again = tabulate(trimmed, tuples(batch.slice(64, 200)), evaluators, zone="UTC")
    assert asked == [201]
    np.testing.assert_array_equal(again.flags, first.flags)
    assert np.flatnonzero(first.flags == 1).tolist() == [7]
    tabulate(shorter, tuples(batch), evaluators, zone="UTC")
    assert asked == [201, 201]


def test_zones_are_kept_apart(asked: list[int]) -> None:
    """The same condition in another zone is another one."""
    evaluators, batch = Evaluators(), notes(["a", " b"])
    trimmed = table("customer.note.trim() == 'b'")
    for zone in ("UTC", "Asia/Tokyo", "UTC"):
        tabulate(trimmed, tuples(batch), evaluators, zone=zone)
    assert len(asked) == 2


def test_few_rows_take_what_is_kept_for_all(asked: list[int]) -> None:
    """A slice that has few values of a large dictionary is answered from its table, in the slice's own codes."""
    evaluators = Evaluators()
    texts = [f"note {number % 50}" for number in range(1_000)]
    batch = notes(texts, [*range(64), 3, 999, 1_000, 3])
    condition = table("customer.note.substring(5) == '49'")
    alone = tabulate(condition, tuples(batch.slice(64, 68)), evaluators, zone="UTC")
    assert asked == [3]
    everything = notes(texts, range(1_000))
    shared = Batch(68, {"note": TextColumn(batch.columns["note"].codes, everything.columns["note"].dictionary)})  # type: ignore[union-attr]
    tabulate(condition, tuples(everything), evaluators, zone="UTC")
    asked.clear()
    few = tuples(shared.slice(64, 68))
    assert len(few) == 3
    from_all = tabulate(condition, few, evaluators, zone="UTC")
    assert asked == []
    np.testing.assert_array_equal(from_all.flags, alone.flags)
    assert from_all.flags[few.codes].tolist() == [2, 1, 0, 2]


def test_equal_requests_on_new_dictionaries_agree() -> None:
    """Batches come and go, at the same addresses too; each is answered for its own dictionary."""
    program = compile_program(["s"], [], {"s": Environment(SCHEMA).compile("customer.note.contains('7')").tree}, SCHEMA)
    with Engine(1) as engine:
        for start in range(0, 4_000, 400):
            texts = [str(number) for number in range(start, start + 400)]
            found = engine.evaluate(program, notes(texts), 0, planes=False)
            assert found.member_counts[0] == sum("7" in text for text in texts)


def test_vectorised_conditions_have_no_limit_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Arrow answers is bounded by time alone; what the runtime is asked for, by a number of values."""
    monkeypatch.setattr("segmentd.engine.text.tabulation.MAX_DISTINCT", 1_000)
    batch = notes([str(number) for number in range(1_000)])
    vectorised = tabulate(table("customer.note.startsWith('99')"), tuples(batch), Evaluators(), zone="UTC")
    assert np.count_nonzero(vectorised.flags == 1) == 11
    with pytest.raises(DistinctLimitError, match="1001 distinct values"):
        tabulate(table("customer.note.trim() == '99'"), tuples(batch), Evaluators(), zone="UTC")


def test_values_go_with_their_owners() -> None:
    """A value is found for its owners alone, and takes no room once one of them is gone."""
    cache: WeakCache[str] = WeakCache(100)
    first, second = Owner(), Owner()
    cache.keep((first, second), "key", "value", 60)
    assert cache.get((first, second), "key") == "value"
    assert cache.get((second, first), "key") is None
    assert cache.get((first, second), "other") is None
    del second
    gc.collect()
    assert cache.size_bytes == 0


def test_the_least_recently_used_value_makes_room() -> None:
    """Values together take no more than the limit, and one that is larger is not kept."""
    cache: WeakCache[int] = WeakCache(100)
    owner = (Owner(),)
    for key in range(3):
        cache.keep(owner, key, key, 40)
        assert cache.get(owner, 0) == (0 if key < 3 else None)
    assert [cache.get(owner, key) for key in range(3)] == [0, None, 2]
    cache.keep(owner, 3, 3, 101)
    assert cache.get(owner, 3) is None
    cache.keep(owner, 0, 7, 10)
    assert (cache.get(owner, 0), cache.size_bytes) == (7, 50)
