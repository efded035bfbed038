"""Ids of records: checked, and made of what identifies a record where the client gave none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.api.errors import FieldRequiredError
from segmentd.columns.column import Column, FixedColumn, TextColumn
from segmentd.columns.zones import DAY_US, utc_offsets
from segmentd.facts.decoding.draft import Draft
from segmentd.facts.decoding.faults import Wrong
from segmentd.facts.kinds import ID_LENGTH, MAX_ID_BYTES, RecordKind
from segmentd.schema import Kind

_PARTS: Final[Mapping[RecordKind, tuple[tuple[str, bool], ...]]] = {
    RecordKind.BALANCE: (("account", True), ("time", True)),
    RecordKind.ENGAGEMENT: (("customer", True), ("time", True), ("channel", False), ("subject_area", False)),
    RecordKind.RATE: (("currency", True), ("day", True)),
}
"""The fields that an id is made of, joined by `@`, and whether a record needs each; a missing one is an empty text."""


def complete_ids(draft: Draft) -> None:
    """Give records without an id one if their kind allows it, and reject what has none or too long a one.

    FieldRequiredError where the kind's records need ids and the batch has none at all.
    """
    given, parts = draft.ids, _PARTS.get(draft.kind)
    empty = pc.equal(given, "").to_numpy(zero_copy_only=False)
    if parts is None and not draft.has_ids:
        field = f"{draft.path}.ids" if draft.path.endswith("columns") else draft.path
        raise FieldRequiredError(field, "must give the records' ids")
    wrong = wrong_lengths(given) if parts is None else wrong_lengths(given) & ~empty
    draft.faults.reject(wrong, "id", ID_LENGTH, lambda row: repr(given[row].as_py()))
    if parts is not None and empty.any():
        draft.ids = _made(draft, parts, empty)


def wrong_lengths(texts: pa.StringArray) -> Wrong:
    """Which texts cannot be ids, because they are empty or too long."""
    sizes = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    return np.asarray((sizes == 0) | (sizes > MAX_ID_BYTES))


def _made(draft: Draft, parts: tuple[tuple[str, bool], ...], empty: npt.NDArray[np.bool_]) -> pa.StringArray:
    """The ids, with made ones where they are empty; a row that lacks a part of its id is rejected."""
    texts = []
    for name, needed in parts:
        column = draft.columns.get(name)
        if column is None:
            if needed:
                draft.faults.reject(empty, name, "must be given where the record has no id")
            texts.append(pa.scalar(""))
        else:
            if needed and name in draft.said:
                draft.said[name] |= empty  # what an id is made of must have a value
            texts.append(pc.fill_null(_as_text(column, draft.schema.time_zone), ""))
    made = pc.binary_join_element_wise(*texts, "@")
    return pc.if_else(pa.array(empty), made, draft.ids)


def _as_text(column: Column, time_zone: str) -> pa.StringArray:
    """Text as it is, a moment in microseconds since 1970, a day as `2024-05-01`."""
    if isinstance(column, TextColumn):
        return column.dictionary.take(pa.array(column.codes, mask=column.codes == len(column.dictionary)))
    if not isinstance(column, FixedColumn):
        raise TypeError("ids are made of texts, moments and days")
    if column.type.kind is not Kind.DATE:
        return pa.array(column.values).cast(pa.string())
    days = (column.values + utc_offsets(column.values, time_zone)) // DAY_US
    return pa.array(days.astype(np.int32)).cast(pa.date32()).cast(pa.string())
