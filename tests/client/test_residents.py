"""Residents by id, customers and accounts: verdicts, and the values of their attributes of any kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from segmentd.client import (
    BOOL,
    DATE,
    DOUBLE,
    INT64,
    LIST,
    STRING,
    TIMESTAMP,
    Aggregate,
    AttributeDefinition,
    Client,
    DataType,
    Function,
    Kind,
    SegmentdCallError,
    SegmentDefinition,
    Source,
)
from segmentd.schema import Subject

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
NOON_US = int(NOON.timestamp()) * 1_000_000
GIVEN: Mapping[str, tuple[AttributeDefinition, Any, Any]] = {
    "vip": (AttributeDefinition(BOOL), True, True),
    "points": (AttributeDefinition(INT64), -7, -7),
    "income": (AttributeDefinition(DOUBLE), 0.5, 0.5),
    "limit": (AttributeDefinition(DataType(Kind.DECIMAL, 3, "EUR")), Decimal("1.234"), 1_234),
    "tier": (AttributeDefinition(STRING), "gold", "gold"),
    "seen": (AttributeDefinition(TIMESTAMP), NOON, NOON_US),
    "born": (AttributeDefinition(DATE), date(1970, 1, 11), 10),
    "tags": (AttributeDefinition(LIST), ["a", "b"], ["a", "b"]),
}
"""Definition, value as it is written, and value as it is answered, of given attributes of both subjects."""

COUNTED: Mapping[Subject, Mapping[str, AttributeDefinition]] = {
    Subject.CUSTOMER: {
        "bookings": AttributeDefinition(aggregate=Aggregate(Source.TRANSACTIONS, Function.COUNT)),
        "spent": AttributeDefinition(aggregate=Aggregate(Source.TRANSACTIONS, Function.SUM, "amount")),
        "last": AttributeDefinition(aggregate=Aggregate(Source.TRANSACTIONS, Function.LAST, "amount")),
        "twice": AttributeDefinition(expression="customer.bookings * 2"),
    },
    Subject.ACCOUNT: {
        "bookings": AttributeDefinition(aggregate=Aggregate(Source.TRANSACTIONS, Function.COUNT)),
        "last": AttributeDefinition(aggregate=Aggregate(Source.TRANSACTIONS, Function.LAST, "amount")),
        "rich": AttributeDefinition(expression="account.balance > 100.00"),
    },
}
SEGMENTS: Mapping[str, SegmentDefinition] = {
    "holder": SegmentDefinition("customer.accounts.exists(a, a.balance > 100.00)"),
    "busy": SegmentDefinition("customer.bookings > 1"),
    "rich": SegmentDefinition("account.rich && account.kind == 'SAVINGS'", subject=Subject.ACCOUNT),
    "joint": SegmentDefinition("account.owners.size() > 1", subject=Subject.ACCOUNT),
}


@pytest.fixture(scope="module")
def bank(target: str) -> Iterator[Client]:
    """Two customers and three accounts with facts; the second one of each has no values of attributes."""
    with Client(target, ledger="residents") as client:
        client.create_ledger("residents", currency_code="EUR", time_zone="Europe/Prague")
        for subject, counted in COUNTED.items():
            for name, (definition, _, _) in GIVEN.items():
                client.create_attribute(f"{subject}.{name}", definition)
            for name, definition in counted.items():
                client.create_attribute(f"{subject}.{name}", definition)
        client.apply_segments(dict(SEGMENTS))
        values = {name: written for name, (_, written, _) in GIVEN.items()}
        client.write_records("customer", [{"id": "c1", **values}, {"id": "c2"}])
        accounts = [
            {"id": "a1", "owners": ["c1", "c2"], "kind": "SAVINGS", "balance": Decimal("100.01"), **values},
            {"id": "a2", "owners": ["c1"], "kind": "CHECKING"},
            {"id": "a3", "owners": [], "kind": "SAVINGS", "balance": Decimal("5000.00"), "opened": date(2020, 1, 31)},
        ]
        for account in accounts:
            client.write_records("account", [account])
        booked = [("t1", "a1", "1.50"), ("t2", "a1", "-4.00"), ("t3", "a2", "7.00")]
        rows = [
            {"id": id_, "account": account, "booking_time": NOON, "amount": Decimal(amount)}
            for id_, account, amount in booked
        ]
        client.write_records("transaction", rows)
        yield client


def values(bank: Client, subject: Subject, ids: Sequence[str], name: str) -> list[Any]:
    """The values of an attribute, None where it has none."""
    found = bank.score(ids=ids, subject=subject, form="counts", computed=[name]).computed[name]
    assert not found.unknown.any()
    return found.to_arrow().to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("subject", [Subject.CUSTOMER, Subject.ACCOUNT])
def test_given_attributes_are_read(bank: Client, subject: Subject, name: str) -> None:
    """Of every type, in the order of the ids; who is lacking or has none has no value, and a missing list is empty."""
    first = "c" if subject is Subject.CUSTOMER else "a"
    _, _, expected = GIVEN[name]
    nothing: Any = [] if name == "tags" else None
    found = values(bank, subject, [f"{first}2", f"{first}1", "nobody"], name)
    assert found == [nothing, expected, nothing]


def test_aggregated_attributes_are_read(bank: Client) -> None:
    """Of customers over all their accounts, of accounts over their own facts; what is unknown is missing."""
    customers, accounts = ["c2", "nobody", "c1"], ["a3", "a2", "a1"]
    assert values(bank, Subject.CUSTOMER, customers, "bookings") == [2, None, 3]
    assert values(bank, Subject.CUSTOMER, customers, "twice") == [4, None, 6]
    assert values(bank, Subject.CUSTOMER, customers, "spent") == [-250, None, 450]
    assert values(bank, Subject.ACCOUNT, accounts, "bookings") == [0, 1, 2]
    assert values(bank, Subject.ACCOUNT, accounts, "last") == [None, 700, -400]


def test_built_in_attributes_are_read(bank: Client) -> None:
    """What every account has is asked for by its name."""
    ids = ["a1", "a2", "a3"]
    assert values(bank, Subject.ACCOUNT, ids, "balance") == [10_001, None, 500_000]
    assert values(bank, Subject.ACCOUNT, ids, "kind") == ["SAVINGS", "CHECKING", "SAVINGS"]
    assert values(bank, Subject.ACCOUNT, ids, "opened") == [None, None, 18_292]


def test_what_the_features_have_is_read_back(bank: Client) -> None:
    """Given attributes of a batch are answered as they came, those that are not in it are missing and absent."""
    answer = bank.score({"points": [1, None]}, computed=["points", "tier", "bookings"])
    assert answer.computed["points"].to_arrow().to_pylist() == [1, None]
    assert answer.computed["tier"].to_arrow().to_pylist() == [None, None]
    assert answer.computed["bookings"].to_arrow().to_pylist() == [None, None]
    assert {"tier", "bookings"} <= set(answer.basis.absent_attributes)


@pytest.mark.parametrize("subject", [Subject.CUSTOMER, Subject.ACCOUNT])
def test_ids_have_the_verdicts_of_everybody(bank: Client, subject: Subject) -> None:
    """Whoever is asked for by id is in the segments that the whole evaluation has them in."""
    ids = ["c2", "c1", "none"] if subject is Subject.CUSTOMER else ["a3", "none", "a1", "a2"]
    names = [name for name, segment in SEGMENTS.items() if segment.subject is subject]
    whole = bank.evaluate(segments=names, subject=subject, form="ids")
    answer = bank.score(ids=ids, subject=subject, segments=names, form="ids")
    assert answer.missing_rows.tolist() == [ids.index("none")]
    assert any(whole.member_ids(name) for name in names)
    for name in names:
        assert set(answer.member_ids(name)) == set(whole.member_ids(name))
        assert set(answer.unknown_ids(name)) == set(whole.unknown_ids(name))


def test_attributes_of_nobody_are_named_where_groups_are_by_them(bank: Client) -> None:
    """Given, or needed by a computed one: all accounts are in the group without a value, and the answer says why."""
    bank.create_attribute("customer.lonely", AttributeDefinition(STRING))
    bank.create_attribute("account.forlorn", AttributeDefinition(INT64))
    bank.create_attribute("account.twice", AttributeDefinition(expression="account.forlorn * 2"))
    report = bank.aggregate_balances(by=["customer.lonely", "account.twice", "account.tier"])
    assert {group.keys[:2] for group in report.groups} == {(None, None)}
    assert set(report.basis.absent_attributes) == {"customer.lonely", "account.forlorn"}


def test_accounts_of_a_file_are_none(target: str) -> None:
    """A ledger whose customers were read from a file has no accounts to ask about."""
    with Client(target) as client, pytest.raises(SegmentdCallError) as refused:
        client.score(ids=["a1"], subject=Subject.ACCOUNT)
    assert refused.value.reason == "NO_RESIDENT_POPULATION"


ROLES: Mapping[str, SegmentDefinition] = {
    "owner": SegmentDefinition('customer.accounts.exists(a, a.role == "OWNER" && a.kind == "SAVINGS")'),
    "proxies": SegmentDefinition('customer.accounts.filter(a, a.role != "OWNER").size() > 0'),
    "own": SegmentDefinition('customer.accounts.all(a, a.role == "OWNER")'),
    "shared": SegmentDefinition('account.owners.exists(o, o.role == "JOINT")', subject=Subject.ACCOUNT),
    "single": SegmentDefinition('account.owners.exists_one(o, o.role == "OWNER")', subject=Subject.ACCOUNT),
}


def test_macros_read_the_owners_role(target: str) -> None:
    """Of each owner the own role, OWNER where none was given; another role counts as soon as it is written."""
    with Client(target, ledger="roles") as client:
        client.create_ledger("roles", currency_code="EUR")
        client.apply_segments(dict(ROLES))
        client.write_records("customer", [{"id": "c1"}, {"id": "c2"}, {"id": "c3"}])
        given = [("a1", ["c1", "c2"], ["OWNER", "JOINT"]), ("a2", ["c2"], None), ("a3", ["c3", "c1"], ["PROXY", ""])]
        for id_, owners, roles in given:
            row = {"id": id_, "kind": "SAVINGS", "owners": owners}
            client.write_records("account", [row if roles is None else {**row, "owner_roles": roles}])
        found = members(client)
        assert found == {
            "owner": {"c1", "c2"},
            "proxies": {"c2", "c3"},
            "own": {"c1"},
            "shared": {"a1"},
            "single": {"a1", "a2", "a3"},
        }
        answer = client.score(ids=["c3", "c2", "c1"], segments=["proxies"], form="ids")
        assert set(answer.member_ids("proxies")) == {"c2", "c3"}
        client.write_records("account", [{"id": "a3", "owners": ["c3", "c1"], "owner_roles": ["OWNER", "JOINT"]}])
        found = members(client)
        assert found["owner"] == {"c1", "c2", "c3"}
        assert found["proxies"] == {"c1", "c2"}
        assert found["shared"] == {"a1", "a3"}
        client.delete_customer("c2")
        found = members(client)
        assert (found["owner"], found["proxies"], found["own"]) == ({"c1", "c3"}, {"c1"}, {"c3"})
        assert (found["shared"], found["single"]) == ({"a3"}, {"a1", "a3"})


def members(client: Client) -> dict[str, set[str]]:
    """Who is in which segment of `ROLES`."""
    found: dict[str, set[str]] = {}
    for subject in (Subject.CUSTOMER, Subject.ACCOUNT):
        names = [name for name, segment in ROLES.items() if segment.subject is subject]
        result = client.evaluate(segments=names, subject=subject, form="ids")
        found |= {name: set(result.member_ids(name)) for name in names}
    return found


@pytest.mark.parametrize(("name", "how"), [("twice", "computed"), ("bookings", "aggregated")])
@pytest.mark.parametrize("value", [1, None])
def test_only_given_attributes_are_written(bank: Client, name: str, how: str, value: int | None) -> None:
    """The error says how the attribute comes about, instead of that there is none."""
    for records in ([{"id": "c1", name: value}], {"id": ["c1"], name: np.array([7])}):
        with pytest.raises(SegmentdCallError, match=f"'{name}' is {how}, so it cannot be given") as refused:
            bank.write_records("customer", records)
        assert refused.value.reason == "INVALID_FIELD"


@pytest.mark.parametrize("attribute", ["account.role", "customer.role", "customer.role_"])
def test_no_attribute_is_called_role(bank: Client, attribute: str) -> None:
    """It would hide the role that macros read; of a transaction it is a name like any other."""
    with pytest.raises(SegmentdCallError, match="owner's role on an account") as refused:
        bank.create_attribute(attribute, AttributeDefinition(STRING))
    assert (refused.value.reason, refused.value.fields[0].field) == ("INVALID_FIELD", "attribute_id")
    bank.create_attribute("transaction.role", AttributeDefinition(STRING), validate_only=True)
