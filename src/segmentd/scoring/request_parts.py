"""A ScoreRequest in two parts, before anything is parsed: what it asks, and of whom.

The subjects can be megabytes and differ in every request; what is asked is short, and mostly the same as last time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

from segmentd.api.errors import MalformedRequestError
from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.api.wire import MessageT, parse_request
from segmentd.engine.requests import message as wire
from segmentd.engine.requests.vectors import Vectors, survey_vectors


@unique
class Subjects(Enum):
    """Of whom a request asks, and how they come."""

    COLUMNS = wire.COLUMNS
    VECTORS = wire.VECTORS
    ARROW = wire.ARROW
    CUSTOMERS = wire.RESIDENTS
    ACCOUNTS = wire.ACCOUNTS
    NO_FORM = wire.NO_FORM
    NOBODY = wire.NOBODY


@dataclass(frozen=True, slots=True)
class RequestParts:
    """The parts of a request. What is in `question` and `body` has not been looked at, unless there are `vectors`.

    `question`: the bytes of a ScoreRequest without its subjects, as they came; equal bytes ask the same.
    `body`: by `subjects`, a ColumnBatch, a VectorBatch, an Arrow stream, ResidentCustomers or
    ResidentAccounts; empty for the others.
    `columns`: how many a ColumnBatch has. `vectors`: the VectorBatch in `body`, looked through. `type_name`: what a
    caller is told that the bytes are not.
    """

    question: bytes
    subjects: Subjects
    body: wire.Message
    columns: int
    vectors: Vectors | None
    type_name: str

    def parse_question(self) -> pb.ScoreRequest:
        """The request without its subjects. Raises MalformedRequestError."""
        return parse_request(pb.ScoreRequest, self.question, within=self.type_name)

    def parse_body(self, message_type: type[MessageT]) -> MessageT:
        """The body as a message of the type that `subjects` says. Raises MalformedRequestError."""
        return self.parse_as(message_type, bytes(self.body))

    def parse_as(self, message_type: type[MessageT], data: bytes) -> MessageT:
        """A part of the body. Raises MalformedRequestError, about the whole request."""
        return parse_request(message_type, data, within=self.type_name)


def split_request(raw: bytes, *, streamed: bool) -> RequestParts:
    """The parts of a ScoreRequest, or of the StreamScoresRequest that holds one. Raises MalformedRequestError."""
    type_name = _TYPES[streamed].DESCRIPTOR.full_name
    try:
        located = wire.locate_subjects(raw, streamed=streamed) or _locate_merged(raw, streamed=streamed)
        vectors = survey_vectors(located.body) if located.subjects == wire.VECTORS else None
    except wire.NotAMessageError as error:
        raise MalformedRequestError(type_name) from error
    return RequestParts(located.rest, Subjects(located.subjects), located.body, located.columns, vectors, type_name)


def _locate_merged(raw: bytes, *, streamed: bool) -> wire.Located:
    """The parts after protobuf's own parser has merged what comes more than once, which no usual client sends."""
    message = parse_request(_TYPES[streamed], raw)
    request = message.request if isinstance(message, pb.StreamScoresRequest) else message
    located = wire.locate_subjects(request.SerializeToString(), streamed=False)
    if located is None:
        raise wire.NotAMessageError
    return located


_TYPES: dict[bool, type[pb.ScoreRequest | pb.StreamScoresRequest]] = {
    False: pb.ScoreRequest,
    True: pb.StreamScoresRequest,
}
