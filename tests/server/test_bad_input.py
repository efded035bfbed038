"""Every method refuses what is wrong with a status, a reason and the field, and goes on as if nothing had been."""

from __future__ import annotations

import re
from typing import Any

import pytest

from segmentd.api.v1 import balances_pb2 as balances
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.api.v1 import segment_service_pb2 as segments
from tests.server.api import METHODS, Api, refusal_from
from tests.server.bank import MAIN, score_request
from tests.server.conftest import LIMIT_BYTES
from tests.server.wrong import WRONG, Wrong
from tests.server.wrong.segments import EXPRESSIONS


@pytest.fixture(scope="module")
def usual(bank: Api) -> tuple[Any, ...]:
    """What the bank says while nothing is wrong."""
    return state(bank)


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
def test_a_wrong_request_is_refused(bank: Api, usual: tuple[Any, ...], wrong: Wrong) -> None:
    """The status, the reason and the field are those of the table, and the service answers as before."""
    refusal = bank.refusal(wrong.method, as_sent(wrong.method, wrong.request))
    assert not re.search(r"<\w+\.\w+:", refusal.message), "a Python object is no text for callers"
    assert (refusal.status, refusal.reason) == (wrong.status, wrong.reason), refusal.message
    assert refusal.fields == (() if wrong.field is None else (wrong.field,)), refusal.message
    assert state(bank) == usual


@pytest.mark.parametrize("wrong", WRONG, ids=[f"{wrong.method}: {wrong.what}" for wrong in WRONG])
def test_a_refusal_names_fields_by_their_path_in_the_request(bank: Api, wrong: Wrong) -> None:
    """The violation has a path that the request's type has, and message and metadata name no other one."""
    refusal = bank.refusal(wrong.method, as_sent(wrong.method, wrong.request))
    for path in refusal.fields:
        assert has_path(METHODS[wrong.method].input_type, path), path
    said = refusal.message.split()[0].rstrip(":")
    is_path = "/" not in said and re.search(r"[a-z]\[|\w\.\w", said)
    for path in (refusal.metadata.get("field", ""), said if is_path else ""):
        assert path in ("", *refusal.fields), refusal.message


def has_path(type_: Any, path: str) -> bool:
    """Whether a message type has a field of this path, `snapshot.segments[0].segment`; of a stream, what is in it."""
    if type_.name == "StreamScoresRequest":
        type_ = type_.fields_by_name["request"].message_type
    for part in re.sub(r"\[[^\]]*\]", "[]", path).split("."):
        field = None if type_ is None else type_.fields_by_name.get(part.removesuffix("[]"))
        if field is None or (part.endswith("[]") and not field.is_repeated):
            return False
        type_ = field.message_type
    return True


def test_every_method_has_wrong_requests() -> None:
    """The table has rows for every method that the descriptors have."""
    assert {wrong.method for wrong in WRONG} == set(METHODS)


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", b"\x0a\xff\x01"])
def test_garbage_is_refused(bank: Api, usual: tuple[Any, ...], method: str, garbage: bytes) -> None:
    """Bytes that are no message, among them a field whose length is past the end, are MALFORMED_REQUEST."""
    refusal = bank.refusal(method, as_sent(method, garbage))
    assert (refusal.status, refusal.reason) == ("INVALID_ARGUMENT", "MALFORMED_REQUEST"), refusal.message
    assert refusal.metadata["message"] == METHODS[method].input_type.full_name
    assert state(bank) == usual


def test_a_misspelled_grouping_is_told_the_likely_one_with_its_subject(bank: Api) -> None:
    """What is near comes in the form that the request has to give it in."""
    by = balances.BalanceGrouping(dimension=balances.BALANCE_DIMENSION_ATTRIBUTE, attribute="customer.incom")
    refusal = bank.refusal("AggregateBalances", scoring.AggregateBalancesRequest(parent=MAIN, by=[by]))
    assert refusal.metadata == {"attribute": "customer.incom", "nearest": "customer.income"}


