"""Who is in each segment and for whom that is unknown, as planes with their counts: what extraction reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.members.cutting import Counts, Planes
from segmentd.engine.members.extraction import address


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """Members and unknowns of each segment among `rows` rows from `row_start` on.

    The planes are looked at where details need them. `ids` name the rows, or are None.
    """

    segments: tuple[str, ...]
    rows: int
    row_start: int
    member_counts: Counts
    unknown_counts: Counts
    members: Planes
    unknowns: Planes
    ids: pa.StringArray | None


Grew = Callable[[int], None]
"""Is told by how many bytes an answer grows, before they are written; may raise to stop it."""


def set_planes(sets: Sets) -> npt.NDArray[np.int64]:
    """Where the planes of the sets are that have ones: of each segment the members, then the unknowns."""
    counts = np.stack([sets.member_counts, sets.unknown_counts], axis=1)
    planes = np.stack([addresses_of(sets.members), addresses_of(sets.unknowns)], axis=1)
    return planes[counts > 0]


def addresses_of(planes: Planes) -> npt.NDArray[np.int64]:
    """Where each plane is; they are contiguous."""
    return address(planes) + planes.strides[0] * np.arange(len(planes), dtype=np.int64)
