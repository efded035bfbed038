"""What a table notes of writing: what became of records, and what it was when it was published."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from segmentd.engine.facts.rows import Rows
from segmentd.facts.book.field import Field, Pool


@dataclass(slots=True)
class Mark:
    """A table as it was published, and what was killed since."""

    rows: int
    fields: dict[str, Field]
    ids: tuple[int, ...]
    pools: list[tuple[Pool, tuple[int, ...]]]
    noted: int
    killed: list[Rows] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """What became of written records. `changed`: the places, among those given, of new and of changed ones.

    `old`: the row that each of these replaced, -1 where it is new; `rows`: the row that it has now.
    """

    inserted: int
    updated: int
    changed: npt.NDArray[np.int64]
    old: Rows
    rows: Rows
