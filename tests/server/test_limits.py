"""What a valid batch can still lack or exceed: required values, distinct texts, the size of an answer."""

from __future__ import annotations

import pytest

from segmentd.api.v1 import attribute_service_pb2 as attributes
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.columns import build
from segmentd.engine.text import tabulation
from segmentd.scoring import responses
from tests.server.api import METHODS, Api, Refusal
from tests.server.bank import MAIN, create_segment, score_request
from tests.server.wrong.batches import batch, integers

SCORING = ["Score", "StreamScores"]


@pytest.fixture(scope="module")
def limited(bank: Api) -> Api:
    """The bank with a required attribute, and with segments that read it and that need the official runtime."""
    rank = attributes.Attribute(
        type=attributes.ATTRIBUTE_TYPE_INT64,
        required=True,
        default_value=attributes.AttributeValue(integer_value=1),
    )
    bank.call(
        "CreateAttribute",
        attributes.CreateAttributeRequest(parent=MAIN, attribute_id="customer.rank", attribute=rank),
    )
    create_segment(bank, "ranked", "customer.rank > 2")
    create_segment(bank, "ranked-adult", '"ranked" in customer.segments && customer.age >= 18')
    create_segment(bank, "rhyming", "customer.city.matches('^B|no$')")
    return bank


def refused(api: Api, method: str, request: scoring.ScoreRequest) -> Refusal:
    """How the request is refused, alone or in a stream."""
    if METHODS[method].client_streaming:
        return api.refusal(method, [scoring.StreamScoresRequest(request=request)])
    return api.refusal(method, request)


def members(api: Api, request: scoring.ScoreRequest) -> list[int]:
    """The members of each asked segment."""
    return [each.member_count for each in api.call("Score", request).memberships.segments]


@pytest.mark.parametrize("method", SCORING)
@pytest.mark.parametrize(
    ("given", "row"),
    [
        (integers("rank", 1, 5, 0, 7, validity=b"\x0b"), "2"),
        (integers("age", 1, 2, 3, 4), ""),
    ],
    ids=["a row without a value", "no column"],
)
def test_a_required_attribute_has_a_value_in_every_row(
    limited: Api, method: str, given: features.Column, row: str
) -> None:
    """A row without a value, and a batch without the column, are refused with the attribute and who reads it."""
    refusal = refused(limited, method, score_request(batch(given), segments=["ranked-adult"]))
    assert (refusal.status, refusal.reason) == ("INVALID_ARGUMENT", "REQUIRED_ATTRIBUTE_MISSING")
    assert refusal.metadata["attribute"] == "rank"
    assert refusal.metadata.get("row", "") == row
    assert "ranked" in refusal.metadata["segments"]


def test_a_required_attribute_that_nobody_reads_may_be_missing(limited: Api) -> None:
    """Only what the asked segments read is required of a batch; with every value given there is an answer."""
    assert members(limited, score_request(batch(integers("age", 17, 18)), segments=["adult"])) == [1]
    assert members(limited, score_request(batch(integers("rank", 1, 5, 7)), segments=["ranked"])) == [2]


def cities(*distinct: str) -> features.FeatureBatch:
    """A subject in each city, and another one in the first."""
    codes = [*range(len(distinct)), 0]
    return batch(
        features.Column(attribute="city", dictionary=features.DictionaryValues(dictionary=distinct, codes=codes))
    )


@pytest.mark.parametrize("method", SCORING)
def test_text_is_tabulated_for_so_many_values_only(limited: Api, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation without a kernel over more distinct texts than allowed, the missing one too, is refused."""
    monkeypatch.setattr(tabulation, "MAX_DISTINCT", 4)
    request = score_request(cities("Brno", "Praha", "Kladno", "Most"), segments=["rhyming"])
    refusal = refused(limited, method, request)
    assert (refusal.status, refusal.reason) == ("RESOURCE_EXHAUSTED", "DISTINCT_LIMIT")
    assert refusal.metadata == {"attributes": "city", "distinct": "5", "limit": "4"}
    assert members(limited, score_request(cities("Brno", "Praha", "Kladno"), segments=["rhyming"])) == [3]


@pytest.mark.parametrize("method", SCORING)
def test_text_is_tabulated_up_to_a_length_only(limited: Api, method: str) -> None:
    """An operation without a kernel over a longer text than allowed is refused, at the limit it is answered."""
    longest = "B" * tabulation.MAX_TEXT_BYTES
    refusal = refused(limited, method, score_request(cities("Brno", f"{longest}B"), segments=["rhyming"]))
    assert refusal.reason == "TEXT_LIMIT"
    assert members(limited, score_request(cities("Brno", longest), segments=["rhyming"])) == [3]


@pytest.mark.parametrize("method", SCORING)
def test_a_dictionary_has_so_many_values_only(limited: Api, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer dictionary on the wire is refused before anything is evaluated, at the limit it is answered."""
    monkeypatch.setattr(build, "MAX_DICTIONARY", 3)
    request = score_request(cities("Brno", "Praha", "Kladno", "Most"), segments=["brno"])
    refusal = refused(limited, method, request)
    assert refusal.reason == "DISTINCT_LIMIT"
    assert (refusal.metadata["distinct"], refusal.metadata["limit"]) == ("4", "3")
    assert members(limited, score_request(cities("Brno", "Praha", "Kladno"), segments=["brno"])) == [2]


@pytest.mark.parametrize("method", SCORING)
def test_a_whole_answer_fits_a_message(limited: Api, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer of which no part alone is too large is refused if the whole is, and given if it just fits."""
    lacking = scoring.ResidentCustomers(ids=[f"nobody-{row}" for row in range(500)])
    request = scoring.ScoreRequest(parent=MAIN, customers=lacking, segments=["adult"])
    whole = limited.call("Score", request)
    size = whole.ByteSize()
    assert whole.memberships.ByteSize() < size / 2
    monkeypatch.setattr(responses, "MAX_RESPONSE_BYTES", size // 2)
    refusal = refused(limited, method, request)
    assert (refusal.status, refusal.reason) == ("RESOURCE_EXHAUSTED", "RESPONSE_TOO_LARGE")
    assert refusal.metadata["limit_bytes"] == str(size // 2)
    monkeypatch.setattr(responses, "MAX_RESPONSE_BYTES", size + 16)  # the moment takes a byte more or less
    assert list(limited.call("Score", request).missing_rows) == list(range(500))
