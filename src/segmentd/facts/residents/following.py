"""Aggregates of a ledger's subject at one moment, or at the moment of asking, as they follow the book.

Those that were first asked for together are a group, which is computed together. Of a group one thread computes, and
others who ask of it wait; other groups, and columns that are already right, wait for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from segmentd.columns.column import BoolColumn, Column, FixedColumn
from segmentd.engine import Engine
from segmentd.facts.aggregates import Standpoint, compute_all
from segmentd.facts.aggregates.incremental import AggregateState
from segmentd.facts.residents.turns import Turns
from segmentd.ledger.compiled_aggregates import CompiledAggregate

Cancelled = Callable[[], bool]
Definitions = Mapping[str, CompiledAggregate]


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A state, without the facts that it was computed from, and since when its values have been what they are."""

    state: AggregateState
    since_us: int

    @classmethod
    def of(cls, state: AggregateState, before: Held | None = None) -> Self:
        """The state, which came out of the one before."""
        since_us = state.standpoint.now_us
        if before is not None and before.is_of_version(state.standpoint):
            same = all(new is old for new, old in zip(state.columns, before.state.columns, strict=True))
            since_us = before.since_us if same else since_us
        return cls(state.without_facts(), since_us)

    def is_of_version(self, standpoint: Standpoint) -> bool:
        """Whether it is of the facts of a standpoint, row by row."""
        ours = self.state.standpoint
        if ours.view.version != standpoint.view.version:
            return False
        return ours.slots is standpoint.slots or np.array_equal(ours.slots, standpoint.slots)

    def covers(self, standpoint: Standpoint) -> bool:
        """Whether its values are those of a standpoint."""
        now = standpoint.now_us
        is_then = self.since_us <= now < self.state.next_change_us or now == self.state.standpoint.now_us
        return is_then and self.is_of_version(standpoint)

    def is_beyond(self, standpoint: Standpoint) -> bool:
        """Whether it would have to go back, which takes as long as beginning anew."""
        return standpoint.view.version < self.state.standpoint.view.version or standpoint.now_us < self.since_us

    def advanced(self, standpoint: Standpoint, cancelled: Cancelled | None) -> Held:
        """What is held of a standpoint that it is not beyond. Raises EvaluationCancelledError, DistinctLimitError."""
        state, now = self.state, standpoint.now_us
        if now < state.standpoint.now_us:  # and nothing has changed between them
            state = replace(state, standpoint=replace(state.standpoint, now_us=now))
        return Held.of(state.advance(standpoint.view, now, cancelled=cancelled), self)


@dataclass(slots=True, eq=False)
class Group:
    """Aggregates that are computed together, and what is held of them: None until they were computed once."""

    definitions: Definitions
    held: Held | None = None
    turns: Turns = field(default_factory=Turns)
    _aside: Turns = field(default_factory=Turns)

    def find(self, standpoint: Standpoint) -> Mapping[str, Column] | None:
        """The columns at a standpoint, if they are held; waits for nobody."""
        held = self.held
        return self._named(held.state.columns) if held is not None and held.covers(standpoint) else None

    def columns(
        self, engine: Engine, standpoint: Standpoint, cancelled: Cancelled | None
    ) -> tuple[Mapping[str, Column], bool]:
        """The columns at a standpoint, and whether what is held is of it.

        Those of one that is past are computed and not kept, for one call after the other. Raises
        EvaluationCancelledError, DistinctLimitError.
        """
        if (found := self.find(standpoint)) is not None:
            return found, True
        age = standpoint.view.version, standpoint.now_us
        with self.turns.turn(age, cancelled):
            if (found := self.find(standpoint)) is not None:
                return found, True
            if self.held is None or not self.held.is_beyond(standpoint):
                self.held = self._follow(engine, standpoint, cancelled)
                return self._named(self.held.state.columns), True
        with self._aside.turn(age, cancelled):
            wanted = tuple(self.definitions.values())
            return self._named(compute_all(engine, wanted, standpoint, cancelled=cancelled)), False

    def _follow(self, engine: Engine, standpoint: Standpoint, cancelled: Cancelled | None) -> Held:
        if self.held is not None:
            return self.held.advanced(standpoint, cancelled)
        wanted = tuple(self.definitions.values())
        return Held.of(AggregateState.start(engine, wanted, standpoint, cancelled=cancelled))

    def _named(self, columns: tuple[Column, ...] | list[Column]) -> Mapping[str, Column]:
        return dict(zip(self.definitions, columns, strict=True))


class Followed:
    """The groups of a subject and moment. Threads may share it."""

    def __init__(self) -> None:
        self._groups: tuple[Group, ...] = ()
        self._changing = threading.Lock()

    def columns(
        self, engine: Engine, standpoint: Standpoint, wanted: Definitions, cancelled: Cancelled | None
    ) -> tuple[dict[str, Column], bool]:
        """The wanted columns and others that are right at the standpoint; whether what is held is of it.

        Raises EvaluationCancelledError, DistinctLimitError.
        """
        asked = self._asked(wanted)
        found = {id_: column for group in self._groups for id_, column in (group.find(standpoint) or {}).items()}
        is_held = True
        for group in asked:
            try:
                columns, of_group = group.columns(engine, standpoint, cancelled)
            except BaseException:
                self._forget(group)
                raise
            found.update(columns)
            is_held = is_held and of_group
        return found, is_held

    @property
    def nbytes(self) -> int:
        """Bytes in memory, of what is held."""
        return sum(map(_nbytes, self.states()))

    def states(self) -> Iterator[AggregateState]:
        """What is held, of each group."""
        return (group.held.state for group in self._groups if group.held is not None)

    def named_states(self) -> Iterator[tuple[AggregateState, Definitions]]:
        """What is held, each with its aggregates by id."""
        held = ((group.held, group.definitions) for group in self._groups)
        return ((each.state, definitions) for each, definitions in held if each is not None)

    def _asked(self, wanted: Definitions) -> list[Group]:
        """The groups that have what is wanted, one of what is in none yet first. Those of other definitions go."""
        with self._changing:
            kept = [group for group in self._groups if _agree(group.definitions, wanted)]
            known = {id_ for group in kept for id_ in group.definitions}
            if lacking := {id_: each for id_, each in wanted.items() if id_ not in known}:
                kept.insert(0, Group(lacking))
            self._groups = tuple(kept)
        return [group for group in kept if group.definitions.keys() & wanted.keys()]

    def _forget(self, group: Group) -> None:
        """Forget a group that was never computed, unless others do so now: who asks next may want less."""
        with self._changing:
            if group.held is None and group.turns.is_idle:
                self._groups = tuple(each for each in self._groups if each is not group)


def _agree(one: Definitions, other: Definitions) -> bool:
    return all(one[id_] == other[id_] for id_ in one.keys() & other.keys())


def _nbytes(state: AggregateState) -> int:
    moments = sum(each.nbytes for each in state.moments.values())
    return moments + sum(map(_column_nbytes, state.columns)) + state.standpoint.slots.nbytes


def _column_nbytes(column: Column) -> int:
    if isinstance(column, FixedColumn | BoolColumn):
        return column.values.nbytes + (0 if column.validity is None else column.validity.nbytes)
    return int(column.codes.nbytes + column.dictionary.nbytes)
