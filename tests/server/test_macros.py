"""Segments over accounts and owners, from written records to answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import grpc
import pytest

from segmentd.api.v1 import attribute_service_pb2 as attributes
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.api.v1 import membership_pb2, record_pb2, segment_service_pb2, subject_pb2
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.server.app import Server
from tests.facts.decoding.records import NUMBERS
from tests.server.api import Api

MAIN = "ledgers/main"
SEGMENTS: Mapping[str, str] = {
    "saver": 'customer.accounts.exists(a, a.kind == "SAVINGS" && a.balance >= 3000.00)',
    "cross-sell": 'customer.accounts.exists(a, a.kind == "SAVINGS")'
    ' && !customer.accounts.exists(a, a.kind == "MONEY_MARKET")',
    "several": "customer.accounts.size() > 1",
    "above-floor": "customer.accounts.all(a, a.balance >= customer.floor)",
    "ranked": "customer.accounts.exists(a, a.rank == 7)",
}
ACCOUNT_SEGMENTS: Mapping[str, str] = {
    "joint": "account.owners.size() > 1",
    "demanded": "account.owners.exists(o, o.floor > 1000)",
}
ACCOUNTS: Mapping[str, tuple[Sequence[str], str, int | None]] = {
    "s1": (["ada", "bob"], "SAVINGS", 500_000),
    "m1": (["bob"], "MONEY_MARKET", 100),
    "c1": (["cyd"], "CHECKING", None),
}
"""Owners, kind and balance in minor units by id."""


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[Api]:
    """The API of a server whose ledger has three accounts of three customers; a fourth has none."""
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        api = Api(channel)
        ledger = ledgers.Ledger(currency_code="EUR", time_zone="Europe/Prague")
        api.call("CreateLedger", ledgers.CreateLedgerRequest(ledger_id="main", ledger=ledger))
        money = attributes.Attribute(
            type=attributes.ATTRIBUTE_TYPE_DECIMAL,
            decimal=attributes.DecimalFormat(scale=2, currency_code="EUR"),
        )
        rank = attributes.Attribute(type=attributes.ATTRIBUTE_TYPE_INT64)
        rank.default_value.integer_value = 7
        for name, attribute in {"customer.floor": money, "account.rank": rank}.items():
            request = attributes.CreateAttributeRequest(parent=MAIN, attribute_id=name, attribute=attribute)
            api.call("CreateAttribute", request)
        for subject, texts in (
            (subject_pb2.SUBJECT_CUSTOMER, SEGMENTS),
            (subject_pb2.SUBJECT_ACCOUNT, ACCOUNT_SEGMENTS),
        ):
            for name, text in texts.items():
                segment = segment_service_pb2.Segment(expression=text, subject=subject)
                request_ = segment_service_pb2.CreateSegmentRequest(parent=MAIN, segment_id=name, segment=segment)
                api.call("CreateSegment", request_)
        write(api, customers={"ada": 5_000_00, "bob": 10_00, "cyd": 0, "dee": None}, accounts=ACCOUNTS)
        yield api


def write(
    api: Api,
    customers: Mapping[str, int | None] | None = None,
    accounts: Mapping[str, tuple[Sequence[str], str, int | None]] | None = None,
) -> None:
    """Write customers with their floors, then accounts."""
    rows = record_pb2.RecordRows()
    for id_, floor in (customers or {}).items():
        row = rows.customers.add(id=id_)
        if floor is not None:
            row.attributes["floor"].integer_value = floor
    held = record_pb2.RecordRows()
    for id_, (owners, kind, balance) in (accounts or {}).items():
        account = held.accounts.add(id=id_, kind=kind, balance_minor=balance)
        account.owners.extend(record_pb2.AccountOwner(customer=owner) for owner in owners)
    batches = [
        record_pb2.RecordBatch(kind=NUMBERS[kind], rows=filled)
        for kind, filled, there in (("customer", rows, customers), ("account", held, accounts))
        if there
    ]
    requests = [ledgers.WriteRecordsRequest(parent=MAIN, batch=batch) for batch in batches]
    for answer in api.call("WriteRecords", requests):
        assert not answer.result.rejected_count, answer


def members(answer: membership_pb2.Memberships) -> dict[str, tuple[list[str], list[str]]]:
    """Members and unknowns by segment."""
    return {each.segment: (sorted(each.ids.member_ids), sorted(each.ids.unknown_ids)) for each in answer.segments}


def evaluated(api: Api, subject: int = subject_pb2.SUBJECT_CUSTOMER) -> dict[str, tuple[list[str], list[str]]]:
    """Members and unknowns by segment, among everybody."""
    request = scoring.EvaluateSegmentsRequest(
        parent=MAIN,
        form=membership_pb2.MEMBERSHIP_FORM_IDS,
        subject=subject,  # type: ignore[arg-type]
    )
    first, *_ = api.call("EvaluateSegments", request)
    return members(first.memberships)


EXPECTED = {
    "saver": (["ada", "bob"], []),
    "cross-sell": (["ada"], []),
    "several": (["bob"], []),
    "above-floor": (["ada", "dee"], ["cyd"]),
    "ranked": (["ada", "bob", "cyd"], []),
}


def test_everybody_is_evaluated(api: Api) -> None:
    """Accounts count for each of their owners; who has none fulfils `all`; defaults of accounts are read."""
    assert evaluated(api) == EXPECTED


def test_accounts_are_evaluated_by_their_owners(api: Api) -> None:
    """Segments of accounts go over customers."""
    expected: dict[str, tuple[list[str], list[str]]] = {"joint": (["s1"], []), "demanded": (["s1"], [])}
    assert evaluated(api, subject_pb2.SUBJECT_ACCOUNT) == expected


def test_some_customers_are_scored_by_id(api: Api) -> None:
    """In any order and twice, they are in what the whole evaluation says."""
    ids = ["dee", "bob", "ada", "bob", "cyd", "nobody"]
    request = scoring.ScoreRequest(
        parent=MAIN, customers=scoring.ResidentCustomers(ids=ids), form=membership_pb2.MEMBERSHIP_FORM_IDS
    )
    found = members(api.call("Score", request).memberships)
    for segment, (inside, unknown) in EXPECTED.items():
        assert found[segment] == (sorted(i for i in ids if i in inside), [i for i in ids if i in unknown])


def test_features_have_no_accounts(api: Api) -> None:
    """What segments ask about them is unknown, whether they are named or not, and the answer says what was absent."""
    batch = features.FeatureBatch()
    batch.columns.row_count = 1
    for named in ([], ["several", "saver"], sorted(SEGMENTS)):
        request = scoring.ScoreRequest(parent=MAIN, features=batch, segments=named)
        answers = [api.call("Score", request) for _ in range(3)]
        for answer in answers:
            found = [(each.segment, each.member_count, each.unknown_count) for each in answer.memberships.segments]
            assert found == [(segment, 0, 1) for segment in named or sorted(SEGMENTS)]
            assert "customer.accounts" in answer.basis.absent_attributes


def test_some_accounts_are_scored_by_id(api: Api) -> None:
    """In any order and twice, they are in what the whole evaluation says; alone or in a stream, in every form."""
    whole = evaluated(api, subject_pb2.SUBJECT_ACCOUNT)
    ids = ["m1", "s1", "nothing", "c1", "s1"]
    for subject in (subject_pb2.SUBJECT_UNSPECIFIED, subject_pb2.SUBJECT_ACCOUNT):
        request = scoring.ScoreRequest(
            parent=MAIN,
            accounts=scoring.ResidentAccounts(ids=ids),
            form=membership_pb2.MEMBERSHIP_FORM_IDS,
            subject=subject,
        )
        (streamed,) = api.call("StreamScores", [scoring.StreamScoresRequest(request=request)])
        for answer in (api.call("Score", request), streamed.response):
            assert list(answer.missing_rows) == [2]
            assert members(answer.memberships) == {
                segment: (sorted(i for i in ids if i in inside), sorted(i for i in ids if i in unknown))
                for segment, (inside, unknown) in whole.items()
            }
    assert whole["joint"] == (["s1"], [])


def test_an_account_changes_hands(api: Api) -> None:
    """The next evaluation knows the new owner, the new balance and the closed gap."""
    write(api, accounts={"s1": (["cyd"], "SAVINGS", 200_000), "c1": (["cyd"], "CHECKING", 1)})
    assert evaluated(api) == {
        "saver": ([], []),
        "cross-sell": (["cyd"], []),
        "several": (["cyd"], []),
        "above-floor": (["ada", "cyd", "dee"], []),
        "ranked": (["bob", "cyd"], []),
    }
    assert evaluated(api, subject_pb2.SUBJECT_ACCOUNT) == {"joint": ([], []), "demanded": ([], [])}
