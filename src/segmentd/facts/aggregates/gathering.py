"""The facts that aggregates of some subjects need: owners, where their facts lie, and the facts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from segmentd.columns.gather import gather
from segmentd.engine import Engine
from segmentd.engine.facts.aggregates_ranges import (
    Facts,
    Integers,
    Owners,
    Pairs,
    Tasks,
    find_bounds,
    paired,
)
from segmentd.engine.text.tabulation import Cancelled
from segmentd.facts.aggregates.filters import Filtering, Verdict
from segmentd.facts.aggregates.measures import BALANCE, CURRENCY
from segmentd.facts.aggregates.owners import OPENED, Accounts, account_filtering, fixed_values
from segmentd.facts.aggregates.standpoint import KIND, Standpoint
from segmentd.facts.aggregates.windows import Bounds, bounds_of
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import Items, Slots
from segmentd.language import CompiledExpression
from segmentd.language.tree import Node
from segmentd.ledger.aggregates import Aggregate, Function, Source
from segmentd.ledger.compiled_aggregates import ITEM, CompiledAggregate
from segmentd.schema import Subject

WITHOUT_BOUNDS: Final = frozenset({Function.AVERAGE_DAILY_BALANCE})
"""Functions that find the rows of their windows themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """The facts of a source by pairs of owners; `bounds`: by moment, the first row of each pair at it or later."""

    owners: Owners
    items: Items
    pairs: Pairs
    bounds: dict[int, Integers] = field(default_factory=dict)


