"""Scores of few rows whose like was asked before: from the request's bytes to the answer's in one go.

Requests of a shape that is new are answered the long way, which checks all there is to check. What is the same in every
request of that shape is kept then: its program, which column is which attribute, how the answer is worded. That is tied
to the catalogue with which it was made, and goes with it. Answers are never kept.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

from segmentd.api.v1 import membership_pb2
from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.api.wire import length_delimited, parse_request
from segmentd.engine.short_scores.program import short_program
from segmentd.engine.short_scores.requests import MAX_BYTES, ShortPlan, ShortRequests, plan_short
from segmentd.errors import SegmentdError
from segmentd.scoring import responses
from segmentd.scoring.memberships import Form
from segmentd.scoring.model import Answer, Plan
from segmentd.scoring.requests import moment_us
from segmentd.scoring.short_shapes import slots_of
from segmentd.segments.catalogue import Catalogue

__all__ = ["MAX_BYTES", "ShortScores"]

MAX_KNOWN: Final = 256
"""Shapes that are kept."""

MAX_SEEN: Final = 1_024
"""Shapes that were met once: many never come again, and to keep one takes as long as to answer it."""

MAX_KEPT_BYTES: Final = 65_536
"""Bytes of an answer that are kept of a shape, names and benefits: the benefits alone could have megabytes."""

_FORMS: Final = frozenset({Form.COUNTS, Form.IDS, Form.LISTS, Form.PLANES})
_BASIS: Final = b"\x0a"
_MEMBERSHIPS: Final = b"\x12"
"""Tags of a ScoreResponse."""


class Versions(Protocol):
    """Who knows what answers are computed from."""

    def current(self, ledger: str) -> Catalogue:
        """The definitions as they are now. Raises LedgerNotFoundError."""

    def data_version(self, ledger: str) -> int:
        """The data version of the resident customers, 0 where there are none."""

    def now_us(self) -> int:
        """The moment, in microseconds since 1970-01-01T00:00:00Z."""


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What is the same in all requests of a shape. `basis` is written to for each answer, by one thread."""

    ledger: str
    catalogue: Catalogue
    plan: ShortPlan
    basis: pb.AnswerBasis
    benefits: bytes


class ShortScores:
    """Answers requests of known shapes; for one thread. First `scan`, then `answer`, and `learn` if there was none."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._requests = ShortRequests()
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def scan(self, request: bytes) -> bytes | None:
        """The shape of a ScoreRequest, None where it has none: it is not short, or not of numbers alone."""
        return self._requests.scan(request)

    def answer(self, shape: bytes) -> tuple[bytes, int] | None:
        """The ScoreResponse to the request that was scanned last, and its rows.

        None if its shape is not known, the definitions have changed, a value is not allowed or the answer is too large:
        the long way tells.
        """
        known = self._known.get(shape)
        if known is None:
            return None
        if self._versions.current(known.ledger) is not known.catalogue:
            self._forget(known.catalogue)
            return None
        self._known.move_to_end(shape)
        now_us = self._now_us()
        memberships = self._requests.answer(known.plan)
        if memberships is None or now_us is None:
            return None
        known.basis.data_version = self._versions.data_version(known.ledger)
        known.basis.now.FromMicroseconds(now_us)
        basis = length_delimited(_BASIS, known.basis.SerializeToString())
        response = basis + length_delimited(_MEMBERSHIPS, memberships) + known.benefits
        return (response, known.plan.rows) if len(response) <= responses.MAX_RESPONSE_BYTES else None

    def learn(self, shape: bytes, request: bytes, plan: Plan, answer: Answer) -> None:
        """Keep what requests of this shape have in common, the second time that one is answered the long way."""
        if shape not in self._seen:
            self._seen[shape] = None
            if len(self._seen) > MAX_SEEN:
                self._seen.popitem(last=False)
            return
        del self._seen[shape]
        known = _know(request, plan, answer)
        if known is not None:
            self._known[shape] = known
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)

    def _now_us(self) -> int | None:
        """What `now` means to the request that was scanned last; None if that is no moment."""
        moment = self._requests.moment
        try:
            return self._versions.now_us() if moment is None else moment_us(*moment)
        except SegmentdError:
            return None

    def _forget(self, catalogue: Catalogue) -> None:
        """Keep nothing of a catalogue that is not current any more: it may be large."""
        for shape in [shape for shape, known in self._known.items() if known.catalogue is catalogue]:
            del self._known[shape]


def _know(request: bytes, plan: Plan, answer: Answer) -> _Known | None:
    question, catalogue = plan.question, plan.catalogue
    program = short_program(plan.program)
    if program is None or question.form not in _FORMS:
        return None
    message = parse_request(pb.ScoreRequest, request)
    slots = slots_of(message.features, catalogue.schemas[question.subject], plan.program)
    if slots is None:
        return None
    names = [membership_pb2.SegmentMembership(segment=name).SerializeToString() for name in plan.segments]
    basis = pb.AnswerBasis(catalogue_version=catalogue.version, absent_attributes=answer.basis.absent)
    room = MAX_KEPT_BYTES - sum(map(len, names)) - basis.ByteSize()
    benefits = _benefits(plan, room) if message.include_benefits else b""
    short = plan_short(program, slots, answer.verdicts.rows, question.form, names)
    if room < 0 or benefits is None or short is None:
        return None
    return _Known(question.ledger, catalogue, short, basis, benefits)


def _benefits(plan: Plan, room: int) -> bytes | None:
    """The field `benefits` of answers; None where it has more than `room` bytes, before much more is made."""
    fields = b""
    for each in responses.encode_benefits(plan):
        fields += pb.ScoreResponse(benefits=[each]).SerializeToString()
        if len(fields) > room:
            return None
    return fields
