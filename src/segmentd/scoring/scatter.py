"""Values of some rows as values of more rows: the others have none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine import ComputedValues
from segmentd.engine.members.cutting import spread_planes
from segmentd.schema import Kind

Rows = npt.NDArray[np.int64]


def spread_computed(computed: ComputedValues, rows: Rows, total: int) -> ComputedValues:
    """Row `rows[i]` of `total` has what row `i` had; every other row is missing, and not unknown."""
    planes = np.stack([computed.present, computed.unknown])[:, : -(-len(rows) // 64)]
    present, unknown = spread_planes(planes, rows, total)
    return replace(computed, values=_spread_values(computed, rows, total), present=present, unknown=unknown)


def _spread_values(computed: ComputedValues, rows: Rows, total: int) -> object:
    if computed.type.kind in (Kind.STRING, Kind.LIST):
        places = np.full(total, -1, dtype=np.int64)
        places[rows] = np.arange(len(rows))
        return computed.values.take(pa.array(places, mask=places < 0))
    values = np.zeros(total, dtype=computed.values.dtype)
    values[rows] = computed.values[: len(rows)]
    return values
