"""Which accounts are a segment's: those of its members, or its members themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.api.errors import InvalidFieldError
from segmentd.columns.planes import word_count
from segmentd.engine.facts.groups import Planes, Run
from segmentd.engine.facts.groups_members import AT_ONCE, OwnerLinks, Owners, carry_over, find_owners
from segmentd.facts.kinds import RecordKind
from segmentd.facts.residents.taking import Taken
from segmentd.facts.views import BookView
from segmentd.ledger.population import Population
from segmentd.schema import SELECTABLE, Subject
from segmentd.scoring.balances.question import BalanceQuestion, Dimension
from segmentd.scoring.memberships import Form
from segmentd.scoring.model import Plan, Question
from segmentd.scoring.service import Cancelled, Scoring
from segmentd.segments.catalogue import Catalogue
from segmentd.segments.errors import UnknownSegmentError

KEPT_BYTES: Final = 256 << 20
"""Planes of accounts that are kept, to be used for several months; others are made again."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some of the segments that are asked for: from which place on, and planes of accounts, uint64[segments, words].

    `undecided`: accounts that are not in, and for which it is unknown.
    """

    first: int
    members: Planes
    undecided: Planes


@dataclass(frozen=True, eq=False)
class Subjects:
    """The residents of one moment, one state of the definitions and one data version, and who owns which accounts.

    `roles`: of owners that count; none: all.
    """

    scoring: Scoring
    catalogue: Catalogue
    taken: Taken
    as_of_us: int
    roles: tuple[str, ...]
    cancelled: Cancelled

    @property
    def view(self) -> BookView:
        """The facts."""
        return self.taken.view

    @property
    def accounts(self) -> int:
        """How many accounts there are."""
        return self.view.entities(RecordKind.ACCOUNT).batch.rows

    @cached_property
    def owners(self) -> Owners:
        """The owners that count of each account."""
        holdings = self.view.holdings()
        accounts, customers = (self.view.entities(kind) for kind in (RecordKind.ACCOUNT, RecordKind.CUSTOMER))
        allowed = np.array([not self.roles or role in self.roles for role in holdings.role_names], np.bool_)
        links = OwnerLinks(holdings.offsets, holdings.accounts, holdings.roles, allowed)
        return find_owners(links, accounts.row_of, accounts.batch.rows, customers.row_of)

    def population(self, plan: Plan) -> Population:
        """The residents that a plan is about, row by row those of the book, also where others came meanwhile."""
        return self.scoring.complete(plan, self.taken.populations[plan.question.subject], self.cancelled)


@dataclass(slots=True, eq=False)
class Memberships:
    """The accounts of segments, a chunk at a time, as of one moment and one state of the definitions."""

    subjects: Subjects
    segments: tuple[str, ...]
    run: Run
    _kept: dict[int, Chunk] = field(default_factory=dict)
    _absent: set[str] = field(default_factory=set)

    @property
    def absent(self) -> tuple[str, ...]:
        """Nullable attributes that the segments read and nobody has."""
        return tuple(sorted(self._absent))

    def chunks(self) -> Iterator[Chunk]:
        """The segments in their order, up to 64 at a time. Raises EvaluationCancelledError, and as evaluation does."""
        size = 16 * len(self.segments) * word_count(self.subjects.accounts)
        for first in range(0, len(self.segments), AT_ONCE):
            chunk = self._kept.get(first) or self._evaluate(first)
            if size <= KEPT_BYTES:
                self._kept[first] = chunk
            yield chunk

    def _evaluate(self, first: int) -> Chunk:
        segments = self.segments[first : first + AT_ONCE]
        words = word_count(self.subjects.accounts)
        members, undecided = np.zeros((2, len(segments), words), np.uint64)
        for subject in (Subject.CUSTOMER, Subject.ACCOUNT):
            places = [place for place, each in enumerate(segments) if self._subject(each) is subject]
            if places:
                found, unknown = self._planes(subject, [segments[place] for place in places])
                members[places], undecided[places] = found, unknown & ~found
        return Chunk(first, members, undecided)

    def _subject(self, segment: str) -> Subject:
        return self.subjects.catalogue.segments[segment].segment.subject

    def _planes(self, subject: Subject, segments: Sequence[str]) -> tuple[Planes, Planes]:
        """Members and unknowns among the accounts, of segments of one subject."""
        about, moment = self.subjects, self.subjects.as_of_us
        asked = Question(about.catalogue.ledger.id, subject, tuple(segments), form=Form.PLANES, now_us=moment)
        plan = about.scoring.plan_within(about.catalogue, asked)
        population = about.population(plan)
        resident = about.scoring.bind(plan, population, about.cancelled)
        self._absent.update(resident.basis.absent)
        verdicts = about.scoring.evaluate_range(resident, (0, population.batch.rows), about.cancelled)
        members, unknowns = verdicts.known_planes()
        if subject is Subject.ACCOUNT:
            return members, unknowns
        return carry_over(members, about.owners, self.run), carry_over(unknowns, about.owners, self.run)


def union_of(chunks: Iterator[Chunk], accounts: int) -> npt.NDArray[np.uint64]:
    """The accounts that are in any of the segments."""
    total = np.zeros(word_count(accounts), np.uint64)
    for chunk in chunks:
        total |= np.bitwise_or.reduce(chunk.members, axis=0)
    return total


def segments_of(question: BalanceQuestion, catalogue: Catalogue) -> tuple[str, ...]:
    """The segments that are asked for; where none are named, and groups are by segment, all active ones, by id.

    Raises UnknownSegmentError, InvalidFieldError.
    """
    if question.segments:
        return _named(question.segments, catalogue)
    if not question.has(Dimension.SEGMENT):
        return ()
    return tuple(sorted(each for subject in SELECTABLE for each in catalogue.asked(subject, ())))


def _named(segments: tuple[str, ...], catalogue: Catalogue) -> tuple[str, ...]:
    seen = set()
    for index, segment in enumerate(segments):
        if segment not in catalogue.segments:
            raise UnknownSegmentError(segment, tuple(catalogue.segments), f"segments[{index}]")
        if segment in seen:
            raise InvalidFieldError(f"segments[{index}]", segment, "each segment may be named once")
        seen.add(segment)
    return segments