class Gathering:
    """What the aggregates of one call share, made when it is first asked for.

    `slots`: the subjects, in any order. `everybody`: they are all there are, so facts are read where they lie sorted,
    out of date for those `touched`; else they are gathered.
    """

    def __init__(
        self, engine: Engine, standpoint: Standpoint, slots: Slots, *, everybody: bool, cancelled: Cancelled | None
    ) -> None:
        self.standpoint: Final = standpoint
        self.slots: Final = slots
        self.tasks: Final = Tasks(engine.run_tasks, engine.threads, cancelled)
        self._everybody = everybody
        self._filtering = Filtering(engine, standpoint.subject, standpoint.now_us, standpoint.zone, cancelled)
        self._wanted = None if everybody else self._accounts_of(slots)
        self.accounts: Final = Accounts(standpoint.view, account_filtering(self._filtering), self._wanted)
        self._kept = _Kept()

    def prepare(self, aggregates: Sequence[CompiledAggregate]) -> None:
        """Evaluate the filters of the aggregates, those of a source together, and find where their windows begin."""
        self.find_bounds([each for each in aggregates if each.definition.function not in WITHOUT_BOUNDS])
        self.evaluate(aggregates)

    def evaluate(self, aggregates: Sequence[CompiledAggregate]) -> None:
        """Evaluate the filters of the aggregates, those of a source together."""
        for source in {each.definition.source for each in aggregates} - {Source.ACCOUNTS}:
            filters = [each.filter for each in aggregates if each.definition.source is source and each.filter]
            trees = dict.fromkeys(each.tree for each in filters)
            lacking = [tree for tree in trees if (source, tree) not in self._kept.verdicts]
            found = self.filtering(source).verdicts(lacking, self._items(source).batch) if lacking else []
            self._kept.verdicts |= {(source, tree): verdict for tree, verdict in zip(lacking, found, strict=True)}

    def find_bounds(self, aggregates: Sequence[CompiledAggregate]) -> None:
        """Find the rows at which the windows of the aggregates begin and end, those over the same facts together."""
        moments: dict[Hashable, set[int]] = {}
        for each in aggregates:
            bounds = self.bounds(each)
            moments.setdefault(self.key(each), set()).update((bounds.from_us, bounds.to_us))
        for each in aggregates:
            gathered, wanted = self.gathered(each), moments.pop(self.key(each), set())
            if lacking := wanted - gathered.bounds.keys():
                gathered.bounds.update(find_bounds(gathered.pairs, sorted(lacking)))

    def rows_at(self, aggregate: CompiledAggregate, moment: int) -> Integers:
        """The first row at a moment or later of each pair of an aggregate's owners."""
        gathered = self.gathered(aggregate)
        if moment not in gathered.bounds:
            gathered.bounds.update(find_bounds(gathered.pairs, (moment,)))
        return gathered.bounds[moment]

    def bounds(self, aggregate: CompiledAggregate) -> Bounds:
        """The window of an aggregate; where it ends before it begins, it ends there."""
        span = aggregate.definition.window.span
        found = bounds_of(span, self.standpoint.now_us, self.standpoint.zone)
        return found if found.from_us <= found.to_us else Bounds(found.from_us, found.from_us)

    def key(self, aggregate: CompiledAggregate) -> Hashable:
        """Equal for aggregates that have the same owners and facts."""
        definition, chosen = aggregate.definition, aggregate.account_filter
        return definition.source, definition.roles, chosen.tree if chosen else None, _read(aggregate)

    def gathered(self, aggregate: CompiledAggregate) -> Gathered:
        """The owners and facts of an aggregate."""
        key = self.key(aggregate)
        found = self._kept.gathered.get(key)
        if found is None:
            found = self._kept.gathered[key] = self._gather(aggregate)
        return found

    def verdict(self, aggregate: CompiledAggregate) -> Verdict | None:
        """What the aggregate's filter says of its facts; None where all count."""
        if aggregate.filter is None:
            return None
        source = aggregate.definition.source
        if source is Source.ACCOUNTS:
            return self.filtering(source).verdicts((aggregate.filter.tree,), self.gathered(aggregate).items.batch)[0]
        return self._kept.verdicts[source, aggregate.filter.tree]

    def _gather(self, aggregate: CompiledAggregate) -> Gathered:
        definition = aggregate.definition
        match definition.source:
            case Source.ACCOUNTS:
                return self._held(aggregate)
            case Source.ENGAGEMENTS:
                places = self.slots if self._everybody else np.arange(len(self.slots), dtype=np.int32)
                return self._placed(Owners.themselves(self.slots), places, self._items(definition.source))
        owners = self._owners(definition, aggregate.account_filter)
        return self._placed(owners, self._places(owners.accounts), self._items(definition.source))

    def _placed(self, owners: Owners, places: Slots, items: Items) -> Gathered:
        facts = Facts(items.offsets, items.times)
        return Gathered(owners, items, paired(self.tasks, owners, places, facts))

    def _owners(self, definition: Aggregate, account_filter: CompiledExpression | None) -> Owners:
        if self.standpoint.subject is Subject.ACCOUNT:
            return self.accounts.themselves(self.slots, account_filter)
        return self.accounts.of_customers(self.slots, definition.roles, account_filter)

    def _places(self, accounts: Slots) -> Slots:
        if self._wanted is None:
            return accounts
        return np.searchsorted(self._wanted, accounts).astype(np.int32)

    def _items(self, source: Source) -> Items:
        found = self._kept.items.get(source)
        if found is None:
            found = self._kept.items[source] = self._find_items(source)
        return found

    def _find_items(self, source: Source) -> Items:
        view, kind = self.standpoint.view, KIND[source]
        if self._everybody:
            return view.sorted_items(kind)
        owners = self.slots if source is Source.ENGAGEMENTS else self._wanted
        return view.items_of(kind, self.slots if owners is None else owners)

    def _held(self, aggregate: CompiledAggregate) -> Gathered:
        """Customers' accounts as facts of the time when they were opened, first of all where that is not known."""
        pairs = self._owners(aggregate.definition, aggregate.account_filter)
        entities = self.standpoint.view.entities(RecordKind.ACCOUNT)
        rows = entities.row_of[pairs.accounts]
        times = fixed_values(entities.batch, OPENED, rows)
        order = np.lexsort((times, pairs.by_pair))
        batch = gather(entities.batch, rows[order].astype(np.int64), _read(aggregate) & entities.batch.columns.keys())
        items = Items(RecordKind.ACCOUNT, pairs.offsets, times[order], batch)
        places = np.arange(len(self.slots), dtype=np.int32)
        alone = Owners.themselves(self.slots)
        return self._placed(Owners(None, alone.accounts, pairs.unknown), places, items)

    def filtering(self, source: Source) -> Filtering:
        """How filters over the facts of a source are evaluated."""
        given = self._filtering
        return Filtering(given.engine, ITEM[source], given.now_us, given.zone, given.cancelled)

    def _accounts_of(self, slots: Slots) -> Slots:
        """The accounts of some subjects, ascending."""
        if self.standpoint.subject is Subject.ACCOUNT:
            return np.unique(slots)
        holdings = self.standpoint.view.holdings()
        known = slots[slots < len(holdings.offsets) - 1]
        starts, counts = holdings.offsets[known], holdings.offsets[known + 1] - holdings.offsets[known]
        places = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        return np.unique(holdings.accounts[places])


@dataclass(slots=True)
class _Kept:
    """What was made so far."""

    items: dict[Source, Items] = field(default_factory=dict)
    verdicts: dict[tuple[Source, Node], Verdict] = field(default_factory=dict)
    gathered: dict[Hashable, Gathered] = field(default_factory=dict)


def _read(aggregate: CompiledAggregate) -> frozenset[str]:
    """The fields of accounts that an aggregate of accounts reads; none of another, which reads them where they lie."""
    definition = aggregate.definition
    if definition.source is not Source.ACCOUNTS:
        return frozenset()
    read = frozenset((definition.measure,)) if definition.measure else frozenset()
    if definition.measure == BALANCE:
        read |= {CURRENCY}
    return read | (aggregate.filter.given if aggregate.filter else frozenset())
