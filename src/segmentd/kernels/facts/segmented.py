"""What is so of each owner's items: truths of items, a bit each, folded to a truth or a number of every owner.

Owner i has the items `rows[offsets[i]]` to before `rows[offsets[i + 1]]`, places in planes of the items: one of the
items for which something is true, one of those for which it is unknown. Arrays come by their addresses. A kernel writes
whole words of 64 owners, from `first` on, a multiple of 64, so that threads can share the output.
"""

from __future__ import annotations

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.lanes import int64_at, uint64_at

EXISTS, ALL, EXISTS_ONE = 0, 1, 2
"""Quantifiers: some item, every item, exactly one."""

_ONE = np.uint64(1)
_NONE = np.int64(0)


@inline_kernel
def _bit(plane: int, item: int) -> np.int64:
    """The bit of an item in a plane at an address."""
    word = uint64_at(plane + 8 * (item >> 6), 1)[0]
    return np.int64((word >> np.uint64(item & 63)) & _ONE)


@inline_kernel
def _is_decided(quantifier: int, items: int, trues: np.int64, unknowns: np.int64) -> bool:
    """One true item decides that some is, one false item that not every one is; nothing else wins over unknown."""
    if unknowns == 0:
        return True
    if quantifier == EXISTS:
        return bool(trues > 0)
    return bool(quantifier == ALL and trues + unknowns < items)


@inline_kernel
def _is_fulfilled(quantifier: int, items: int, trues: np.int64) -> bool:
    if quantifier == EXISTS:
        return bool(trues > 0)
    return bool(trues == items) if quantifier == ALL else bool(trues == 1)


@kernel
def fold_truths(
    quantifier: int,
    offsets: int,
    rows: int,
    planes: tuple[int, int],
    first: int,
    stop: int,
    out: tuple[int, int],
) -> None:
    """The planes `out` of the owners `first` to `stop` that fulfil a quantifier, and of those that it is known of.

    `planes`: of items, true and unknown.
    """
    trues, unknowns = planes
    ends = int64_at(offsets, stop + 1)
    items = int64_at(rows, ends[stop])
    for start in range(first, stop, 64):
        fulfilled, known = np.uint64(0), np.uint64(0)
        for owner in range(start, min(start + 64, stop)):
            true_count, unknown_count = _NONE, _NONE
            for place in range(ends[owner], ends[owner + 1]):
                true_count += _bit(trues, items[place])
                unknown_count += _bit(unknowns, items[place])
            count, mask = ends[owner + 1] - ends[owner], _ONE << np.uint64(owner - start)
            if _is_decided(quantifier, count, true_count, unknown_count):
                known |= mask
                if _is_fulfilled(quantifier, count, true_count):
                    fulfilled |= mask
        uint64_at(out[0] + start // 8, 1)[0] = fulfilled
        uint64_at(out[1] + start // 8, 1)[0] = known


@kernel
def fold_counts(offsets: int, rows: int, planes: tuple[int, int], first: int, stop: int, out: tuple[int, int]) -> None:
    """How many items of each owner are true, int64 at `out[0]`; at `out[1]` the plane of those without unknown ones."""
    trues, unknowns = planes
    ends = int64_at(offsets, stop + 1)
    items = int64_at(rows, ends[stop])
    counts = int64_at(out[0], stop)
    for start in range(first, stop, 64):
        known = np.uint64(0)
        for owner in range(start, min(start + 64, stop)):
            true_count, unknown_count = _NONE, _NONE
            for place in range(ends[owner], ends[owner + 1]):
                true_count += _bit(trues, items[place])
                unknown_count += _bit(unknowns, items[place])
            counts[owner] = true_count
            if unknown_count == 0:
                known |= _ONE << np.uint64(owner - start)
        uint64_at(out[1] + start // 8, 1)[0] = known
