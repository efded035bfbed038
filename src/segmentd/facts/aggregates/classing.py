"""Facts in classes: those that pass the same filters of several aggregates are of one, and are added up once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from segmentd.columns.column import Batch, TextColumn
from segmentd.columns.planes import Plane, unpack
from segmentd.engine.facts.aggregates_cells import Classes, mask_codes
from segmentd.engine.facts.aggregates_ranges import Tasks
from segmentd.facts.aggregates.filters import Filtering
from segmentd.language.tree import Node

MAX_TEXTS: Final = 1 << 16
"""Distinct texts that are put into classes: to put more in order takes longer than to look at rows."""
FEW_TEXTS: Final = 1 << 10
"""So many may be looked at instead of fewer rows."""
MAX_TEXT_LANES: Final = 62
"""A bit each of a whole number."""
MAX_PLANE_LANES: Final = 4
"""Every combination of planes is a class."""


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """The facts that an aggregate counts, whenever they happened: those that pass a filter, None: all.

    `measured`: only those that have the measure, of which some facts lack it. Equal ones are one object: to compare
    filters takes longer than to sum few facts.
    """

    filter: Node | None
    measured: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Classed:
    """The classes of facts, and which of them are each lane. `unsure`: lanes that are not known of some class."""

    classes: Classes
    lanes: Mapping[Lane, tuple[int, ...]]
    unsure: frozenset[Lane] = frozenset()


def text_of(batch: Batch, names: frozenset[str]) -> str:
    """The only field that a filter reads, if that is a text of few distinct ones; else none."""
    if len(names) != 1:
        return ""
    (name,) = names
    column = batch.columns.get(name)
    is_short = isinstance(column, TextColumn) and len(column.dictionary) <= min(max(batch.rows, FEW_TEXTS), MAX_TEXTS)
    return name if is_short else ""


def class_texts(filtering: Filtering, name: str, column: TextColumn, lanes: Sequence[Lane]) -> Classed:
    """Classes by what the filters of at most `MAX_TEXT_LANES` lanes, which read one text alone, say of each text."""
    texts = len(column.dictionary) + 1
    each_once = TextColumn(np.arange(texts, dtype=np.int32), column.dictionary)
    filters = [lane.filter for lane in lanes if lane.filter is not None]
    verdicts = iter(filtering.verdicts(filters, Batch(texts, {name: each_once})))
    passed, unknown = np.zeros(texts, np.int64), np.zeros(texts, np.int64)
    for bit, lane in enumerate(lanes):
        if lane.filter is None:
            passed |= 1 << bit
            continue
        verdict = next(verdicts)
        passed |= unpack(verdict.true, texts).astype(np.int64) << bit
        unknown |= unpack(verdict.unknown, texts).astype(np.int64) << bit
    distinct, of_code = np.unique(passed, return_inverse=True)
    of_code[unknown != 0] = len(distinct)
    unsure = frozenset(lane for bit, lane in enumerate(lanes) if (unknown >> bit & 1).any())
    classes = Classes(column.codes, of_code.astype(np.int32), len(distinct) + bool(unsure), bool(unsure))
    return Classed(classes, _by_bit(lanes, distinct.tolist()), unsure)


def class_planes(tasks: Tasks, planes: Mapping[Lane, Plane], rows: int) -> Classed:
    """Classes by which of the planes of at most `MAX_PLANE_LANES` lanes a row is in; an empty plane is of all rows."""
    masked = [lane for lane, plane in planes.items() if len(plane)]
    masks = range(1 << len(masked))
    lanes = dict.fromkeys(planes, tuple(masks)) | _by_bit(masked, masks)
    codes = mask_codes(tasks, [planes[lane] for lane in masked], rows) if masked else np.zeros(0, np.int32)
    return Classed(Classes(codes, np.arange(len(masks), dtype=np.int32), len(masks)), lanes)


def _by_bit(lanes: Sequence[Lane], masks: Sequence[int]) -> dict[Lane, tuple[int, ...]]:
    """By lane, the places of the masks that have its bit."""
    return {lane: tuple(place for place, mask in enumerate(masks) if mask >> bit & 1) for bit, lane in enumerate(lanes)}
