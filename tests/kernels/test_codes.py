"""Codes say in which range a value lies, and are compared with every bound as whole numbers are."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from segmentd.columns.planes import pack, unpack
from segmentd.kernels.program import opcodes
from segmentd.kernels.program.codes import codes_at_least, encode_classes, encode_values

ROWS = 4_096 * 2 + 77
ELEMENTS = {
    "<f8": opcodes.FLOAT64,
    "<f4": opcodes.FLOAT32,
    "<i8": opcodes.INT64,
    "<i4": opcodes.INT32,
    "<i2": opcodes.INT16,
    "|i1": opcodes.INT8,
}
BLOCKS = -(-ROWS // 4_096)


def decoded(planes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The codes of all rows, as whole numbers."""
    codes = np.zeros(BLOCKS * 4_096, np.int64)
    for bit in range(planes.shape[1]):
        codes |= unpack(np.ascontiguousarray(planes[:, bit]).reshape(-1), len(codes)).astype(np.int64) << bit
    return codes


@pytest.mark.parametrize("dtype", ["<f8", "<f4", "<i8", "<i4", "<i2", "|i1"])
@pytest.mark.parametrize("cut_count", [1, 2, 3, 7, 8, 100])
def test_a_value_has_the_code_of_its_range(dtype: str, cut_count: int) -> None:
    """Every value's code is the number of cuts that it is at least, counted on; missing rows have 0, NaN its own."""
    random = np.random.default_rng(cut_count)
    values = random.integers(-100, 100, ROWS).astype(dtype)
    cuts: list[int | float] = sorted(random.choice(np.arange(-99, 100), cut_count, replace=False).tolist())
    is_double = dtype[1] == "f"
    edges = np.array([-math.inf, math.inf, math.nan, -0.0] if is_double else [np.iinfo(dtype).min, np.iinfo(dtype).max])
    values[: len(edges)] = edges.astype(dtype)
    present = random.random(ROWS) < 0.7
    present[: len(edges)] = True
    validity = pack(present)
    levels = cut_count.bit_length()
    filled = [*cuts, *[math.inf if is_double else 2**63 - 1] * ((1 << levels) - 1 - cut_count)]
    ints = np.array([0] if is_double else filled, np.int64)
    doubles = np.array(filled if is_double else [0.0], np.float64)
    planes = np.full((BLOCKS, 7, 64), 12345, np.uint64)
    for first, end in ((1, BLOCKS), (0, 1)):
        address = values.ctypes.data, ELEMENTS[dtype], values.itemsize, validity.ctypes.data
        encode_values(*address, ROWS, ints, doubles, cut_count, levels, 2, first, end, planes)
    expected = np.array(
        [0 if not there else 1 if value != value else 2 + sum(value >= cut for cut in cuts)
         for value, there in zip(values.tolist(), present.tolist(), strict=True)]
    )  # fmt: skip
    codes = decoded(planes)
    assert (codes[:ROWS] == expected).all()
    assert not codes[ROWS:].any()


@pytest.mark.parametrize("bits", range(1, 17))
def test_codes_of_every_width_are_compared_with_odd_bounds(bits: int) -> None:
    """A row is in the plane exactly if its code is at least the bound."""
    random = np.random.default_rng(bits)
    codes = random.integers(0, 1 << bits, ROWS)
    planes = np.zeros((BLOCKS, bits, 64), np.uint64)
    encode_classes(np.arange(1 << bits), codes.astype(np.int32), 0, BLOCKS, planes)
    assert (decoded(planes)[:ROWS] == codes).all()
    bounds = range(1, 1 << bits, 2) if bits < 7 else (1, 3, (1 << bits) - 1, *(random.integers(0, 1 << bits, 20) | 1))
    out = np.zeros(64, np.uint64)
    for bound in bounds:
        codes_at_least(opcodes.CODE_AT_LEAST + bits, planes[0].ctypes.data, int(bound), out.ctypes.data)
        assert (unpack(out, 4_096) == (codes[:4_096] >= bound)).all()


def test_cuts_at_the_ends_of_the_numbers() -> None:
    """The largest and the smallest numbers can be cuts, and are told from their neighbours."""
    values = np.array([-(2**63), -(2**63) + 1, 0, 2**63 - 2, 2**63 - 1], np.int64)
    cuts = np.array([-(2**63), -(2**63) + 1, 2**63 - 1], np.int64)
    planes = np.zeros((1, 3, 64), np.uint64)
    encode_values(values.ctypes.data, opcodes.INT64, 8, 0, 5, cuts, np.zeros(1), 3, 2, 0, 0, 1, planes)
    words = [int(planes[0, bit, 0]) for bit in range(3)]
    assert [sum(((word >> row) & 1) << bit for bit, word in enumerate(words)) for row in range(5)] == [1, 2, 2, 2, 3]
