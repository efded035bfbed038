"""Values that records had until they were changed, by record and field, as they leave a book and lie in files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import Times
from segmentd.schema import DataType, Kind

OWNERS: Final = "#owners"
"""The field of accounts' owners: lists of a customer's id and the role, by turns."""

Key = tuple[RecordKind, str, DataType]
Gone = Mapping[RecordKind, Mapping[str, int]]
"""Records that were deleted, by id: when. What they were until then is nobody's any more."""

NUMBERS: Final = pa.int64()
TEXTS: Final = pa.string()
LISTS: Final = pa.list_(pa.string())


def stored_as(type_: DataType) -> pa.DataType:
    """What values of a type are kept as: numbers, moments and truth as integers, DOUBLE by its bits."""
    return {Kind.STRING: TEXTS, Kind.LIST: LISTS}.get(type_.kind, NUMBERS)


@dataclass(frozen=True, slots=True, eq=False)
class PastValues:
    """Values of one field, of the records `ids`, null where there was none.

    `until_us`: when each was replaced, ascending; of equal moments the earlier value comes first. `values` are as
    `stored_as` says.
    """

    kind: RecordKind
    name: str
    type: DataType
    ids: pa.StringArray
    until_us: Times
    values: pa.Array

    def __post_init__(self) -> None:
        if not len(self.ids) == len(self.until_us) == len(self.values) or self.values.type != stored_as(self.type):
            raise ValueError(f"{len(self.ids)} ids, {len(self.until_us)} moments and {self.values.type} do not fit")
        if (self.until_us[1:] < self.until_us[:-1]).any():
            raise ValueError("values of the past are in the order in which they were replaced")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def key(self) -> Key:
        """Whose field, which, and its type."""
        return self.kind, self.name, self.type

    def after(self, moment_us: int) -> PastValues:
        """Those that were replaced after a moment."""
        return self._between(int(np.searchsorted(self.until_us, moment_us, "right")), len(self))

    def up_to(self, moment_us: int) -> PastValues:
        """Those that were replaced at a moment or before."""
        return self._between(0, int(np.searchsorted(self.until_us, moment_us, "right")))

    def without(self, gone: Gone) -> PastValues:
        """Without those of records that were deleted since, and without deleted customers among owners."""
        of_mine = gone.get(self.kind, {})
        kept = ~_went(self.ids, self.until_us, of_mine)
        left = self if kept.all() else self.taken(np.flatnonzero(kept))
        customers = gone.get(RecordKind.CUSTOMER, {})
        return _disowned(left, customers) if self.name == OWNERS and customers else left

    def taken(self, places: npt.NDArray[np.integer]) -> PastValues:
        """Some of them, by their places, ascending."""
        taken = pa.array(places)
        return replace(self, ids=self.ids.take(taken), until_us=self.until_us[places], values=self.values.take(taken))

    def _between(self, first: int, end: int) -> PastValues:
        if not first and end == len(self):
            return self
        return replace(self, ids=self.ids[first:end], until_us=self.until_us[first:end], values=self.values[first:end])


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What a book knows of the past that no file has: past values, and who went since the last checkpoint.

    `time_us`: when the last batch was written that the book has.
    """

    time_us: int = 0
    values: tuple[PastValues, ...] = ()
    gone: Gone = field(default_factory=dict)


def joined(parts: Iterable[PastValues]) -> tuple[PastValues, ...]:
    """The same with one part a field; those that come first are the earlier ones."""
    by_key: dict[Key, list[PastValues]] = {}
    for part in parts:
        if len(part):
            by_key.setdefault(part.key, []).append(part)
    return tuple(_concatenated(parts) for parts in by_key.values())


def _concatenated(parts: list[PastValues]) -> PastValues:
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        ids=pa.concat_arrays([part.ids for part in parts]),
        until_us=np.concatenate([part.until_us for part in parts]),
        values=pa.concat_arrays([part.values for part in parts]),
    )


def _went(ids: pa.StringArray, until_us: Times, gone: Mapping[str, int]) -> npt.NDArray[np.bool_]:
    """What was of a record that was deleted at that time or later."""
    if not gone or not len(ids):
        return np.zeros(len(ids), np.bool_)
    places = pc.index_in(ids, value_set=pa.array(list(gone), pa.string())).fill_null(-1).to_numpy()
    moments = np.append(np.fromiter(gone.values(), np.int64, len(gone)), np.iinfo(np.int64).min)
    return np.asarray(until_us <= moments[places])


def _disowned(past: PastValues, customers: Mapping[str, int]) -> PastValues:
    """Lists of owners and roles by turns, without customers that were deleted since."""
    owners = past.values.flatten()
    rows = np.repeat(np.arange(len(past)), pc.list_value_length(past.values).to_numpy(zero_copy_only=False))
    went = _went(owners, past.until_us[rows], customers)
    went[1::2] = went[::2]
    if not went.any():
        return past
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows[~went], minlength=len(past)))])
    left = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), owners.filter(pa.array(~went)))
    return replace(past, values=left)
