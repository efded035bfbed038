"""Aggregated attributes that follow a book: computed again only for whom facts or windows have changed.

A value can change because facts did, of which the book says whose; because a fact came into the window or left it as
time passed, of which each subject's next *moment* tells; or because the window is another for all, as at midnight:
the aggregate's *turn*. What is computed again is computed as `compute_all` does, so the state equals a computation
from nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from segmentd.columns.column import Column
from segmentd.engine import Engine
from segmentd.engine.facts.aggregates_ranges import LEAST, NEVER, Integers
from segmentd.engine.text.tabulation import Cancelled
from segmentd.facts.aggregates.answers import Work
from segmentd.facts.aggregates.bare_view import BareView
from segmentd.facts.aggregates.columns import replace_rows, take_rows
from segmentd.facts.aggregates.computing import turn_of
from segmentd.facts.aggregates.gathering import Gathering
from segmentd.facts.aggregates.standpoint import Standpoint
from segmentd.facts.aggregates.windows import entering_us, sliding_us
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.schema import Subject

Moments = Mapping[Hashable, Integers]

MANY: Final = 4
"""From this part of the subjects on, all are computed again: it takes less than gathering their facts."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """The values of an aggregate in some rows, ascending; `rows` None: in all."""

    rows: Integers | None
    values: Column


@dataclass(frozen=True, slots=True, eq=False)
class Refresh:
    """What is other than in a state: a patch an aggregate, for the rows of `standpoint`.

    `kept` says which row of the state each row was, -1 of new ones; None: rows are the same ones.
    """

    standpoint: Standpoint
    patches: tuple[Patch, ...]
    moments: Mapping[Hashable, tuple[Integers | None, Integers]]
    kept: Integers | None


@dataclass(frozen=True, eq=False)
class AggregateState:
    """The columns of aggregates, of all subjects by row, from one standpoint. It does not change.

    `moments`, by what tells windows and facts apart: from when on each row's value may be another.
    """

    engine: Engine
    aggregates: tuple[CompiledAggregate, ...]
    standpoint: Standpoint
    columns: tuple[Column, ...]
    moments: Moments

    @classmethod
    def start(
        cls,
        engine: Engine,
        aggregates: Sequence[CompiledAggregate],
        standpoint: Standpoint,
        *,
        cancelled: Cancelled | None = None,
    ) -> AggregateState:
        """The state, computed from nothing. Raises EvaluationCancelledError, DistinctLimitError."""
        work = Work(engine, tuple(aggregates), standpoint, cancelled)
        return cls(engine, work.aggregates, standpoint, tuple(work.all()), _all_moments(work))

    def advance(self, view: BookView, now_us: int, *, cancelled: Cancelled | None = None) -> AggregateState:
        """The state of a later version of the book, or a later moment; of an earlier one too, from nothing."""
        return self.apply(self.refresh(view, now_us, cancelled=cancelled))

    def without_facts(self) -> AggregateState:
        """The same state, which holds no arrays of the book's but who was there. It can be advanced."""
        bare = BareView(self.standpoint.view, RecordKind(self.standpoint.subject.value))
        return replace(self, standpoint=replace(self.standpoint, view=bare))

    @cached_property
    def next_change_us(self) -> int:
        """The first moment after the state's own at which a value may be another, while facts stay as they are."""
        now, zone = self.standpoint.now_us, self.standpoint.zone
        turns = [turn_of(each, now, zone) for each in self.aggregates]
        return min([*turns, *self.soonest.values()], default=NEVER)

    def refresh(self, view: BookView, now_us: int, *, cancelled: Cancelled | None = None) -> Refresh:
        """What is other in a later version or at a later moment.

        Raises EvaluationCancelledError, DistinctLimitError.
        """
        after = replace(self.standpoint, view=view, now_us=now_us)
        changed, kept = self._changed(after), self._kept(after)
        if changed is None or now_us < self.standpoint.now_us:
            started = self.start(self.engine, self.aggregates, after, cancelled=cancelled)
            patches = tuple(Patch(None, column) for column in started.columns)
            return Refresh(after, patches, {key: (None, each) for key, each in started.moments.items()}, kept)
        if kept is not None:
            changed = np.union1d(changed, np.flatnonzero(kept < 0))
        return _Refreshing(self, after, changed, kept, cancelled).refresh()

    def apply(self, refresh: Refresh) -> AggregateState:
        """The state with what is other; no row is computed."""
        columns = tuple(
            self._patched(self._moved(column, refresh.kept), patch)
            for column, patch in zip(self.columns, refresh.patches, strict=True)
        )
        moments = {key: moved_moments(each, refresh.kept) for key, each in self.moments.items()}
        for key, (rows, values) in refresh.moments.items():
            if rows is None:
                moments[key] = values
            else:
                moments[key] = moments[key].copy()
                moments[key][rows] = values
        return replace(self, standpoint=refresh.standpoint, columns=columns, moments=moments)

    def _patched(self, column: Column, patch: Patch) -> Column:
        """The column with a patch: the same object where there is nothing in it, so that what is kept of it stays."""
        if patch.rows is None:
            return patch.values
        return replace_rows(column, patch.rows, patch.values) if len(patch.rows) else column

    @cached_property
    def soonest(self) -> Mapping[Hashable, int]:
        """The first moment of anybody, by the keys of `moments`."""
        return {key: int(each.min(initial=NEVER)) for key, each in self.moments.items()}

    def _moved(self, column: Column, kept: Integers | None) -> Column:
        return column if kept is None else take_rows(column, kept)

    def _changed(self, after: Standpoint) -> Integers | None:
        """The rows of the subjects whose facts changed, ascending; None where nobody knows."""
        before = self.standpoint.view
        if after.view is before or after.view.version == before.version:
            return np.zeros(0, np.int64)
        changes = after.view.changes_since(before.version)
        if changes is None:
            return None
        slots = changes.customers if after.subject is Subject.CUSTOMER else changes.accounts
        row_of = after.view.entities(RecordKind(after.subject.value)).row_of
        rows = row_of[slots[slots < len(row_of)]]
        return np.unique(rows[rows >= 0]).astype(np.int64)

    def _kept(self, after: Standpoint) -> Integers | None:
        """Which row of ours each row is, -1 of subjects that we do not have; None where they are the same."""
        kind = RecordKind(after.subject.value)
        old, new = self.standpoint.view.entities(kind), after.view.entities(kind)
        if old.slots is new.slots or np.array_equal(old.slots, new.slots):
            return None
        known = new.slots < len(old.row_of)
        kept = np.full(len(new.slots), -1, np.int64)
        kept[known] = old.row_of[new.slots[known]]
        return kept


