"""Wrong requests of Score and StreamScores."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.api.v1.subject_pb2 import SUBJECT_ACCOUNT, SUBJECT_CUSTOMER
from tests.server.bank import MAIN, score_request
from tests.server.wrong.batches import BATCHES, batch
from tests.server.wrong.request import Wrong


def _scores() -> list[tuple[str, scoring.ScoreRequest, str, str | None, str]]:
    """Wrong requests to score, alone or in a stream."""
    invalid = "INVALID_ARGUMENT"
    missing_ledger = scoring.ScoreRequest(parent="ledgers/other", features=batch(row_count=1))
    nothing = scoring.ScoreRequest(parent=MAIN)
    accounts = scoring.ScoreRequest(
        parent=MAIN,
        subject=SUBJECT_ACCOUNT,
        customers=scoring.ResidentCustomers(ids=["c1"]),
    )
    customers = scoring.ScoreRequest(
        parent=MAIN, subject=SUBJECT_CUSTOMER, accounts=scoring.ResidentAccounts(ids=["a1"])
    )
    no_accounts = scoring.ScoreRequest(parent=MAIN, accounts=scoring.ResidentAccounts())
    no_ids = scoring.ScoreRequest(parent=MAIN, customers=scoring.ResidentCustomers())
    selected = scoring.ScoreRequest(
        parent=MAIN, subject=SUBJECT_ACCOUNT, features=batch(row_count=1), segments=["adult"]
    )
    many = [f"s{index}" for index in range(4_097)]
    return [
        ("no parent", scoring.ScoreRequest(), "FIELD_REQUIRED", "parent", invalid),
        ("parent without form", scoring.ScoreRequest(parent="ledger/main"), "INVALID_RESOURCE_NAME", "parent", invalid),
        ("unknown ledger", missing_ledger, "LEDGER_NOT_FOUND", None, "NOT_FOUND"),
        ("no subjects", nothing, "FIELD_REQUIRED", "features", invalid),
        ("accounts by ids of customers", accounts, "INVALID_FIELD", "subject", invalid),
        ("customers by ids of accounts", customers, "INVALID_FIELD", "subject", invalid),
        ("no ids", no_ids, "EMPTY_BATCH", "customers.ids", invalid),
        ("no ids of accounts", no_accounts, "EMPTY_BATCH", "accounts.ids", invalid),
        ("unknown segment", score_request(segments=["adult", "premum"]), "UNKNOWN_SEGMENT", "segments[1]", invalid),
        ("segment of customers asked about accounts", selected, "UNKNOWN_SEGMENT", "segments[0]", invalid),
        ("segment twice", score_request(segments=["adult", "adult"]), "INVALID_FIELD", "segments[1]", invalid),
        ("too many segments", score_request(segments=many), "INVALID_FIELD", "segments", invalid),
        ("unknown form", score_request(form=99), "INVALID_FIELD", "form", invalid),
        ("unknown subject", score_request(subject=99), "INVALID_FIELD", "subject", invalid),
        ("a moment of no year", score_request(now=Timestamp(seconds=2**60)), "INVALID_FIELD", "now", invalid),
        ("negative nanos", score_request(now=Timestamp(nanos=-1)), "INVALID_FIELD", "now", invalid),
        (
            "unknown computed attribute",
            score_request(computed_attributes=["tierr"]),
            "UNKNOWN_ATTRIBUTE",
            "computed_attributes[0]",
            invalid,
        ),
        (
            "computed attribute twice",
            score_request(computed_attributes=["tier", "tier"]),
            "INVALID_FIELD",
            "computed_attributes[1]",
            invalid,
        ),
        *((what, score_request(wrong), reason, field, invalid) for what, wrong, reason, field in BATCHES),
    ]


def _streamed(request: scoring.ScoreRequest) -> scoring.StreamScoresRequest:
    return scoring.StreamScoresRequest(request=request)


SCORES = [Wrong("Score", what, request, reason, field, status) for what, request, reason, field, status in _scores()]
STREAMED = [
    Wrong("StreamScores", what, _streamed(request), reason, field, status)
    for what, request, reason, field, status in _scores()
]
