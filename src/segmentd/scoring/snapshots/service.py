"""The use cases of snapshots: create, get, list, delete, compare, and forget people."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.api.errors import AlreadyExistsError, InvalidFieldError
from segmentd.api.names import SnapshotName
from segmentd.columns.planes import word_count
from segmentd.schema import Subject
from segmentd.scoring.memberships import Form
from segmentd.scoring.model import Plan, Question
from segmentd.scoring.pages import windows
from segmentd.scoring.service import Cancelled, Scoring
from segmentd.scoring.snapshots.comparison import SegmentComparison, compare
from segmentd.scoring.snapshots.errors import SnapshotNotFoundError, SnapshotTooLargeError, TooManySnapshotsError
from segmentd.scoring.snapshots.model import Content, Snapshot, SnapshotSegment, counted, without
from segmentd.segments.model import State

MAX_SNAPSHOTS: Final = 256
"""Snapshots of a ledger."""

MAX_MEMBERSHIPS: Final = 1 << 31
"""Rows by segments of a snapshot: half a gigabyte of planes."""


class SnapshotStore(Protocol):
    """Keeps snapshots. Every method raises StoreFailedError, having changed nothing."""

    def load(self) -> Iterator[Snapshot]:
        """All snapshots, without their content."""

    def write(self, snapshot: Snapshot, content: Content) -> None:
        """Keep a snapshot, or a new state of it."""

    def read(self, snapshot: Snapshot) -> Content:
        """Who was in what."""

    def delete(self, name: SnapshotName) -> None:
        """Forget a snapshot."""


@dataclass(frozen=True, slots=True)
class SnapshotDraft:
    """A snapshot as a caller asks for it. `now_us` None: the moment of asking."""

    display_name: str = ""
    subject: Subject = Subject.CUSTOMER
    segments: tuple[str, ...] = ()
    now_us: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Two states, `left_out` segments that only one has, and the others one by one."""

    first: Snapshot
    later: Snapshot
    left_out: tuple[str, ...]
    segments: tuple[SegmentComparison, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Forgotten:
    """People of a ledger who are to be in no snapshot."""

    ledger_id: str
    subject: Subject
    ids: pa.StringArray

    def left_out_of(self, snapshot: Snapshot, content: Content) -> tuple[Snapshot, Content]:
        """The snapshot without them; the same objects where none of them is in it."""
        if (snapshot.name.ledger, snapshot.subject) != (self.ledger_id, self.subject):
            return snapshot, content
        gone = pc.is_in(content.ids, self.ids).to_numpy(zero_copy_only=False)
        return without(snapshot, content, gone) if gone.any() else (snapshot, content)


class Snapshots:
    """The snapshots of all ledgers. Threads may share it; changes run one after the other."""

    def __init__(self, store: SnapshotStore, scoring: Scoring) -> None:
        """Raises StoreFailedError, or SnapshotDamagedError for a file that cannot be read."""
        self._store = store
        self._scoring = scoring
        self._known: Mapping[SnapshotName, Snapshot] = {snapshot.name: snapshot for snapshot in store.load()}
        self._changing = threading.Lock()
        self._taking: list[list[Forgotten]] = []

    def get(self, name: SnapshotName) -> Snapshot:
        """The snapshot. Raises LedgerNotFoundError or SnapshotNotFoundError."""
        self._scoring.current(name.ledger)
        found = self._known.get(name)
        if found is None:
            raise SnapshotNotFoundError(name.snapshot, tuple(self._of(name.ledger)))
        return found

    def list_after(self, ledger_id: str, last_id: str) -> tuple[Snapshot, ...]:
        """All snapshots of a ledger whose id comes after `last_id`, by id. Raises LedgerNotFoundError."""
        self._scoring.current(ledger_id)
        return tuple(snapshot for id_, snapshot in sorted(self._of(ledger_id).items()) if id_ > last_id)

    def create(self, name: SnapshotName, draft: SnapshotDraft, cancelled: Cancelled) -> Snapshot:
        """Evaluate and keep. Raises AlreadyExistsError, TooManySnapshotsError, or as an evaluation does."""
        self._check_new(name)
        with self._hearing() as forgotten:
            snapshot, content = self._take(name, draft, cancelled)
            with self._changing:
                self._check_new(name)
                for each in forgotten:
                    snapshot, content = each.left_out_of(snapshot, content)
                self._store.write(snapshot, content)
                self._known = {**self._known, name: snapshot}
        return snapshot

    def delete(self, name: SnapshotName) -> None:
        """Forget a snapshot."""
        with self._changing:
            self.get(name)
            self._store.delete(name)
            self._known = {other: snapshot for other, snapshot in self._known.items() if other != name}

    def compare(
        self, name: SnapshotName, other: SnapshotName | None, segments: Sequence[str], cancelled: Cancelled
    ) -> Compared:
        """A snapshot with a later one, or with now. Raises InvalidFieldError for subjects or segments that differ."""
        first = self.get(name)
        later, after = self._later(first, other, cancelled)
        wanted = [id_ for id_ in first.segment_ids if id_ in later.segment_ids]
        for number, segment in enumerate(segments):
            if segment not in wanted:
                raise InvalidFieldError(f"segments[{number}]", segment, f"both have {', '.join(wanted) or 'none'}")
        chosen = set(segments or wanted)
        compared = compare(first, self._store.read(first), later, after)
        left_out = sorted(set(first.segment_ids).symmetric_difference(later.segment_ids))
        return Compared(first, later, tuple(left_out), tuple(each for each in compared if each.id in chosen))

    def forget(self, ledger_id: str, subject: Subject, ids: pa.StringArray) -> int:
        """Take people out of every snapshot of a ledger; how many snapshots had any of them."""
        forgotten, changed = Forgotten(ledger_id, subject, ids), 0
        with self._changing:
            for taken in self._taking:
                taken.append(forgotten)
            for snapshot in self._of(ledger_id).values():
                if snapshot.subject is not subject:
                    continue
                content = self._store.read(snapshot)
                smaller, kept = forgotten.left_out_of(snapshot, content)
                if kept is not content:
                    self._store.write(smaller, kept)
                    self._known = {**self._known, snapshot.name: smaller}
                    changed += 1
        return changed

    @contextmanager
    def _hearing(self) -> Iterator[list[Forgotten]]:
        """Who is forgotten while a snapshot is taken, which may have been evaluated before."""
        forgotten: list[Forgotten] = []
        with self._changing:
            self._taking.append(forgotten)
        try:
            yield forgotten
        finally:
            with self._changing:
                self._taking = [each for each in self._taking if each is not forgotten]

    def _of(self, ledger_id: str) -> dict[str, Snapshot]:
        return {name.snapshot: snapshot for name, snapshot in self._known.items() if name.ledger == ledger_id}

    def _check_new(self, name: SnapshotName) -> None:
        if name in self._known:
            raise AlreadyExistsError(str(name))
        if len(self._of(name.ledger)) >= MAX_SNAPSHOTS:
            raise TooManySnapshotsError(MAX_SNAPSHOTS)

    def _later(self, first: Snapshot, other: SnapshotName | None, cancelled: Cancelled) -> tuple[Snapshot, Content]:
        if other is None:
            current = self._scoring.current(first.name.ledger).definitions(first.subject)
            known = tuple(id_ for id_ in first.segment_ids if id_ in current)
            draft = SnapshotDraft(subject=first.subject, segments=known)
            return self._take(replace(first.name, snapshot=""), draft, cancelled, exact=True)
        later = self.get(other)
        if other.ledger != first.name.ledger or later.subject is not first.subject:
            raise InvalidFieldError("other", str(other), f"a snapshot of {first.subject}s of {first.name.ledger!r}")
        return later, self._store.read(later)

    def _take(
        self, name: SnapshotName, draft: SnapshotDraft, cancelled: Cancelled, *, exact: bool = False
    ) -> tuple[Snapshot, Content]:
        """What is so as of a moment. `exact`: the named segments, also where none is named."""
        question = Question(name.ledger, draft.subject, draft.segments, form=Form.PLANES, now_us=draft.now_us)
        plan = self._scoring.plan(question)
        if exact and not draft.segments:
            plan = replace(plan, segments=())
        content, data_version = self._evaluate(plan, cancelled)
        snapshot = Snapshot(
            name=name,
            display_name=draft.display_name,
            subject=draft.subject,
            now_us=plan.now_us,
            segments=tuple(SnapshotSegment(id_, _expression(plan, id_), 0, 0) for id_ in plan.segments),
            create_time=datetime.now(UTC),
            data_version=data_version,
            catalogue_version=plan.catalogue.version,
            rows=len(content.ids),
        )
        return counted(snapshot, content), content

    def _evaluate(self, plan: Plan, cancelled: Cancelled) -> tuple[Content, int]:
        population = self._scoring.population(plan, cancelled)
        rows, segments = population.batch.rows, len(plan.segments)
        if rows * segments > MAX_MEMBERSHIPS:
            raise SnapshotTooLargeError(rows, segments, MAX_MEMBERSHIPS)
        members, unknowns = (np.zeros((segments, word_count(rows)), np.uint64) for _ in range(2))
        if segments:
            resident = self._scoring.bind(plan, population, cancelled)
            for window in windows(0, rows, segments, Form.PLANES):
                verdicts = self._scoring.evaluate_range(resident, window, cancelled)
                words = slice(window[0] // 64, window[0] // 64 + word_count(verdicts.rows))
                members[:, words], unknowns[:, words] = verdicts.known_planes()
        return Content(population.ids, members, unknowns), population.data_version


def _expression(plan: Plan, segment_id: str) -> str:
    segment = plan.catalogue.segment(segment_id)
    return segment.expression if segment.state is State.ACTIVE else ""