@dataclass(frozen=True, slots=True, eq=False)
class _Refreshing:
    """One refresh of a state: `changed` rows have other facts."""

    state: AggregateState
    after: Standpoint
    changed: Integers
    kept: Integers | None
    cancelled: Cancelled | None

    def refresh(self) -> Refresh:
        """Those whose window turned or who are many are computed for all, the quiet ones for the changed rows."""
        rows = [self._rows(each) for each in self.state.aggregates]
        groups: dict[str, list[int]] = {"all": [], "quiet": [], "due": []}
        for number, each in enumerate(rows):
            group = "all" if each is None else "quiet" if len(each) == len(self.changed) else "due"
            groups[group].append(number)
        due = [each for number in groups["due"] if (each := rows[number]) is not None]
        together = np.unique(np.concatenate([np.zeros(0, np.int64), *due]))
        if len(together) * MANY > len(self.after.slots):
            groups["all"] += groups.pop("due")
        patches: dict[int, Patch] = {}
        moments: dict[Hashable, tuple[Integers | None, Integers]] = {}
        for group, numbers in groups.items():
            which = {"all": None, "quiet": self.changed, "due": together}[group]
            self._compute(numbers, which, patches, moments)
        return Refresh(self.after, tuple(patches[number] for number in range(len(rows))), moments, self.kept)

    def _rows(self, aggregate: CompiledAggregate) -> Integers | None:
        """The rows in which an aggregate may be another, ascending; None for all."""
        before, now = self.state.standpoint, self.after.now_us
        if now > before.now_us and turn_of(aggregate, before.now_us, before.zone) <= now:
            return None
        key = _key(aggregate)
        if now == before.now_us or self.state.soonest.get(key, NEVER) > now:
            return self.changed
        due = np.flatnonzero(moved_moments(self.state.moments[key], self.kept) <= now)
        rows = np.union1d(self.changed, due)
        return None if len(rows) * MANY > len(self.after.slots) else rows

    def _compute(
        self,
        numbers: Sequence[int],
        rows: Integers | None,
        patches: dict[int, Patch],
        moments: dict[Hashable, tuple[Integers | None, Integers]],
    ) -> None:
        if not numbers:
            return
        if rows is not None and not len(rows):
            patches.update((each, Patch(rows, take_rows(self.state.columns[each], rows))) for each in numbers)
            return
        work = Work(
            self.state.engine, tuple(self.state.aggregates[each] for each in numbers), self.after, self.cancelled
        )
        if rows is None:
            found, times = work.all(), _all_moments(work)
        else:
            slots = self.after.slots[rows]
            gathering = work.gathering(slots)
            found, times = work.of(gathering), _moments(work, gathering)
        patches.update((number, Patch(rows, column)) for number, column in zip(numbers, found, strict=True))
        for key, each in times.items():
            if key not in moments or rows is None:
                moments[key] = rows, each


def moved_moments(moments: Integers, kept: Integers | None) -> Integers:
    """The moments of rows that were others before; of new ones NEVER, since they are computed anyway."""
    if kept is None:
        return moments
    return np.where(kept >= 0, moments[np.maximum(kept, 0)] if len(moments) else NEVER, NEVER)


def _key(aggregate: CompiledAggregate) -> Hashable:
    """Equal for aggregates in whose windows the same facts come and go."""
    definition, chosen = aggregate.definition, aggregate.account_filter
    return definition.source, definition.roles, chosen.tree if chosen else None, definition.window.span


def _all_moments(work: Work) -> dict[Hashable, Integers]:
    found = _moments(work, work.gathering(None))
    rows = work.touched
    if len(rows):
        again = _moments(work, work.gathering(work.standpoint.slots[rows]))
        for key, values in again.items():
            found[key][rows] = values
    return found


def _moments(work: Work, gathering: Gathering) -> dict[Hashable, Integers]:
    """By key, from when on a fact more, or less, is in the window of each subject; none where only turns matter.

    Facts leave only windows that slide: where another begins does not matter.
    """
    found: dict[Hashable, Integers] = {}
    spans = [(each, each.definition.window.span) for each in work.aggregates]
    gathering.find_bounds([each for each, span in spans if sliding_us(span) >= 0])
    for aggregate, span in spans:
        entering, sliding = entering_us(span), sliding_us(span)
        if _key(aggregate) not in found and (entering != LEAST or sliding >= 0):
            bounds = gathering.bounds(aggregate)
            stops = gathering.rows_at(aggregate, bounds.to_us)
            starts = stops if sliding < 0 else gathering.rows_at(aggregate, bounds.from_us)
            ranges = gathering.gathered(aggregate).pairs.between(starts, stops)
            found[_key(aggregate)] = ranges.changes(entering, sliding)
    return found
