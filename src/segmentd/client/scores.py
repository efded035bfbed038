"""Scoring: what a request asks, and the answer for one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.client.call import Call, Exchange, Scope
from segmentd.client.computed import Computed, read_computed
from segmentd.client.errors import SegmentdCallError, read_status
from segmentd.client.features import Features, encode_features
from segmentd.client.membership import Count, Form, Memberships, read_memberships
from segmentd.client.moments import from_timestamp, to_timestamp
from segmentd.client.segments import Benefit, read_benefit
from segmentd.client.values import encode_subject
from segmentd.client.verdicts import Bools, Rows
from segmentd.client.wire import Pieces, field
from segmentd.schema import Subject

if TYPE_CHECKING:
    from pyroaring import BitMap


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about subjects. No `segments`: all active ones. No `now`: the server's time of the call.

    `computed` names attributes of any kind whose values are returned; `id_column` the column of the features that holds
    the subjects' ids.
    """

    segments: Sequence[str] = ()
    form: Form | str = Form.PLANES
    now: datetime | None = None
    computed: Sequence[str] = ()
    benefits: bool = False
    subject: Subject | str = Subject.CUSTOMER
    id_column: str | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer was computed from. `absent_attributes` were read, not given, and so missing on every row."""

    catalogue_version: int
    data_version: int
    now: datetime
    absent_attributes: tuple[str, ...]


@dataclass(frozen=True)
class ScoreResult:
    """The answer for one batch.

    `missing_rows` are the rows of ids that the ledger lacks; `benefits` and `computed` hold what was asked for.
    """

    basis: Basis
    memberships: Memberships
    missing_rows: Rows
    benefits: Mapping[str, tuple[Benefit, ...]]
    message: pb.ScoreResponse

    @property
    def counts(self) -> Mapping[str, Count]:
        """Members and unknowns of each segment."""
        return self.memberships.counts

    def members(self, segment: str) -> Bools:
        """True for each row that is in the segment; see `Memberships` for all ways to read who is."""
        return self.memberships.members(segment)

    def unknown(self, segment: str) -> Bools:
        """True for each row for which it is unknown."""
        return self.memberships.unknown(segment)

    def member_rows(self, segment: str) -> Rows:
        """Row numbers of the members, ascending."""
        return self.memberships.member_rows(segment)

    def unknown_rows(self, segment: str) -> Rows:
        """Row numbers of those for whom it is unknown, ascending."""
        return self.memberships.unknown_rows(segment)

    def member_ids(self, segment: str) -> list[str]:
        """Ids of the members; forms ids, arrow and lists."""
        return self.memberships.member_ids(segment)

    def unknown_ids(self, segment: str) -> list[str]:
        """Ids of those for whom it is unknown; forms ids, arrow and lists."""
        return self.memberships.unknown_ids(segment)

    def member_id_array(self, segment: str) -> Any:
        """The members' ids as a `pyarrow.Array`; of the form arrow without a Python object an id."""
        return self.memberships.member_id_array(segment)

    def member_bitmap(self, segment: str) -> BitMap:
        """The members' row numbers as a Roaring bitmap."""
        return self.memberships.member_bitmap(segment)

    @cached_property
    def computed(self) -> Mapping[str, Computed]:
        """The values of the attributes asked for, by id."""
        columns = map(read_computed, self.message.computed)
        return {column.id: column for column in columns}

    def to_arrow(self) -> Any:
        """The memberships as a `pyarrow.Table`, see `Memberships.to_arrow`."""
        return self.memberships.to_arrow()