def test_text_that_is_no_utf_8_is_refused(bank: Api) -> None:
    """A string field whose bytes are no UTF-8 makes the request malformed."""
    refusal = bank.refusal("GetSegment", b"\x0a\x02\xc3\x28")
    assert (refusal.status, refusal.reason) == ("INVALID_ARGUMENT", "MALFORMED_REQUEST")


@pytest.mark.parametrize("damage", [b"\xff", b"\x0a\x07", b"\x7b", b"\x22\x01\xff"])
def test_damaged_vectors_are_refused(bank: Api, usual: tuple[Any, ...], damage: bytes) -> None:
    """Bytes in a vector that are no message make the request malformed."""
    vectors = features.VectorBatch(
        attributes=["age"], vectors=[features.FeatureVector(strings=["12345678"[: len(damage)]])]
    )
    request = scoring.ScoreRequest(parent=MAIN, features=features.FeatureBatch(vectors=vectors))
    sent = vectors.vectors[0].SerializeToString()
    damaged = request.SerializeToString().replace(sent, damage.ljust(len(sent), b"\x80"))
    assert damaged != request.SerializeToString()
    refusal = bank.refusal("Score", damaged)
    assert (refusal.status, refusal.reason) == ("INVALID_ARGUMENT", "MALFORMED_REQUEST")
    assert state(bank) == usual


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_request_over_the_limit_is_refused_with_its_size(bank: Api, usual: tuple[Any, ...], method: str) -> None:
    """A request that is a byte too large is told its size and the limit."""
    request = bytes(LIMIT_BYTES + 1)
    refusal = bank.refusal(method, as_sent(method, request))
    assert (refusal.status, refusal.reason) == ("RESOURCE_EXHAUSTED", "MESSAGE_TOO_LARGE")
    assert refusal.metadata == {"size_bytes": str(len(request)), "limit_bytes": str(LIMIT_BYTES)}
    assert state(bank) == usual


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_request_far_over_the_limit_is_refused_by_the_transport(
    bank: Api, usual: tuple[Any, ...], method: str
) -> None:
    """Beyond twice the limit gRPC itself refuses, without a reason, and the service goes on."""
    refusal = bank.refusal(method, as_sent(method, bytes(2 * LIMIT_BYTES + 1)))
    assert (refusal.status, refusal.reason) == ("RESOURCE_EXHAUSTED", "")
    assert state(bank) == usual


def test_a_stream_goes_on_after_wrong_requests(bank: Api) -> None:
    """Wrong requests and garbage between good ones are answered in their places, and the good ones as alone."""
    good = score_request()
    alone = bank.call("Score", good).memberships
    wrong = [each for each in WRONG if each.method == "StreamScores"]
    requests: list[Any] = []
    for each in wrong:
        requests += [scoring.StreamScoresRequest(request=good), each.request, b"\xff"]
    answers = bank.call("StreamScores", requests)
    assert len(answers) == len(requests)
    for index, each in enumerate(wrong):
        first, second, third = answers[3 * index : 3 * index + 3]
        assert first.response.memberships == alone
        assert refusal_from(second.error).reason == each.reason
        assert refusal_from(third.error).reason == "MALFORMED_REQUEST"


@pytest.mark.parametrize(("text", "reason"), [each[1:] for each in EXPRESSIONS], ids=[each[0] for each in EXPRESSIONS])
def test_checking_a_wrong_expression_is_no_error(bank: Api, usual: tuple[Any, ...], text: str, reason: str) -> None:
    """What would be refused as a definition is explained by CheckExpression, with a place in the text."""
    request = segments.CheckExpressionRequest(parent=MAIN, expression=text)
    answer = bank.call("CheckExpression", request)
    if reason == "EXPRESSION_TYPE" and answer.valid:
        assert answer.type  # any type will do for a computed attribute
        return
    assert not answer.valid
    assert answer.issues[0].reason == reason
    assert answer.issues[0].line >= 1
    assert answer.issues[0].column >= 1
    assert state(bank) == usual
