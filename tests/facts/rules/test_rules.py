"""Rules of categories: the first that is true of a transaction without a category says it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from segmentd.cli.ledger.rules.apply import EXAMPLE
from segmentd.cli.ledger.rules.files import read_rules
from segmentd.client import STRING, AttributeDefinition, CategoryRule, Client, SegmentdCallError
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from tests.facts.decoding.records import FORMS, NOON
from tests.facts.writing.streams import accounts, counts, define_merchant_code, write
from tests.server.api import Api

RULES = (
    CategoryRule("transaction.amount > 1000.00 && transaction.purpose.contains('pay')", "INCOME/SALARY", "Wages"),
    CategoryRule("transaction.amount > 0.00", "INCOME"),
    CategoryRule("transaction.mcc == 5411", "SPENDING/FOOD"),
    CategoryRule("transaction.purpose.matches('rent|miete')", "SPENDING/RENT"),
)


def category_of(row: dict[str, Any]) -> str | None:
    """What the rules above say of a transaction, in plain Python; a rule on what is missing is not true."""
    amount, purpose, mcc = row["amount"], row.get("purpose"), row.get("mcc")
    if amount > 100_000 and purpose is not None and "pay" in purpose:
        return "INCOME/SALARY"
    if amount > 0:
        return "INCOME"
    if mcc == 5_411:
        return "SPENDING/FOOD"
    if purpose is not None and re.search("rent|miete", purpose):
        return "SPENDING/RENT"
    return None


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[Api]:
    """The API of the module's server."""
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield Api(channel)


