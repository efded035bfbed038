"""Counts, exact sums and means of the same facts, computed together in one walk over them.

Many windows and filters over the same facts are what months by category are. Aggregates that share owners, facts and
measure are put into walks; what a walk cannot say exactly is left to be computed one by one: values of which a sum may
not fit 64 bit, and facts of which a filter or the measure is not known.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from segmentd.columns.column import Batch, Column, TextColumn
from segmentd.columns.planes import Plane
from segmentd.engine.facts.aggregates_cells import MAX_CELLS, Outcome, sum_cells
from segmentd.facts.aggregates.cells import Cells, Numbered
from segmentd.facts.aggregates.classing import (
    MAX_PLANE_LANES,
    MAX_TEXT_LANES,
    Classed,
    Lane,
    class_planes,
    class_texts,
    text_of,
)
from segmentd.facts.aggregates.gathering import Gathering
from segmentd.facts.aggregates.measures import Measure, measure_of
from segmentd.facts.aggregates.scope import Whole
from segmentd.facts.aggregates.standpoint import KIND
from segmentd.language.tree import Node
from segmentd.ledger.aggregates import Function, Source
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.schema import Kind

FEWEST: Final = 2
"""Fewer are computed one by one: a walk looks at all rows from the first window to the last."""

_FUNCTIONS: Final = frozenset({Function.COUNT, Function.SUM, Function.AVERAGE})


def sum_together(gathering: Gathering, aggregates: Sequence[CompiledAggregate]) -> dict[int, Column]:
    """The values of those of the aggregates, by number, that are computed together; others are left out."""
    found: dict[int, Column] = {}
    for members in _alike(gathering, aggregates):
        for walk in _walks(gathering, members):
            found |= walk.columns()
    return found


def _alike(gathering: Gathering, aggregates: Sequence[CompiledAggregate]) -> Iterator[Numbered]:
    """Aggregates that share owners, facts and measure; what is counted goes with the most of them."""
    by_key: dict[Hashable, dict[str, dict[int, CompiledAggregate]]] = {}
    for number, each in enumerate(aggregates):
        if _is_exact(each):
            by_key.setdefault(gathering.key(each), {}).setdefault(each.definition.measure, {})[number] = each
    for by_measure in by_key.values():
        yield from _with_most(by_measure, by_measure.pop("", {})).values()


def _is_exact(aggregate: CompiledAggregate) -> bool:
    """Whether it is a count, or made of a sum of whole numbers; of facts that have times, which accounts have not."""
    definition = aggregate.definition
    if definition.source is Source.ACCOUNTS or definition.function not in _FUNCTIONS:
        return False
    return definition.function is Function.COUNT or aggregate.measured.kind is not Kind.DOUBLE


def _walks(gathering: Gathering, members: Numbered) -> Iterator[Walk]:
    """One for the filters of each text, and one for all others; what has no filter goes with the most."""
    if len(members) < FEWEST:
        return
    batch, measure = _facts(gathering, members)
    lanes = _lanes(members, is_lacking=measure is not None and measure.present is not None)
    by_text: dict[str, dict[int, CompiledAggregate]] = {}
    unfiltered: dict[int, CompiledAggregate] = {}
    for number, each in members.items():
        lane = lanes[number]
        if lane.filter is None and not lane.measured:
            unfiltered[number] = each
        else:
            text = "" if each.filter is None or lane.measured else text_of(batch, each.filter.given)
            by_text.setdefault(text, {})[number] = each
    for text, some in _with_most(by_text, unfiltered).items():
        yield Walk(gathering, some, lanes, text, measure)


def _facts(gathering: Gathering, members: Numbered) -> tuple[Batch, Measure | None]:
    """The facts of aggregates that share them, and what is summed of them, None where they are counted alone."""
    measured = [each for each in members.values() if each.definition.measure]
    batch = gathering.gathered(next(iter(members.values()))).items.batch
    if not measured:
        return batch, None
    definition = measured[0].definition
    return batch, measure_of(batch, KIND[definition.source], definition.measure, measured[0].measured)


def _lanes(members: Numbered, *, is_lacking: bool) -> dict[int, Lane]:
    """The facts that each aggregate counts; `is_lacking`: whether some lack the measure."""
    distinct: dict[tuple[Node | None, bool], Lane] = {}
    found = {}
    for number, each in members.items():
        told = each.filter.tree if each.filter else None, is_lacking and bool(each.definition.measure)
        found[number] = distinct.setdefault(told, Lane(*told))
    return found


def _with_most(groups: Mapping[str, Numbered], others: Numbered) -> dict[str, Numbered]:
    """The groups, the others with the largest, or by themselves."""
    most = max(groups, key=lambda name: len(groups[name]), default="")
    return {**groups, most: {**groups.get(most, {}), **others}}


@dataclass(frozen=True, eq=False)
class Walk:
    """Aggregates that share owners, facts and measure; their filters read the text `text` alone, or, "", anything.

    `lanes`: the facts that each of them, and perhaps others, counts.
    """

    gathering: Gathering
    aggregates: Numbered
    lanes: Mapping[int, Lane]
    text: str
    measure: Measure | None

    def columns(self) -> dict[int, Column]:
        """The values by number, without those that have to be computed one by one."""
        if len(self.aggregates) < FEWEST:
            return {}
        lanes = tuple(dict.fromkeys(self.lanes[number] for number in self.aggregates))
        if len(lanes) > (MAX_TEXT_LANES if self.text else MAX_PLANE_LANES):
            return self._halves(lanes)
        classed = self._class_texts(lanes) if self.text else self._class_planes()
        found = self._summed(classed)
        return self._halves(lanes) if found is None else found

    def _summed(self, classed: Classed) -> dict[int, Column] | None:
        """The values; None where there are too many cells."""
        some = self.only(classed.lanes.keys())
        if len(some.aggregates) < FEWEST:
            return {}
        classes = {number: classed.lanes[some.lanes[number]] for number in some.aggregates}
        cells = Cells(self.gathering, some.aggregates, classes)
        if classed.classes.count * len(cells.spans) * (1 + cells.is_counting) > MAX_CELLS:
            return None
        values = None if self.measure is None else self.measure.numbers()
        outputs = tuple(cells.direct.values()), cells.further
        sums = sum_cells(cells.pairs, values, classed.classes, cells.spans, *outputs)
        match sums.outcome:
            case Outcome.EXACT:
                return cells.columns(sums)
            case Outcome.NOT_KNOWN:
                return some.only(classed.lanes.keys() - classed.unsure).columns()
            case Outcome.TOO_LARGE:
                return {}

    def only(self, lanes: AbstractSet[Lane]) -> Walk:
        """The walk of the aggregates that count some lanes."""
        return replace(self, aggregates={n: each for n, each in self.aggregates.items() if self.lanes[n] in lanes})

    def _halves(self, lanes: Sequence[Lane]) -> dict[int, Column]:
        """The values by two walks: aggregates of equal filters stay together, those of windows that are near too."""
        bounds = self.gathering.bounds
        ordered = sorted(
            self.aggregates.items(),
            key=lambda each: (lanes.index(self.lanes[each[0]]), bounds(each[1]).to_us, bounds(each[1]).from_us),
        )
        half = len(ordered) // 2
        parts = dict(ordered[:half]), dict(ordered[half:])
        left, right = (replace(self, aggregates=part).columns() for part in parts)
        return left | right

    def _class_texts(self, lanes: Sequence[Lane]) -> Classed:
        column = self._batch.columns[self.text]
        if not isinstance(column, TextColumn):
            raise TypeError(f"{self.text} is no text")
        filtering = self.gathering.filtering(self._any.definition.source)
        return class_texts(filtering, self.text, column, lanes)

    def _class_planes(self) -> Classed:
        """The classes of facts, without lanes of which it is not known of some fact whether it counts."""
        self.gathering.evaluate(tuple(self.aggregates.values()))
        planes: dict[Lane, Plane] = {}
        poisoned: set[Lane] = set()
        for number, each in self.aggregates.items():
            lane = self.lanes[number]
            if lane not in planes and lane not in poisoned:
                whole = self._whole(each)
                if whole.poison.any():
                    poisoned.add(lane)
                else:
                    planes[lane] = whole.kept
        return class_planes(self.gathering.tasks, planes, self._batch.rows)

    def _whole(self, aggregate: CompiledAggregate) -> Whole:
        gathered, verdict = self.gathering.gathered(aggregate), self.gathering.verdict(aggregate)
        return Whole(aggregate, self.gathering.standpoint, gathered, self.gathering.accounts, verdict)

    @property
    def _batch(self) -> Batch:
        return self.gathering.gathered(self._any).items.batch

    @property
    def _any(self) -> CompiledAggregate:
        return next(iter(self.aggregates.values()))
