"""Members out of planes: a million of four million customers on one thread, and the bytes of answers that hold them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from segmentd.api.v1 import membership_pb2
from segmentd.columns.planes import pack
from segmentd.engine import warm
from segmentd.engine.members.cutting import count_by_row, cut_planes, spread_planes
from segmentd.engine.members.extraction import rows_of, take_numbers, take_texts
from segmentd.scoring.memberships import Form, membership_parts
from segmentd.scoring.verdicts import Verdicts

ROWS: Final = 4_000_000
SHARE: Final = 0.25
PAGE_ROWS: Final = 65_536
SEGMENTS: Final = 100
ID_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Population:
    """Members as truth values and as a plane; the numbers and texts that stand in the rows."""

    bools: Any
    plane: Any
    numbers: Any
    texts: pa.StringArray


@pytest.fixture(scope="module")
def population() -> Population:
    """Four million customers, a quarter of them members at random; kernels loaded."""
    warm()
    bools = np.random.default_rng(5).random(ROWS) < SHARE
    texts = pa.array(np.arange(10 ** (ID_BYTES - 1), 10 ** (ID_BYTES - 1) + ROWS)).cast(pa.string())
    return Population(bools, pack(bools), np.arange(ROWS) * 7, texts)


@dataclass(frozen=True, slots=True)
class Case:
    """What is taken, what it has to be, and how many bytes a row it reads and a member it writes."""

    id: str
    take: Callable[[Population], Any]
    expected: Callable[[Population], Any]
    bytes_a_row: float
    bytes_a_member: float


CASES: Final = (
    Case("row numbers", lambda of: rows_of(of.plane), lambda of: np.flatnonzero(of.bools), 1 / 8, 4),
    Case("int64 ids", lambda of: take_numbers(of.plane, of.numbers), lambda of: of.numbers[of.bools], 8, 8),
    Case(
        "int32 ids",
        lambda of: take_numbers(of.plane, of.numbers.view(np.int32)[:ROWS]),
        lambda of: of.numbers.view(np.int32)[:ROWS][of.bools],
        4,
        4,
    ),
    Case(
        "text ids of 12 bytes",
        lambda of: take_texts(of.plane, of.texts),
        lambda of: of.texts.filter(pa.array(of.bools)),
        4 + ID_BYTES,
        4 + ID_BYTES,
    ),
)


@pytest.mark.benchmark(group="members of 4 million rows, one thread")
@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_members(benchmark: BenchmarkFixture, population: Population, case: Case) -> None:
    """What is taken is what NumPy or Arrow takes by truth values."""
    taken, expected = case.take(population), case.expected(population)
    same = taken.equals(expected) if isinstance(taken, pa.Array) else np.array_equal(taken, expected)
    assert same
    benchmark(case.take, population)
    members = int(population.bools.sum())
    _note(benchmark, ROWS, members, ROWS * case.bytes_a_row + members * case.bytes_a_member)


@pytest.fixture(scope="module")
def verdicts() -> Verdicts:
    """A page of 65,536 rows and 100 segments, a fifth of the rows in each, with ids of 12 bytes."""
    warm()
    bits = np.random.default_rng(6).random((SEGMENTS, PAGE_ROWS)) < 0.2
    members = np.packbits(bits, axis=1, bitorder="little").view(np.uint64)
    names = tuple(f"segment-{index}" for index in range(SEGMENTS))
    ids = pa.array(np.arange(10 ** (ID_BYTES - 1), 10 ** (ID_BYTES - 1) + PAGE_ROWS)).cast(pa.string())
    counts, zeros = bits.sum(axis=1), np.zeros(SEGMENTS, np.int64)
    return Verdicts(names, PAGE_ROWS, counts, zeros, members, np.zeros_like(members), 0, ids)


@pytest.mark.benchmark(group="answers of 65,536 rows × 100 segments")
@pytest.mark.parametrize("form", list(Form), ids=lambda form: form.name)
def test_answer(benchmark: BenchmarkFixture, verdicts: Verdicts, form: Form) -> None:
    """The bytes of the message `Memberships` are read by protobuf, with the counts that the planes have."""

    def write() -> bytes:
        return b"".join(membership_parts(verdicts, form, lambda _: None))

    message = membership_pb2.Memberships.FromString(write())
    assert [each.member_count for each in message.segments] == verdicts.member_counts.tolist()
    benchmark(write)
    _note(benchmark, PAGE_ROWS, int(verdicts.member_counts.sum()), message.ByteSize())


PLANE_CASES: Final[tuple[tuple[str, Callable[[Verdicts], Any]], ...]] = (
    ("cut", lambda verdicts: verdicts.cut(5, PAGE_ROWS - 7)),
    ("count by row", lambda verdicts: count_by_row(PAGE_ROWS, *verdicts.known_planes())),
    ("spread", lambda verdicts: spread_planes(verdicts.known_planes()[0], np.arange(PAGE_ROWS)[::-1], PAGE_ROWS)),
)


@pytest.mark.benchmark(group="planes of 65,536 rows × 100 segments")
@pytest.mark.parametrize(("name", "run"), PLANE_CASES, ids=[name for name, _ in PLANE_CASES])
def test_planes(benchmark: BenchmarkFixture, verdicts: Verdicts, name: str, run: Callable[[Verdicts], Any]) -> None:
    """Cut planes count what is between their ends; rows are in as many segments as are members; spreading keeps all."""
    members, _ = verdicts.known_planes()
    total = int(np.bitwise_count(members).sum())
    if name == "cut":
        bits = np.unpackbits(members.view(np.uint8), axis=1, bitorder="little")[:, 5 : PAGE_ROWS - 7]
        assert cut_planes(members, 5, PAGE_ROWS - 7)[1].tolist() == bits.sum(axis=1).tolist()
    else:
        found = run(verdicts)
        assert total == int(found.sum() if name == "count by row" else np.bitwise_count(found).sum())
    benchmark(run, verdicts)
    _note(benchmark, PAGE_ROWS, total, members.nbytes)


def _note(benchmark: BenchmarkFixture, rows: int, members: int, moved_bytes: float) -> None:
    """Rows, members and bytes a second, by the fastest round."""
    seconds = benchmark.stats.stats.min  # type: ignore[union-attr]
    benchmark.extra_info["rows"] = rows
    benchmark.extra_info["million_rows_a_s"] = round(rows / seconds / 1e6)
    benchmark.extra_info["million_members_a_s"] = round(members / seconds / 1e6)
    benchmark.extra_info["gb_a_s"] = round(moved_bytes / seconds / 1e9, 1)
