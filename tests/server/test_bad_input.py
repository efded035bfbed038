"""Every method refuses what is wrong with a status, a reason and the field, and goes on as if nothing had been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pyarrow.parquet as pq
import pytest

from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.api.v1 import segment_service_pb2 as segments
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from tests.server.api import METHODS, Api, refusal_from
from tests.server.bank import MAIN, customers, define, score_request
from tests.server.wrong import WRONG, Wrong
from tests.server.wrong.segments import EXPRESSIONS

LIMIT_BYTES = 1 << 20


@dataclass(frozen=True)
class Bank:
    """A server with a small bank, and what it says while nothing is wrong."""

    api: Api
    usual: tuple[Any, ...]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """A bank whose server takes requests of at most 1 MiB."""
    directory = tmp_path_factory.mktemp("bank")
    pq.write_table(customers(), directory / "customers.parquet")
    config = ServerConfig(
        data_dir=directory / "data",
        port=0,
        threads=2,
        drain_s=1.0,
        population=directory / "customers.parquet",
        max_request_bytes=LIMIT_BYTES,
    )
    with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        api = Api(channel)
        api.call(
            "CreateLedger",
            ledgers.CreateLedgerRequest(ledger_id="empty", ledger=ledgers.Ledger(currency_code="EUR")),
        )
        define(api)
        yield Bank(api, state(api))


def state(api: Api) -> tuple[Any, ...]:
    """All ledgers with their catalogue versions, all segments, and what the customers score."""
    answer = api.call("Score", score_request())
    return (
        list(api.call("ListLedgers", ledgers.ListLedgersRequest()).ledgers),
        list(api.call("ListSegments", segments.ListSegmentsRequest(parent=MAIN)).segments),
        answer.memberships,
        answer.basis.catalogue_version,
        answer.basis.data_version,
    )


def as_sent(method: str, request: Any) -> Any:
    """The request, or a stream of it alone."""
    return [request] if METHODS[method].client_streaming else request


@pytest.mark.parametrize("wrong", WRONG, ids=[f"{wrong.method}: {wrong.what}" for wrong in WRONG])
def test_a_wrong_request_is_refused(bank: Bank, wrong: Wrong) -> None:
    """The status, the reason and the field are those of the table, and the service answers as before."""
    refusal = bank.api.refusal(wrong.method, as_sent(wrong.method, wrong.request))
    assert (refusal.status, refusal.reason) == (wrong.status, wrong.reason), refusal.message
    assert refusal.fields == (() if wrong.field is None else (wrong.field,)), refusal.message
    assert state(bank.api) == bank.usual


def test_every_method_has_wrong_requests() -> None:
    """The table has rows for every method that the descriptors have."""
    assert {wrong.method for wrong in WRONG} == set(METHODS)


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", b"\x0a\xff\x01"])
def test_garbage_is_refused(bank: Bank, method: str, garbage: bytes) -> None:
    """Bytes that are no message, among them a field whose length is past the end, are MALFORMED_REQUEST."""
    refusal = bank.api.refusal(method, as_sent(method, garbage))
    assert (refusal.status, refusal.reason) == ("INVALID_ARGUMENT", "MALFORMED_REQUEST"), refusal.message
    assert refusal.metadata["message"] == METHODS[method].input_type.full_name
    assert state(bank.api) == bank.usual


def test_text_that_is_no_utf_8_is_refused(bank: Bank) -> None:
    """A string field whose bytes are no UTF-8 makes the request malformed."""
    refusal = bank.api.refusal("GetSegment", b"\x0a\x02\xc3\x28")
    assert (refusal.status, refusal.reason) == ("INVALID_ARGUMENT", "MALFORMED_REQUEST")


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_request_over_the_limit_is_refused_with_its_size(bank: Bank, method: str) -> None:
    """A request that is a byte too large is told its size and the limit."""
    request = bytes(LIMIT_BYTES + 1)
    refusal = bank.api.refusal(method, as_sent(method, request))
    assert (refusal.status, refusal.reason) == ("RESOURCE_EXHAUSTED", "MESSAGE_TOO_LARGE")
    assert refusal.metadata == {"size_bytes": str(len(request)), "limit_bytes": str(LIMIT_BYTES)}
    assert state(bank.api) == bank.usual


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_request_far_over_the_limit_is_refused_by_the_transport(bank: Bank, method: str) -> None:
    """Beyond twice the limit gRPC itself refuses, without a reason, and the service goes on."""
    refusal = bank.api.refusal(method, as_sent(method, bytes(2 * LIMIT_BYTES + 1)))
    assert (refusal.status, refusal.reason) == ("RESOURCE_EXHAUSTED", "")
    assert state(bank.api) == bank.usual


def test_a_stream_goes_on_after_wrong_requests(bank: Bank) -> None:
    """Wrong requests and garbage between good ones are answered in their places, and the good ones as alone."""
    good = score_request()
    alone = bank.api.call("Score", good).memberships
    wrong = [each for each in WRONG if each.method == "StreamScores"]
    requests: list[Any] = []
    for each in wrong:
        requests += [scoring.StreamScoresRequest(request=good), each.request, b"\xff"]
    answers = bank.api.call("StreamScores", requests)
    assert len(answers) == len(requests)
    for index, each in enumerate(wrong):
        first, second, third = answers[3 * index : 3 * index + 3]
        assert first.response.memberships == alone
        assert refusal_from(second.error).reason == each.reason
        assert refusal_from(third.error).reason == "MALFORMED_REQUEST"


@pytest.mark.parametrize(("text", "reason"), [each[1:] for each in EXPRESSIONS], ids=[each[0] for each in EXPRESSIONS])
def test_checking_a_wrong_expression_is_no_error(bank: Bank, text: str, reason: str) -> None:
    """What would be refused as a definition is explained by CheckExpression, with a place in the text."""
    request = segments.CheckExpressionRequest(parent=MAIN, expression=text)
    answer = bank.api.call("CheckExpression", request)
    if reason == "EXPRESSION_TYPE" and answer.valid:
        assert answer.type  # any type will do for a computed attribute
        return
    assert not answer.valid
    assert answer.issues[0].reason == reason
    assert answer.issues[0].line >= 1
    assert answer.issues[0].column >= 1
    assert state(bank.api) == bank.usual