def score(  # noqa: PLR0913 - an option each field of the request
    scope: Scope,
    features: Features | None = None,
    *,
    ids: Sequence[str] | None = None,
    segments: Sequence[str] = (),
    form: Form | str = Form.PLANES,
    now: datetime | None = None,
    computed: Sequence[str] = (),
    benefits: bool = False,
    subject: Subject | str = Subject.CUSTOMER,
    id_column: str | None = None,
) -> Call[ScoreResult]:
    """Say who is in which segment: for subjects whose `features` are given, or for resident ones by `ids`.

    `features` is a mapping of attribute ids to NumPy arrays or lists, a pandas or Polars DataFrame, or an Arrow table;
    the other options are those of `Question`. Raises SegmentdCallError.
    """
    question = Question(segments, form, now, computed, benefits, subject, id_column)
    if (features is None) == (ids is None):
        raise ValueError("give either features or ids")
    if ids is None:
        request = b"".join(encode_score(features, scope, question))
    else:
        request = encode_question(scope, question).SerializeToString() + encode_ids(ids, question).SerializeToString()
    return Call("ScoringService/Score", request, pb.ScoreResponse, partial(read_score, form=Form(form)))


def stream_scores(  # noqa: PLR0913 - as above
    scope: Scope,
    *,
    segments: Sequence[str] = (),
    form: Form | str = Form.PLANES,
    now: datetime | None = None,
    computed: Sequence[str] = (),
    benefits: bool = False,
    subject: Subject | str = Subject.CUSTOMER,
    id_column: str | None = None,
) -> Exchange[Features, ScoreResult | SegmentdCallError]:
    """Score many batches of features on one stream: an answer each, in order, while later batches are under way.

    What is wrong with one batch is the answer to it, a SegmentdCallError that is not raised, and the stream goes on.
    The options are those of `Question`, the same for all batches.
    """
    question = Question(segments, form, now, computed, benefits, subject, id_column)
    encode = partial(encode_batch, scope=scope, question=question)
    read = partial(read_outcome, form=Form(form))
    return Exchange("ScoringService/StreamScores", encode, pb.StreamScoresResponse, read)


def encode_question(scope: Scope, question: Question) -> pb.ScoreRequest:
    """The request without subjects."""
    return pb.ScoreRequest(
        parent=scope.parent,
        segments=question.segments,
        subject=encode_subject(question.subject),
        form=Form(question.form).to_message(),
        include_benefits=question.benefits,
        computed_attributes=question.computed,
        now=to_timestamp(question.now),
    )


def encode_ids(ids: Sequence[str], question: Question) -> pb.ScoreRequest:
    """A request of nothing but residents of the question's subject."""
    if Subject(question.subject) is Subject.ACCOUNT:
        return pb.ScoreRequest(accounts=pb.ResidentAccounts(ids=ids))
    return pb.ScoreRequest(customers=pb.ResidentCustomers(ids=ids))


def encode_score(features: Features, scope: Scope, question: Question) -> Pieces:
    """The ScoreRequest with features."""
    batch = encode_features(features, question.id_column)
    asked = encode_question(scope, question).SerializeToString()
    return [asked, *field(pb.ScoreRequest.FEATURES_FIELD_NUMBER, batch)]


def encode_batch(features: Features, scope: Scope, question: Question) -> bytes:
    """One StreamScoresRequest. The features may be changed afterwards."""
    return b"".join(field(pb.StreamScoresRequest.REQUEST_FIELD_NUMBER, encode_score(features, scope, question)))


def read_basis(basis: pb.AnswerBasis) -> Basis:
    """What a response was computed from."""
    now = from_timestamp(basis.now)
    return Basis(basis.catalogue_version, basis.data_version, now, tuple(basis.absent_attributes))


def read_score(response: pb.ScoreResponse, form: Form) -> ScoreResult:
    """The answer of a response that was asked for in `form`."""
    return ScoreResult(
        basis=read_basis(response.basis),
        memberships=read_memberships(response.memberships, form),
        missing_rows=np.array(response.missing_rows, np.int64),
        benefits={found.segment: tuple(map(read_benefit, found.benefits)) for found in response.benefits},
        message=response,
    )


def read_outcome(response: pb.StreamScoresResponse, form: Form) -> ScoreResult | SegmentdCallError:
    """The answer to one batch of a stream, or the error that was wrong with it."""
    if response.HasField("error"):
        return read_status(response.error)
    return read_score(response.response, form)
