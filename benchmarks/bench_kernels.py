"""Single kernels over a block of 4,096 rows, again and again in compiled code, on one thread.

The figures that count are rows a second (of a comparison: conditions) and bytes read and written a second, next to
what copying takes on this machine: in the first cache, and in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from segmentd.columns.planes import pack, popcount
from segmentd.engine.zones import transition_table, zone_grid
from segmentd.kernels.compiler import BLOCK_ROWS, BLOCK_WORDS
from segmentd.kernels.program import arithmetic, calendar, codes, compare, lookup, opcodes, words

TIMES: Final = 256
"""Blocks in a row without a return to the interpreter, which takes longer than a block does."""
MEMORY_BYTES: Final = 1 << 27
INT64: Final = np.iinfo(np.int64)


@dataclass(frozen=True, slots=True)
class Case:
    """A kernel with its arguments but the outputs, and what the first output has to be."""

    id: str
    kernel: Callable[..., Any]
    arguments: tuple[Any, ...]
    outputs: tuple[Any, ...]
    expected: Any

    @property
    def nbytes(self) -> int:
        """Bytes of the columns, tables and planes that are read and written."""
        return sum(array.nbytes for array in (*self.arguments, *self.outputs) if isinstance(array, np.ndarray))


def _comparisons() -> list[Case]:
    cases = []
    for dtype in (np.float64, np.float32, np.int64, np.int32, np.int16, np.int8):
        values = _numbers(0, 100).astype(dtype)
        kernel, bound = _against_bound(values)
        arguments = (opcodes.AT_LEAST, values, bound, BLOCK_WORDS)
        cases.append(Case(f"compare {values.dtype} with bound", kernel, arguments, _plane(), pack(values >= bound)))
    left, right = _numbers(0, 100) / 3, _numbers(1, 100) / 3
    arguments = (opcodes.LESS, left, right, BLOCK_WORDS)
    cases.append(Case("compare two float64", compare.compare_double_pairs, arguments, _plane(), pack(left < right)))
    return [*cases, *(_codes(bits) for bits in (3, 5, 8))]


def _against_bound(values: Any) -> tuple[Callable[..., Any], int | float]:
    if values.dtype.kind == "i":
        return compare.compare_ints_with_bound, 42
    return compare.compare_doubles_with_bound, 42.0


def _codes(bits: int) -> Case:
    """Codes of so many bits as planes, the lowest first."""
    values = _numbers(bits, 1 << bits)
    planes = np.concatenate([pack((values >> bit) % 2 == 1) for bit in range(bits)])
    bound, operation = (1 << (bits - 1)) + 1, opcodes.CODE_AT_LEAST + bits

    def compare_codes(planes: Any, out: Any) -> None:
        codes.codes_at_least(operation, planes.ctypes.data, bound, out.ctypes.data)

    kernel = numba.njit(compare_codes)
    return Case(f"compare codes of {bits} bits", kernel, (planes,), _plane(), pack(values >= bound))


def _logic() -> list[Case]:
    left, right = pack(_numbers(2, 2) == 0), pack(_numbers(3, 2) == 0)

    def both(left: Any, right: Any, out: Any) -> None:
        words.and_at(left.ctypes.data, right.ctypes.data, out.ctypes.data)

    def copy_and_count(plane: Any, out: Any, count: Any) -> None:
        count[0] = words.copy_and_count_at(plane.ctypes.data, out.ctypes.data)

    def count(plane: Any, count: Any) -> None:
        count[0] = words.count_at(plane.ctypes.data)

    counted = np.zeros(1, np.int64)
    return [
        Case("and", numba.njit(both), (left, right), _plane(), left & right),
        Case("count", numba.njit(count), (left,), (counted,), [popcount(left)]),
        Case("copy and count", numba.njit(copy_and_count), (left,), (*_plane(), counted), left),
    ]


def _arithmetic() -> list[Case]:
    left, right = _numbers(4, 10**9), _numbers(5, 10**9) + 1
    real = left / 3
    failing = (np.empty(BLOCK_ROWS, np.int64), np.empty(BLOCK_WORDS, np.uint64))
    limits = (INT64.min, INT64.max)
    chosen = left % 3 == 0
    select = (pack(chosen), left, right, BLOCK_WORDS)
    rows = BLOCK_ROWS
    return [
        Case("copy int64", arithmetic.copy_values, (left, rows), _values(int), left),
        Case("add int64, checked", arithmetic.add_ints, (left, right, *limits, BLOCK_WORDS), failing, left + right),
        Case("multiply int64, checked", arithmetic.multiply_ints, (left, right, BLOCK_WORDS), failing, left * right),
        Case("divide int64, checked", arithmetic.divide_ints, (left, right, BLOCK_WORDS), failing, left // right),
        Case("divide int64 by a constant", arithmetic.divide_truncated, (left, 12, rows), _values(int), left // 12),
        Case("multiply float64", arithmetic.multiply_doubles, (real, real, rows), _values(float), real * real),
        Case("int64 to float64", arithmetic.ints_to_doubles, (left, rows), _values(float), left.astype(float)),
        Case("minor to major units", arithmetic.minor_to_major, (left, 100.0, rows), _values(float), left / 100),
        Case("choose", arithmetic.select_values, select, _values(int), np.where(chosen, left, right)),
    ]


def _moments() -> list[Case]:
    past, later = _numbers(6, 10**15), _numbers(7, 10**15) + 10**15
    moments = past.astype("datetime64[us]")
    years = moments.astype("datetime64[Y]").astype(np.int64) + 1970
    days = [times.astype("datetime64[us]").astype("datetime64[D]") for times in (past, later)]
    months = [day.astype("datetime64[M]") for day in days]
    whole = (months[1] - months[0]).astype(np.int64) - (days[1] - months[1] < days[0] - months[0])
    transitions, offsets = transition_table("Europe/Prague")
    local = past + offsets[np.searchsorted(transitions, past, side="right") - 1]
    grid = (past, *zone_grid("Europe/Prague"), BLOCK_ROWS)
    pair = (past, later, BLOCK_ROWS)
    return [
        Case("local time", calendar.local_times, grid, _values(int), local),
        Case("year", calendar.calendar_fields, (opcodes.YEAR, past, BLOCK_ROWS), _values(int), years),
        Case("days between", calendar.days_between, pair, _values(int), (days[1] - days[0]).astype(np.int64)),
        Case("months between", calendar.months_between, pair, _values(int), whole),
    ]


def _lookups() -> list[Case]:
    cases = []
    for size in (40, 4_000):
        rows = _numbers(8, size).astype(np.int32)
        flags = (_numbers(9, 2)[:size]).astype(np.uint8)
        arguments = (rows, flags, opcodes.TRUE_BIT, BLOCK_WORDS)
        cases.append(Case(f"look up a bit of {size}", lookup.lookup_bits, arguments, _plane(), pack(flags[rows] == 1)))
    rows, table = _numbers(8, 200).astype(np.int32), _numbers(9, 10**6)[:200]
    cases.append(Case("look up a value", lookup.lookup_values, (rows, table, BLOCK_ROWS), _values(int), table[rows]))
    return cases


def _numbers(seed: int, end: int) -> Any:
    return np.random.default_rng(seed).integers(0, end, BLOCK_ROWS)


def _plane() -> tuple[Any, ...]:
    return (np.empty(BLOCK_WORDS, np.uint64),)


def _values(dtype: type) -> tuple[Any, ...]:
    return (np.empty(BLOCK_ROWS, dtype),)


CASES: Final = [*_comparisons(), *_logic(), *_arithmetic(), *_moments(), *_lookups()]


def _repeated(kernel: Callable[..., Any]) -> Callable[..., Any]:
    def run(times: int, arguments: tuple[Any, ...]) -> None:
        for _ in range(times):
            kernel(*arguments)

    repeated: Callable[..., Any] = numba.njit(run)
    return repeated


@pytest.fixture(scope="session")
def copy_gb_s() -> float:
    """Bytes read and written a second, in GB, when one thread copies what no cache holds; best of five."""
    source, target = np.ones(MEMORY_BYTES, np.uint8), np.zeros(MEMORY_BYTES, np.uint8)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - start)
    return 2 * MEMORY_BYTES / min(times) / 1e9


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest, copy_gb_s: float) -> Iterator[list[str]]:
    """Lines of a table that is printed at the end."""
    lines: list[str] = []
    yield lines
    if not lines:
        return
    head = f"{'kernel':<28} {'G rows/s':>9} {'GB/s':>8} {'of the copy':>12}"
    copied = f"one thread copies {copy_gb_s:.1f} GB/s in memory, read and written"
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("", copied, head, *lines, sep="\n")


@pytest.mark.benchmark(group="kernels, 256 blocks of 4,096 rows")
@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_kernel(benchmark: BenchmarkFixture, case: Case, copy_gb_s: float, figures: list[str]) -> None:
    """The kernel's result is NumPy's."""
    arguments = (*case.arguments, *case.outputs)
    case.kernel(*arguments)
    np.testing.assert_array_equal(case.outputs[0], case.expected)
    repeated = _repeated(case.kernel)
    repeated(1, arguments)
    benchmark(repeated, TIMES, arguments)
    if benchmark.stats is None:  # benchmarks are switched off
        return
    blocks_s = TIMES / benchmark.stats.stats.min
    rows_s, gb_s = blocks_s * BLOCK_ROWS, blocks_s * case.nbytes / 1e9
    benchmark.extra_info |= {"rows": TIMES * BLOCK_ROWS, "rows_s": rows_s, "gb_s": gb_s, "copy_gb_s": copy_gb_s}
    figures.append(f"{case.id:<28} {rows_s / 1e9:>9.2f} {gb_s:>8.1f} {gb_s / copy_gb_s:>11.1f}x")
