"""Which columns a program would read as codes: over a population that is there, or over one as attributes suggest."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentd.columns.coding import Layout, Ranges
from segmentd.columns.column import BoolColumn, Column, FixedColumn
from segmentd.engine import Engine
from segmentd.engine.binding import program_for
from segmentd.engine.codes.coder import pays
from segmentd.plan.sources import AttributeColumn, SlicedCodes
from segmentd.plan.traffic import CODE_BYTES, PLANE_BYTES, VALUE_BYTES, bytes_per_row

if TYPE_CHECKING:
    from segmentd.columns.column import Batch
    from segmentd.plan import Program
    from segmentd.plan.sources import ColumnSource


@dataclass(frozen=True, slots=True)
class CodedPlan:
    """A program over columns, and the one that would be run. `widths`: the bytes of values, by attribute."""

    raw: Program
    chosen: Program
    widths: Mapping[str, float]

    @property
    def bytes_per_row(self) -> tuple[float, float]:
        """What the two read of a row."""
        return sum(bytes_per_row(self.raw, self.widths)), sum(bytes_per_row(self.chosen, self.widths))

    def columns(self) -> list[dict[str, object]]:
        """What the chosen program reads, for JSON."""
        taken = bytes_per_row(self.chosen, self.widths)
        return [_described(source, each) for source, each in zip(self.chosen.columns, taken, strict=True)]


def plan_codes(program: Program, batch: Batch | None) -> CodedPlan:
    """The program as resident customers are asked: over their codes, once these were made.

    Without customers, numbers are thought to have eight bytes, to be missing where they may be, and none to be NaN;
    text has no codes then, since its values are not known.
    """
    if batch is None:
        layouts: dict[Hashable, Layout] = {}
        for attribute, cuts in program.distinctions.cuts.items():
            spec = program.schema.get(attribute)
            layout = Ranges(tuple(sorted(cuts)), has_missing=spec is None or not spec.required, has_nan=False)
            if pays(layout.size, VALUE_BYTES):
                layouts[attribute,] = layout
        return CodedPlan(program, program.for_batch(layouts, frozenset()), {})
    with Engine() as engine:
        chosen = program_for(program, engine.coded(batch, program.distinctions))
    return CodedPlan(program, chosen, widths_of(batch))


def widths_of(batch: Batch | None) -> dict[str, float]:
    """The bytes of a value of each column, as far as they are known."""
    return {} if batch is None else {attribute: _width(column) for attribute, column in batch.columns.items()}


def _width(column: Column) -> float:
    match column:
        case FixedColumn():
            return column.values.itemsize
        case BoolColumn():
            return PLANE_BYTES
        case _:
            return CODE_BYTES


def _described(source: ColumnSource, taken: float) -> dict[str, object]:
    attributes = [source.attribute] if isinstance(source, AttributeColumn) else list(source.attributes)
    codes = isinstance(source, SlicedCodes)
    return {"attributes": attributes, "codes": codes, "thresholds": _thresholds(source), "bytes": taken}


def _thresholds(source: ColumnSource) -> int | None:
    """How many thresholds the codes tell apart; None without codes, and where these are of other things."""
    if isinstance(source, SlicedCodes) and isinstance(source.layout, Ranges):
        return len(source.layout.cuts)
    return None
