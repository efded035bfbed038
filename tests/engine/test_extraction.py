"""Members taken out of planes are those that NumPy and Arrow take by a boolean array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns.planes import pack
from segmentd.engine import Engine
from segmentd.engine.members.extraction import PART_ROWS, rows_of, take_numbers, take_texts

ROWS = (0, 1, 7, 8, 63, 64, 65, 127, 130, 4_095, 4_096, 4_097)
DENSITIES = (0.0, 0.01, 0.3, 0.95, 1.0)


def drawn(rows: int, density: float, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Random truth values, so many of them true, with runs of both kinds in between."""
    random = np.random.default_rng([rows, seed])
    bools = random.random(rows) < density
    if rows > 1_000:
        bools[100:400], bools[500:900] = True, False
    return bools


def texts(rows: int, lengths: Sequence[int]) -> pa.StringArray:
    """Texts whose lengths in characters go round, with characters of several bytes."""
    return pa.array([f"{row}č€" * lengths[row % len(lengths)] for row in range(rows)], pa.string())


@given(st.sampled_from(ROWS), st.sampled_from(DENSITIES), st.integers(0, 9), st.sampled_from([0, 1, 63, 2**32 - 5_000]))
def test_rows(rows: int, density: float, seed: int, first_row: int) -> None:
    """The rows of the ones ascend, counted from the plane's first row, up to the last 32-bit number."""
    bools = drawn(rows, density, seed)
    found = rows_of(pack(bools), first_row)
    assert found.dtype == np.uint32
    assert found.tolist() == [first_row + row for row in range(rows) if bools[row]]


def test_a_plane_may_be_a_column_of_words() -> None:
    """Words that do not follow each other in memory are read as the plane that they are."""
    bools = drawn(4_097, 0.3)
    words = np.stack([pack(bools), ~pack(bools)], axis=1)
    assert rows_of(words[:, 0]).tolist() == np.flatnonzero(bools).tolist()


@given(
    st.sampled_from(ROWS),
    st.sampled_from(DENSITIES),
    st.sampled_from(["<i8", "<f8", "<u8", "<i4", "<f4", "<u4"]),
    st.integers(0, 9),
)
def test_numbers(rows: int, density: float, dtype: str, seed: int) -> None:
    """The bits of the members' values are kept, whatever they mean, from arrays that cannot be written."""
    bools = drawn(rows, density, seed)
    values = np.frombuffer(np.random.default_rng(seed).bytes(rows * np.dtype(dtype).itemsize), dtype)
    assert take_numbers(pack(bools), values).tobytes() == values[bools].tobytes()


@pytest.mark.parametrize("values", [np.zeros(64, np.int16), np.zeros(128, np.int64)[::2]], ids=["narrow", "apart"])
def test_other_values_are_refused(values: Any) -> None:
    """Values of two bytes, or with gaps between them, would be misread."""
    with pytest.raises(ValueError, match="of 4 or 8 bytes that follow each other"):
        take_numbers(pack(np.ones(64, np.bool_)), values)


@given(
    st.sampled_from(ROWS),
    st.sampled_from(DENSITIES),
    st.sampled_from([(0,), (1,), (0, 1, 2, 3, 4), (1, 1, 1, 50), (300,)]),
    st.integers(0, 200),
)
def test_texts(rows: int, density: float, lengths: tuple[int, ...], skipped: int) -> None:
    """Texts are Arrow's own selection: empty and long ones, and those of a slice that begins anywhere."""
    bools = drawn(rows, density)
    ids = texts(rows + skipped, lengths).slice(skipped, rows)
    taken = take_texts(pack(bools), ids)
    taken.validate(full=True)
    assert taken.equals(ids.filter(pa.array(bools)))


def test_texts_of_an_array_without_buffers() -> None:
    """An empty array, whose buffers Arrow leaves out, has no members."""
    assert take_texts(pack(np.zeros(0, np.bool_)), pa.array([], pa.string())).to_pylist() == []
    assert take_texts(pack(np.ones(2, np.bool_)), pa.array(["", ""], pa.string())).to_pylist() == ["", ""]


@pytest.mark.parametrize("rows", [PART_ROWS, PART_ROWS + 1, 3 * PART_ROWS - 63])
@pytest.mark.parametrize("density", [0.02, 0.6, 1.0])
def test_several_threads_give_the_same(rows: int, density: float) -> None:
    """Parts meet without a gap, and no thread writes into what is another's."""
    bools = drawn(rows, density)
    bools[2 * PART_ROWS - 200 : 2 * PART_ROWS + 200] = True
    plane, values = pack(bools), np.arange(rows, dtype=np.int64) << 20
    ids = pa.array(np.arange(rows)).cast(pa.string())
    with ThreadPoolExecutor(3) as pool:

        def run(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
            return [future.result() for future in [pool.submit(task) for task in tasks]]

        for _ in range(3):
            np.testing.assert_array_equal(rows_of(plane, run=run), np.flatnonzero(bools))
            np.testing.assert_array_equal(take_numbers(plane, values, run=run), values[bools])
            assert take_texts(plane, ids, run=run).equals(ids.filter(pa.array(bools)))


def test_an_engine_lends_its_threads() -> None:
    """The tasks of an extraction run on the engine's threads, and their results come in order; an error is raised."""
    with Engine(2) as engine:
        assert engine.run_tasks([partial(int, number) for number in range(20)]) == list(range(20))
        assert engine.run_tasks([]) == []
        plane = pack(drawn(2 * PART_ROWS + 5, 0.3))
        np.testing.assert_array_equal(rows_of(plane, run=engine.run_tasks), rows_of(plane))
        with pytest.raises(ZeroDivisionError):
            engine.run_tasks([lambda: 1, lambda: 1 // 0])
