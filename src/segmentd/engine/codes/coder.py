"""Codes for resident columns: what gets them, and the work of making them, in parts that threads can share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from typing import Final

from segmentd.columns.coding import MAX_CODES, Coding, Ranges, Truths, bit_count
from segmentd.columns.column import Batch, BoolColumn, FixedColumn
from segmentd.engine.binding import Tabulations, bind
from segmentd.engine.codes.steps import MAX_CLASSES, Classification, ColumnCoding, PartCoding, scattered_part
from segmentd.engine.errors import EvaluationCancelledError
from segmentd.engine.text.tabulation import Cancelled, Evaluators
from segmentd.errors import SegmentdError
from segmentd.plan.coding import Classes
from segmentd.plan.kept import program_of_parts
from segmentd.plan.operations import Flag, Op, Register, register_of
from segmentd.plan.parts import Part
from segmentd.plan.sources import Table
from segmentd.plan.thresholds import Distinctions
from segmentd.schema import Schema

Task = Callable[[], None]
Making = ColumnCoding | Classification | PartCoding

CODES_SHARE: Final = 0.3
"""Codes take at most this share of the bytes of the columns."""

FAILURE_BITS: Final = 1 / 8
"""What a plane of rows in which arithmetic fails takes on average: it mostly fails in none, and takes nothing."""

PARTS_AT_ONCE: Final = 8
"""Computed values and planes that one program makes: its results, of a span of rows, are in memory together."""


class Coder:
    """Makes the codings that a batch lacks for what is to be told apart, and keeps those that serve.

    After all `tasks` have run, in any order and on any threads, `coded` is the batch with its codes. What would take
    too much memory is left out, what saves least first: columns, then tabulated text, then computed values and planes.
    """

    def __init__(
        self,
        batch: Batch,
        wanted: Distinctions,
        evaluators: Evaluators | None = None,
        cancelled: Cancelled | None = None,
    ) -> None:
        self._batch = batch
        self._evaluators = evaluators or Evaluators()
        self._cancelled = cancelled
        self._room = CODES_SHARE * 8 * column_bytes(batch)
        self._kept: dict[Hashable, Coding] = {}
        self._makings: list[Making] = []
        self._failed: set[Making] = set()
        self.tasks: list[Task] = []
        wanted = wanted.within(batch.columns.keys())
        for attribute, cuts in wanted.cuts.items():
            self._add_column(attribute, cuts)
        if wanted.schema is not None:
            for attributes, asked in wanted.tables.items():
                self._add_tables(attributes, asked, wanted.schema)
            self._add_parts(wanted, wanted.schema)

    def coded(self) -> Batch:
        """The batch with the codings that were wanted and pay."""
        codings = dict(self._kept)
        for making in self._makings:
            if making not in self._failed:
                codings.update(making.made())
        return replace(self._batch, codings=codings)

    def _add(self, making: Making) -> None:
        self._makings.append(making)
        self.tasks += [partial(self._run, making, task) for task in making.tasks]

    def _run(self, making: Making, task: Task) -> None:
        """Do a task. What cannot be made is left out: whoever asks for it is told why by the answer."""
        if making in self._failed:
            return
        try:
            task()
        except EvaluationCancelledError:
            raise
        except SegmentdError:
            self._failed.add(making)

    def _keep(self, key: Hashable, known: Coding) -> None:
        self._kept[key] = known
        self._room -= known.bits

    def _add_column(self, attribute: str, cuts: frozenset[int | float]) -> None:
        column = self._batch.columns.get(attribute)
        known = self._batch.codings.get((attribute,))
        if not isinstance(column, FixedColumn) or not cuts:
            return
        if known is not None and isinstance(known.layout, Ranges) and cuts <= set(known.layout.cuts):
            self._keep((attribute,), known)
            return
        making = ColumnCoding(attribute, column, tuple(sorted(cuts)))
        size = making.layout.size
        if pays(size, column.values.itemsize) and self._take(bit_count(size)):
            self._add(making)

    def _add_tables(self, attributes: tuple[str, ...], asked: AbstractSet[tuple[Table, Flag]], schema: Schema) -> None:
        known = self._batch.codings.get(attributes)
        if known is not None and isinstance(known.layout, Classes) and asked <= known.layout.asked:
            self._keep(attributes, known)
            self._keep_scattered(attributes, asked - known.layout.sets.keys())
            return
        if self._take(MAX_CLASS_BITS):
            planes = min(len(asked), int(self._room / 2))
            self._room -= planes
            work = Tabulations(schema, self._batch, self._evaluators, self._cancelled)
            self._add(Classification(work, attributes, asked, planes))

    def _keep_scattered(self, attributes: tuple[str, ...], asked: AbstractSet[tuple[Table, Flag]]) -> None:
        """Keep the planes that conditions have whose classes are here and there."""
        for table, flag in asked:
            part = scattered_part(attributes, table, flag)
            known = self._batch.codings.get(part)
            if known is not None:
                self._keep(part, known)

    def _add_parts(self, wanted: Distinctions, schema: Schema) -> None:
        """Computed values first: many conditions may be about one."""
        missing: dict[Part, tuple[int | float, ...]] = {}
        for part, cuts in wanted.values.items():
            known = self._batch.codings.get(part)
            if known is not None and isinstance(known.layout, Ranges) and cuts <= set(known.layout.cuts):
                self._keep(part, known)
            elif len(cuts) + 2 <= MAX_CODES and self._take(bit_count(_range_count(part, cuts))):
                missing[part] = tuple(sorted(cuts))
        for part in wanted.planes:
            known = self._batch.codings.get(part)
            if known is not None and isinstance(known.layout, Truths):
                self._keep(part, known)
            elif self._take(FAILURE_BITS if part.op is Op.FAILED else 1):
                missing[part] = ()
        for group in _groups(list(missing), PARTS_AT_ONCE):
            program = program_of_parts(list(group), schema)
            work = partial(bind, program, self._batch, 0, self._evaluators, self._cancelled)
            self._add(PartCoding(self._batch.rows, {part: missing[part] for part in group}, work))

    def _take(self, bits: float) -> bool:
        if bits > self._room:
            return False
        self._room -= bits
        return True


def _range_count(part: Part, cuts: frozenset[int | float]) -> int:
    """Ranges of a computed value, and NaN where it may be one."""
    return len(cuts) + 1 + (register_of(part.op) is Register.DOUBLE)


MAX_CLASS_BITS: Final = bit_count(MAX_CLASSES)
"""Bits of the classes of tabulated values, at most; what they are is known once they have been tabulated."""


def pays(size: int, value_bytes: int) -> bool:
    """Whether so many codes are fewer bits to read than the values: comparing takes time in proportion to both."""
    return size <= MAX_CODES and bit_count(size) < 8 * value_bytes


def column_bytes(batch: Batch) -> float:
    """The bytes of a row in columns: numbers in their width, text and lists by their dictionary codes."""
    total = 0.0
    for column in batch.columns.values():
        match column:
            case FixedColumn():
                total += column.values.itemsize
            case BoolColumn():
                total += 1 / 8
            case _:
                total += column.codes.itemsize
    return total


def _groups(parts: Sequence[Part], size: int) -> list[Sequence[Part]]:
    return [parts[first : first + size] for first in range(0, len(parts), size)]
