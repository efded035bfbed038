"""Interned texts against a dictionary."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.engine.facts.texts import Words
from segmentd.facts.book.pool import TextPool, bytes_of

SECRETS = np.array([0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3], np.uint64)
WEAK = np.array([3, 5, 7], np.uint64)
"""Words by which short texts all have the hash 0."""
TEXTS = st.one_of(
    st.text(max_size=40), st.sampled_from(("", "a", "a" * 16, "a" * 17, "a" * 32, "a" * 33, "b" * 16, "\0", "\0\0"))
)


def strings(texts: list[str]) -> pa.StringArray:
    """The texts as the middle of a longer array, as slices are."""
    return pa.array(["before", *texts, "after"], pa.string()).slice(1, len(texts))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from((SECRETS, WEAK)), st.lists(st.tuples(st.booleans(), st.lists(TEXTS, max_size=80)), max_size=8))
def test_numbers_are_those_of_a_dictionary(secrets: Words, steps: list[tuple[bool, list[str]]]) -> None:
    """New texts get the next numbers, known ones have theirs, collide or not; what is forgotten can be added anew."""
    pool, numbers = TextPool(secrets), dict[str, int]()
    for is_forgotten, texts in steps:
        mark, before = pool.mark(), dict(numbers)
        for text in texts:
            numbers.setdefault(text, len(numbers))
        assert pool.add_texts(strings(texts)).tolist() == [numbers[text] for text in texts]
        if is_forgotten:
            pool.truncate(mark)
            numbers = before
        every = [*numbers, "not there", *texts]
        assert pool.find(strings(every)).tolist() == [numbers.get(text, -1) for text in every]
        assert pool.view().texts().to_pylist() == list(numbers)


def test_views_do_not_see_what_came_later() -> None:
    """A view finds its own texts and no newer ones, also after the pool grew, forgot them and got others."""
    pool = TextPool(SECRETS)
    pool.add_texts(strings(["a", "b"]))
    view, mark = pool.view(), pool.mark()
    for first in ("c", "d"):
        later = [f"{first}{number}" for number in range(5_000)]
        pool.add_texts(strings(later))
        assert view.find(strings(["b", "a", later[0], later[-1]])).tolist() == [1, 0, -1, -1]
        pool.truncate(mark)
        assert view.find(strings(["b", "a", later[0]])).tolist() == [1, 0, -1]
    assert view.texts().to_pylist() == ["a", "b"]


def test_colliding_places_are_passed_over() -> None:
    """A full table finds every text: searches go on past others' places, from the end to the beginning too."""
    pool = TextPool(SECRETS)
    texts = [str(number) for number in range(54)]
    assert pool.add_texts(strings(texts)).tolist() == list(range(54))
    assert len(_table(pool)) == 64
    assert pool.find(strings(texts)).tolist() == list(range(54))


def test_a_restored_pool_is_the_same() -> None:
    """A pool of another's texts and table finds them, and goes on with new numbers."""
    pool = TextPool(SECRETS)
    pool.add_texts(strings([str(number) for number in range(1_000)]))
    kept = TextPool.restore(pool.view().bytes(), _table(pool), SECRETS)
    assert kept.find(strings(["999", "0", "new"])).tolist() == [999, 0, -1]
    assert kept.add_texts(strings(["new", "7"])).tolist() == [1_000, 7]


def test_secrets_change_places() -> None:
    """Where texts lie depends on the words that a book draws: who does not know them cannot make texts collide."""
    texts = bytes_of(strings([str(number) for number in range(40)]))
    tables = []
    for word in (1, 3):
        pool = TextPool(SECRETS * np.uint64(word))
        pool.add(texts)
        tables.append(_table(pool))
    assert (tables[0] != tables[1]).any()


def _table(pool: TextPool) -> Words:
    return pool.view().table