@pytest.fixture
def client(server: Server, api: Api, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of a ledger of the test's own, with an account, an attribute of transactions, and the rules above."""
    name = "r-" + format(abs(hash(request.node.name)), "x")
    with Client(f"127.0.0.1:{server.port}", ledger=name) as connected:
        connected.create_ledger(name, currency_code="EUR")
        define_merchant_code(connected)
        write(api, name, accounts("a"))
        connected.update_category_rules(RULES)
        yield connected


def movement(number: int, **fields: Any) -> dict[str, Any]:
    """A transaction of nothing in particular."""
    return {"id": f"t{number}", "account": "a", "booking_time": NOON + timedelta(days=number), "amount": -1, **fields}


ROWS = [
    movement(0, amount=100_001, purpose="pay of May"),
    movement(1, amount=100_000, purpose="pay of May"),
    movement(2, amount=100_001),
    movement(3, amount=-5, mcc=5_411, purpose="rent"),
    movement(4, amount=-5, mcc=1, purpose="die miete"),
    movement(5, amount=-5, purpose="what else"),
    movement(6, amount=0),
]


@pytest.mark.parametrize("form", FORMS)
def test_the_first_rule_that_is_true_says_the_category(api: Api, client: Client, form: str) -> None:
    """Rows are as plain Python would categorise them: sent again with those categories they are unchanged."""
    ledger = client.scope.ledger
    write(api, ledger, FORMS[form]("transaction", ROWS))
    client.update_category_rules(())
    expected = [{**row, "category": category_of(row)} for row in ROWS]
    assert {row["category"] for row in expected} == {*(rule.category for rule in RULES), None}
    assert counts(write(api, ledger, FORMS["arrow"]("transaction", expected))[0]) == (0, 0, len(ROWS), 0, 0)


def test_a_given_category_stays(api: Api, client: Client) -> None:
    """Rules are asked about the rows of a batch that have none; the others keep what they came with."""
    given = [movement(0, amount=5, category="OWN"), movement(1, amount=5)]
    write(api, client.scope.ledger, FORMS["columns"]("transaction", given))
    expected = [given[0], {**given[1], "category": "INCOME"}]
    assert counts(write(api, client.scope.ledger, FORMS["rows"]("transaction", expected))[0]) == (0, 0, 2, 0, 0)


def test_a_batch_of_some_fields_leaves_the_category(api: Api, client: Client) -> None:
    """What only corrects a purpose does not say anything of the category that is there."""
    ledger = client.scope.ledger
    row = movement(0, amount=5, category="OWN")
    write(api, ledger, FORMS["arrow"]("transaction", [row]))
    change = [{"id": "t0", "purpose": "corrected"}]
    assert counts(write(api, ledger, FORMS["arrow"]("transaction", change))[0]) == (0, 1, 0, 0, 0)
    whole = {**row, "purpose": "corrected"}
    assert counts(write(api, ledger, FORMS["arrow"]("transaction", [whole]))[0]) == (0, 0, 1, 0, 0)


@pytest.mark.parametrize("form", FORMS)
def test_a_transaction_that_comes_again_keeps_its_category(api: Api, client: Client, form: str) -> None:
    """Sent again as a whole without one, with other amounts and under other rules: rules are for new transactions."""
    ledger = client.scope.ledger
    rows = [movement(0, amount=5, category="OWN"), movement(1, amount=5), movement(2, amount=0)]
    write(api, ledger, *(FORMS["arrow"]("transaction", [row]) for row in rows))
    client.update_category_rules([CategoryRule("true", "OTHER")])
    again = [movement(number, amount=number, mcc=5_411) for number in (0, 1, 2, 3)]
    assert counts(write(api, ledger, FORMS[form]("transaction", again))[0]) == (1, 3, 0, 0, 0)
    categories = ["OWN", "INCOME", None, "OTHER"]
    expected = [{**row, "category": category} for row, category in zip(again, categories, strict=True)]
    client.update_category_rules(())
    assert counts(write(api, ledger, FORMS["arrow"]("transaction", expected))[0]) == (0, 0, 4, 0, 0)


@pytest.mark.parametrize("form", FORMS)
def test_a_category_that_is_removed_is_found_anew(api: Api, client: Client, form: str) -> None:
    """Rules decide anew of a whole transaction that says it has none; of one that says little more, it is gone."""
    ledger = client.scope.ledger
    rows = [movement(number, amount=5, category="OWN") for number in (0, 1)]
    write(api, ledger, FORMS["arrow"]("transaction", rows))
    write(api, ledger, FORMS[form]("transaction", [{**rows[0], "category": None}]))
    write(api, ledger, FORMS["arrow"]("transaction", [{"id": "t1", "category": None}]))
    client.update_category_rules(())
    expected = [{**rows[0], "category": "INCOME"}, {**rows[1], "category": None}]
    assert counts(write(api, ledger, FORMS["arrow"]("transaction", expected))[0]) == (0, 0, 2, 0, 0)


def test_wrong_rows_do_not_move_the_categories_of_others(api: Api, client: Client) -> None:
    """Among rejected rows each of the others gets its own category."""
    rows = [movement(0, amount=None), movement(1, amount=5), movement(2, account=""), movement(3, mcc=5_411)]
    (result,) = write(api, client.scope.ledger, FORMS["columns"]("transaction", rows))
    assert counts(result) == (2, 0, 0, 0, 2)
    expected = [{**rows[1], "category": "INCOME", "mcc": None}, {**rows[3], "category": "SPENDING/FOOD"}]
    assert counts(write(api, client.scope.ledger, FORMS["arrow"]("transaction", expected))[0]) == (0, 0, 2, 0, 0)


def test_amounts_are_those_of_the_ledgers_currency(api: Api, server: Server) -> None:
    """In a ledger in dinars, which have three digits, 5 dinars as a decimal and 5,000 thousandths are one amount."""
    with Client(f"127.0.0.1:{server.port}", ledger="dinars") as client:
        client.create_ledger("dinars", currency_code="KWD")
        client.update_category_rules([CategoryRule("transaction.amount == 5.000", "FIVE")])
        write(api, "dinars", accounts("a"))
        minor = movement(0, amount=5_000)
        client.write_records("transaction", [{**movement(1), "amount": 5.0}, {**movement(2), "amount": 5.001}])
        write(api, "dinars", FORMS["columns"]("transaction", [minor]))
        expected = [{**movement(number), "amount": 5_000, "category": "FIVE"} for number in (0, 1)]
        expected.append({**movement(2), "amount": 5_001, "category": None})
        assert counts(write(api, "dinars", FORMS["arrow"]("transaction", expected))[0]) == (0, 0, 3, 0, 0)


def test_an_attribute_that_a_rule_reads_is_in_use(client: Client) -> None:
    """It cannot be deleted, nor get another type while a rule reads it, and can afterwards."""
    with pytest.raises(SegmentdCallError) as refused:
        client.delete_attribute("transaction.mcc")
    assert (refused.value.reason, refused.value.metadata["used_by"]) == ("ATTRIBUTE_IN_USE", "categoryRules")
    with pytest.raises(SegmentdCallError) as refused:
        client.update_attribute("transaction.mcc", AttributeDefinition(STRING))
    assert (refused.value.reason, refused.value.metadata["used_by"]) == ("ATTRIBUTE_IN_USE", "categoryRules")
    client.update_category_rules(RULES[:2])
    client.delete_attribute("transaction.mcc")


def test_rules_have_an_etag(client: Client) -> None:
    """An update with the etag of rules that others have changed since is refused; the same rules change nothing."""
    before = client.get_category_rules()
    assert before.rules == RULES
    assert client.update_category_rules(RULES, etag=before.etag) == before
    after = client.update_category_rules(RULES[:1], etag=before.etag)
    assert after.update_time is not None
    assert before.update_time is not None
    assert after.update_time > before.update_time
    with pytest.raises(SegmentdCallError) as refused:
        client.update_category_rules(RULES, etag=before.etag)
    assert refused.value.reason == "ETAG_MISMATCH"
    assert client.get_category_rules() == after


def test_validating_rules_changes_nothing(client: Client) -> None:
    """What would be stored is returned, and what is wrong is refused."""
    assert client.update_category_rules((), validate_only=True).rules == ()
    with pytest.raises(SegmentdCallError) as refused:
        client.update_category_rules([CategoryRule("transaction.nothing", "A")], validate_only=True)
    assert refused.value.fields[0].field == "category_rules.rules[0].expression"
    assert client.get_category_rules().rules == RULES


def test_rules_survive_a_restart(tmp_path: Path) -> None:
    """A new server on the same data directory has them, and a new ledger has none."""
    config = ServerConfig(data_dir=tmp_path, port=0, threads=1)
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as client:
        client.create_ledger("main", currency_code="EUR")
        assert client.get_category_rules().rules == ()
        kept = client.update_category_rules(RULES[:2])
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as client:
        assert client.get_category_rules() == kept


def test_the_rules_that_come_with_it_are_right(api: Api, client: Client) -> None:
    """They compile in every ledger, and say of some purposes what people would."""
    client.update_category_rules(read_rules(EXAMPLE))
    wanted = {
        ("Salary May", 1): "INCOME/SALARY",
        ("LOHN 05/2024", 1): "INCOME/SALARY",
        ("Kindergeld", 1): "INCOME/CHILD_BENEFIT",
        ("interest Q2", 1): "INCOME/INTEREST",
        ("gift", 1): "INCOME/OTHER",
        ("Rent May", -1): "SPENDING/HOUSING/RENT",
        ("current matters", -1): "SPENDING/OTHER",
        ("Strom", -1): "SPENDING/HOUSING/ENERGY",
        ("car insurance", -1): "SPENDING/INSURANCE",
        ("mortgage", -1): "SPENDING/LOAN",
        ("Kita Sonnenschein", -1): "SPENDING/CHILDREN",
        ("SUPERMARKET", -1): "SPENDING/FOOD",
        ("ATM", -1): "SPENDING/CASH",
        ("account fee", -1): "SPENDING/FEES",
        ("salary of the gardener", -1): "SPENDING/OTHER",
    }
    rows = [movement(place, amount=sign, purpose=text) for place, (text, sign) in enumerate(wanted)]
    rows += [movement(100, amount=5), movement(101, amount=-5), movement(102, amount=0)]
    categories = [*wanted.values(), "INCOME/OTHER", "SPENDING/OTHER", None]
    write(api, client.scope.ledger, FORMS["rows"]("transaction", rows))
    client.update_category_rules(())
    expected = [{**row, "category": category} for row, category in zip(rows, categories, strict=True)]
    (result,) = write(api, client.scope.ledger, FORMS["arrow"]("transaction", expected))
    assert counts(result) == (0, 0, len(rows), 0, 0)
