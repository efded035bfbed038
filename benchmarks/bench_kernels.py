"""Single kernels over 65,536 rows, which stay in the second cache, on one thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from segmentd.columns.planes import pack, popcount
from segmentd.engine.zones import transition_table, zone_grid
from segmentd.kernels import arithmetic, calendar, compare, lookup, opcodes, planes

ROWS: Final = 65_536
WORDS: Final = ROWS // 64
EVERY_ROW: Final = ~np.uint64(0)
INT64: Final = np.iinfo(np.int64)


@dataclass(frozen=True, slots=True)
class Case:
    """A kernel with its arguments but the outputs, and what the first output has to be."""

    id: str
    kernel: Callable[..., Any]
    arguments: tuple[Any, ...]
    outputs: tuple[Any, ...]
    expected: Any


def _comparisons() -> list[Case]:
    cases = []
    for dtype in (np.float64, np.float32, np.int64, np.int32, np.int16, np.int8):
        values = _numbers(0, 100).astype(dtype)
        kernel, bound = _against_bound(values)
        arguments = (opcodes.AT_LEAST, values, bound, WORDS)
        cases.append(Case(f"compare {values.dtype} with bound", kernel, arguments, _plane(), pack(values >= bound)))
    left, right = _numbers(0, 100) / 3, _numbers(1, 100) / 3
    arguments = (opcodes.LESS, left, right, WORDS)
    cases.append(Case("compare two float64", compare.compare_double_pairs, arguments, _plane(), pack(left < right)))
    return cases


def _against_bound(values: Any) -> tuple[Callable[..., Any], int | float]:
    if values.dtype.kind == "i":
        return compare.compare_ints_with_bound, 42
    return compare.compare_doubles_with_bound, 42.0


def _logic() -> list[Case]:
    left, right = pack(_numbers(2, 2) == 0), pack(_numbers(3, 2) == 0)
    return [
        Case("and", planes.and_planes, (left, right, WORDS), _plane(), left & right),
        Case("and not", planes.and_not_planes, (left, right, WORDS), _plane(), left & ~right),
        Case("count", planes.count_plane, (left, WORDS, EVERY_ROW), (), popcount(left)),
    ]


def _arithmetic() -> list[Case]:
    left, right = _numbers(4, 10**9), _numbers(5, 10**9) + 1
    real = left / 3
    failing = (np.empty(ROWS, np.int64), np.empty(WORDS, np.uint64))
    limits = (INT64.min, INT64.max)
    return [
        Case("add int64, checked", arithmetic.add_ints, (left, right, *limits, WORDS), failing, left + right),
        Case("multiply int64, checked", arithmetic.multiply_ints, (left, right, WORDS), failing, left * right),
        Case("divide int64, checked", arithmetic.divide_ints, (left, right, WORDS), failing, left // right),
        Case("multiply float64", arithmetic.multiply_doubles, (real, real, ROWS), _values(float), real * real),
        Case("int64 to float64", arithmetic.ints_to_doubles, (left, ROWS), _values(float), left.astype(float)),
    ]


def _moments() -> list[Case]:
    past, later = _numbers(6, 10**15), _numbers(7, 10**15) + 10**15
    years = past.astype("datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970
    days = later.astype("datetime64[us]").astype("datetime64[D]")
    days_between = (days - past.astype("datetime64[us]").astype("datetime64[D]")).astype(np.int64)
    transitions, offsets = transition_table("Europe/Prague")
    local = past + offsets[np.searchsorted(transitions, past, side="right") - 1]
    return [
        Case("local time", calendar.local_times, (past, *zone_grid("Europe/Prague"), ROWS), _values(int), local),
        Case("year", calendar.calendar_fields, (opcodes.YEAR, past, ROWS), _values(int), years),
        Case("days between", calendar.days_between, (past, later, ROWS), _values(int), days_between),
    ]


def _lookups() -> list[Case]:
    codes, table = _numbers(8, 200).astype(np.int32), _numbers(9, 10**6)[:200]
    flags = (table % 2).astype(np.uint8)
    bits = pack(flags[codes] == 1)
    return [
        Case("look up a bit", lookup.lookup_bits, (codes, flags, opcodes.TRUE_BIT, WORDS), _plane(), bits),
        Case("look up a value", lookup.lookup_values, (codes, table, ROWS), _values(int), table[codes]),
    ]


def _numbers(seed: int, end: int) -> Any:
    return np.random.default_rng(seed).integers(0, end, ROWS)


def _plane() -> tuple[Any, ...]:
    return (np.empty(WORDS, np.uint64),)


def _values(dtype: type) -> tuple[Any, ...]:
    return (np.empty(ROWS, dtype),)


CASES: Final = [*_comparisons(), *_logic(), *_arithmetic(), *_moments(), *_lookups()]


@pytest.mark.benchmark(group="kernels, 65,536 rows")
@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_kernel(benchmark: BenchmarkFixture, case: Case) -> None:
    """The kernel's result is NumPy's."""
    result = case.kernel(*case.arguments, *case.outputs)
    np.testing.assert_array_equal(case.outputs[0] if case.outputs else result, case.expected)
    benchmark.extra_info["rows"] = ROWS
    benchmark(case.kernel, *case.arguments, *case.outputs)
