"""The codes of a ledger's resident columns as they are now, and the programs that they are for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from segmentd.columns.coding import Coding, Ranges, bit_count
from segmentd.columns.column import Batch
from segmentd.engine.binding import VARIANT_ROWS
from segmentd.plan import Program
from segmentd.plan.parts import Part
from segmentd.plan.thresholds import Distinctions
from segmentd.scoring.model import Plan

RECENT_PROGRAMS: Final = 64
"""Programs whose conditions the codes tell apart: those that were asked last."""

PLANNED_AT_ONCE: Final = 4_096
"""Instructions of a program that an answer may plan for codes, some 10 ms; larger ones run raw until that is done."""

Asked = tuple[tuple[str, ...], tuple[str, ...]]
"""The segments and computed attributes that a question names."""


@dataclass(slots=True, eq=False)
class CodedResidents:
    """`given` as the population has it and `coded` with codes, under the definitions of `version`.

    `recent` are the programs that were asked of them, the last one last: of a question that was asked again under
    newer definitions only the newer program. `prepared` are those that binding `coded` takes no time for. Whoever keeps
    it lets one thread at a time call its methods.
    """

    given: Batch
    coded: Batch
    version: int = 0
    recent: OrderedDict[Asked, Program] = field(default_factory=OrderedDict)
    prepared: frozenset[Program] = frozenset()

    def note(self, plan: Plan, batch: Batch) -> bool:
        """Note who is asked what; whether that may want other codes. A call that began under older definitions may not.

        Columns that a new batch shares with the one before keep their codes.
        """
        if plan.catalogue.version < self.version:
            return False
        self.version = plan.catalogue.version
        is_new = batch is not self.given
        if is_new:
            codings = _shared(self.coded, batch)
            self.given, self.coded, self.prepared = batch, replace(batch, codings=codings), frozenset()
        asked = plan.question.segments, plan.question.computed
        if self.recent.get(asked) is not plan.program:
            self.recent[asked] = plan.program
            is_new = True
        self.recent.move_to_end(asked)
        while len(self.recent) > RECENT_PROGRAMS:
            self.recent.popitem(last=False)
        return is_new

    def choose(self, program: Program, batch: Batch) -> Batch:
        """The batch to run the program over: with the codes that there are now, unless it takes longer to plan that."""
        if batch is not self.given:
            return batch
        plans_soon = batch.rows >= VARIANT_ROWS and len(program.instructions) <= PLANNED_AT_ONCE
        return self.coded if plans_soon or program in self.prepared else batch


def wanted_distinctions(programs: Iterable[Program], batch: Batch) -> Distinctions:
    """What the programs tell apart by the columns of the batch, where these still have the types that they read."""
    wanted = Distinctions()
    for program in programs:
        same = {attribute for attribute in program.attributes if _has_its_type(program, batch, attribute)}
        wanted = wanted.joined(program.distinctions.within(same))
    return wanted


def without_wide_codes(batch: Batch, wanted: Distinctions) -> Batch:
    """The batch without codes that have more bits than what is wanted takes: their thresholds were of times past."""
    kept = {key: coding for key, coding in batch.codings.items() if not _is_wide(key, coding, wanted)}
    return batch if len(kept) == len(batch.codings) else replace(batch, codings=kept)


def _is_wide(key: Hashable, coding: Coding, wanted: Distinctions) -> bool:
    layout = coding.layout
    if not isinstance(layout, Ranges):
        return False
    cuts: frozenset[int | float] = frozenset()
    if isinstance(key, Part):
        cuts = wanted.values.get(key, cuts)
    elif len(coding.attributes) == 1:
        cuts = wanted.cuts.get(coding.attributes[0], cuts)
    return bit_count(layout.first_range + len(cuts) + 1) < coding.bits


def _has_its_type(program: Program, batch: Batch, attribute: str) -> bool:
    spec, column = program.schema.get(attribute), batch.columns.get(attribute)
    return spec is not None and column is not None and spec.type == column.type


def _shared(coded: Batch, batch: Batch) -> dict[Hashable, Coding]:
    """The codes of the columns that both batches have."""
    same = {name for name, column in batch.columns.items() if coded.columns.get(name) is column}
    return {key: coding for key, coding in coded.codings.items() if same.issuperset(coding.attributes)}
