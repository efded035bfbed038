"""Callers who leave while they are answered: an event of the call, and no error of the server."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import grpc
import pytest

from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import membership_pb2 as memberships
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.server.app import Server
from segmentd.server.departures import GRPC, ignore_departures, is_failure
from tests.server.api import Api
from tests.server.bank import score_request


class ExecuteBatchError(Exception):
    """Of the name of gRPC's."""


class Records(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.kept.append(record)


def record(error: Exception) -> logging.LogRecord:
    """What is logged of an exception."""
    return logging.LogRecord(
        GRPC.name, logging.ERROR, __file__, 1, "failed", (), (type(error), error, error.__traceback__)
    )


def test_other_failures_are_kept() -> None:
    """Only what gRPC raises where nobody takes an answer is left out."""
    assert not is_failure(record(ExecuteBatchError()))
    assert is_failure(record(ValueError()))
    assert is_failure(logging.LogRecord(GRPC.name, logging.ERROR, __file__, 1, "failed", (), None))


@pytest.fixture
def errors() -> Iterator[list[logging.LogRecord]]:
    """What gRPC logs in the test, with departures ignored."""
    records = Records()
    ignore_departures()
    GRPC.addHandler(records)
    yield records.kept
    GRPC.removeHandler(records)
    GRPC.removeFilter(is_failure)


def test_a_caller_who_leaves_midway_is_no_error(
    bank: Api, bank_server: Server, errors: list[logging.LogRecord]
) -> None:
    """A stream that is cancelled while answers are sent ends without a record of gRPC's."""
    rows = features.FeatureBatch(columns=features.ColumnBatch(row_count=1 << 20))
    request = scoring.StreamScoresRequest(
        request=score_request(rows, form=memberships.MEMBERSHIP_FORM_PLANES, segments=["adult"])
    )
    with grpc.insecure_channel(f"127.0.0.1:{bank_server.port}") as channel:
        call = Api(channel).start("StreamScores", [request] * 200)
        next(call)
        # Which gives the server time to fill the connection.
        bank.call("StreamScores", [request] * 100)
        call.cancel()
    bank.call("StreamScores", [request] * 10)
    assert errors == []
