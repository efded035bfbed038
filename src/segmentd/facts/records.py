"""Batches of records as they were checked, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import Batch
from segmentd.facts.kinds import RecordKind

RowNumbers = npt.NDArray[np.int64]
Said = npt.NDArray[np.bool_]
"""Which records say a field."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row of a batch was not written. `row` counts from 0 in the batch as it was sent."""

    row: int
    field: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class RecordBatch:
    """Records of one kind whose values are right by themselves; whether what they refer to is known, is not yet.

    `records` has an id a row, made where the client gave none, and the columns that the client gave; `rows` says
    which row of the client's batch each record is. An id may occur more than once: the last one counts. `scales`: the
    digits after the point of amounts that came in major units, by field; the amounts of others are minor units of the
    account's currency. `rejected` are rows that are not in `records`, `deletions` ids to delete after the records
    are written. `said`: by field, which records say it; all do of a field that is not in it. A record that the ledger
    has keeps what it has of a field that is not said, and a new one gets what stands in the column.
    """

    kind: RecordKind
    records: Batch
    rows: RowNumbers
    scales: Mapping[str, int] = field(default_factory=dict)
    rejected: tuple[Rejection, ...] = ()
    deletions: pa.StringArray = field(default_factory=lambda: pa.array([], pa.string()))
    said: Mapping[str, Said] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.records.ids is None or len(self.rows) != self.records.rows:
            raise ValueError("records have ids, and are rows of a batch")
        for name, said in self.said.items():
            if name not in self.records.columns or len(said) != self.records.rows:
                raise ValueError(f"what is said of {name!r} is not of a column of the records")


@dataclass(frozen=True, slots=True)
class Erased:
    """What went with customers who were deleted: their ids, those of accounts that nobody else owned, numbers of facts.

    `shared_accounts`: how many accounts stay with their other owners.
    """

    customers: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    shared_accounts: int = 0
    transactions: int = 0
    balances: int = 0
    engagements: int = 0


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What was written of a batch: numbers of records, and the rows that were rejected, by row.

    `version`: the data version that has the batch in it. `repeated`: the batch had been written before. `erased`: what
    went with customers, which is not kept with the outcome.
    """

    version: int
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: tuple[Rejection, ...] = ()
    repeated: bool = False
    erased: Erased | None = field(default=None, compare=False)
