"""What the macros of a program say of every row of a batch: programs over its items, folded to columns of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from segmentd.columns.column import Batch, BoolColumn, Column, FixedColumn, ItemsOf
from segmentd.columns.gather import gather
from segmentd.columns.planes import word_count
from segmentd.engine.evaluation import Evaluation
from segmentd.engine.facts.segmented import Owned, RunTasks, Truths, fold
from segmentd.engine.text.weak_cache import WeakCache
from segmentd.language.tree import Quantifier
from segmentd.plan.program import ItemsProgram, Program
from segmentd.plan.sources import ItemsColumn
from segmentd.schema import INT64

SPARSE: Final = 4
"""Where a batch's rows have fewer than one in so many of the items there are, those are gathered before all else."""

Evaluate = Callable[[Program, Batch], Evaluation]
ItemsValues = Mapping[ItemsColumn, BoolColumn | FixedColumn]


KEPT_ROWS: Final = 1 << 14
"""Rows from which results are kept: of residents, who are asked about again, and of few requests."""

KEPT_BYTES: Final = 64 << 20

Folded = BoolColumn | FixedColumn
KeptFolds = WeakCache[Folded]
"""What macros said of all rows, by the items and columns it was made from, as long as these live: they never change."""


@dataclass(frozen=True, slots=True)
class FoldedItems:
    """The columns of macros, and what they read and was not there: attributes of items, `account.kind`, or all items.

    These are named by the field that holds them, `customer.accounts`.
    """

    values: ItemsValues = field(default_factory=dict)
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Folding:
    """How macros are folded: what evaluates programs over items at the moment of the call, threads, what is kept."""

    evaluate: Evaluate
    run: RunTasks
    kept: KeptFolds


def fold_items(program: Program, batch: Batch, folding: Folding) -> FoldedItems:
    """The columns that the program reads of macros. Raises what evaluating raises.

    Of a batch without the items nothing is known of them, so all that macros say of them is unknown.
    """
    values: dict[ItemsColumn, Folded] = {}
    absent: dict[str, None] = {}
    for part in program.items:
        if part.items not in batch.items:
            values |= {column: _unknown(column, batch.rows) for column in part.columns}
            absent[program.schema.qualified(part.items)] = None
            continue
        values |= _fold_part(part, batch, folding)
        there = batch.items[part.items].batch.columns.keys() | batch.items[part.items].linked.keys()
        names = (name for name in part.program.attributes if name not in there and not part.is_outside(name))
        absent |= dict.fromkeys(f"{part.subject}.{name}" for name in names)
    return FoldedItems(values, tuple(absent))


def _fold_part(part: ItemsProgram, batch: Batch, folding: Folding) -> dict[ItemsColumn, Folded]:
    """The columns of macros over the items of one field: those that are kept, and the others."""
    items, zone = batch.items[part.items], part.program.schema.time_zone
    can_keep = batch.rows >= KEPT_ROWS
    there = tuple(name for name in part.reads if name in batch.columns)
    made_from = (items, *(batch.columns[name] for name in there))
    values: dict[ItemsColumn, Folded] = {column: _sizes(items) for column in part.columns if column.is_size}
    wanted = {column: number for column, number in part.columns.items() if not column.is_size}
    if can_keep:
        known = {column: folding.kept.get(made_from, (column, zone, there)) for column in wanted}
        values |= {column: value for column, value in known.items() if value is not None}
    missing = {column: number for column, number in wanted.items() if column not in values}
    if missing:
        owned, among = _placed(part, batch, items)
        evaluation = folding.evaluate(part.program, among)
        for column, number in missing.items():
            value = fold(column.quantifier, owned, _truths(evaluation, number), folding.run)
            values[column] = value
            if can_keep and column.is_stable:
                folding.kept.keep(made_from, (column, zone, there), value, _size_bytes(value))
    return values


def _size_bytes(column: Folded) -> int:
    return column.values.nbytes + (0 if column.validity is None else column.validity.nbytes)


def _unknown(column: ItemsColumn, rows: int) -> Folded:
    """A macro over items of which nothing is known."""
    nowhere = np.zeros(word_count(rows), np.uint64)
    if column.quantifier is Quantifier.COUNT:
        return FixedColumn(INT64, np.zeros(rows, np.int64), nowhere)
    return BoolColumn(nowhere, nowhere)


def _sizes(items: ItemsOf) -> FixedColumn:
    return FixedColumn(INT64, np.diff(items.offsets))


def _truths(evaluation: Evaluation, segment: int) -> Truths:
    assert evaluation.members is not None  # noqa: S101 - planes were asked for
    assert evaluation.unknowns is not None  # noqa: S101
    return Truths(evaluation.members[segment], evaluation.unknowns[segment])


def _placed(part: ItemsProgram, batch: Batch, items: ItemsOf) -> tuple[Owned, Batch]:
    """The rows that the predicates are evaluated on, and which of them are whose.

    All items there are, each once, unless few of them are meant; those of each row one after the other, with what is
    read of the row beside them, where its own attributes are read, or its role: two owners of one account may differ.
    """
    if not part.needs_pairs and len(items.rows) * SPARSE >= items.batch.rows:
        return Owned(items.offsets, items.rows), items.batch
    columns = _gathered(items.batch, items.rows, set(part.program.attributes))
    columns |= {name: column for name, column in items.linked.items() if name in part.program.attributes}
    if part.reads:
        owners = np.repeat(np.arange(batch.rows, dtype=np.int64), np.diff(items.offsets))
        own = _gathered(batch, owners, set(part.reads))
        columns |= {part.program_id(name): column for name, column in own.items()}
    count = len(items.rows)
    return Owned(items.offsets, np.arange(count, dtype=np.int64)), Batch(count, columns)


def _gathered(batch: Batch, rows: np.ndarray[tuple[int], np.dtype[np.int64]], wanted: set[str]) -> dict[str, Column]:
    there = {name: column for name, column in batch.columns.items() if name in wanted}
    return dict(gather(Batch(batch.rows, there), rows).columns)
