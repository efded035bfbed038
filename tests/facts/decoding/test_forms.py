"""The three forms of a batch of records mean the same."""

from __future__ import annotations

import pytest

from segmentd.facts.decoding.batches import decode_records
from segmentd.ledger.vocabulary import Vocabulary
from tests.facts.decoding.records import FORMS, KINDS, decoded_rows, expected_rows


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_records_that_were_meant(vocabulary: Vocabulary, kind: str, form: str) -> None:
    """Each value of each field of each kind arrives, missing ones as missing, in the order of the rows."""
    rows = KINDS[kind]
    batch = decode_records(FORMS[form](kind, rows), vocabulary)
    assert decoded_rows(batch) == expected_rows(rows)
    assert batch.rows.tolist() == list(range(len(rows)))
    assert (batch.kind, batch.rejected, batch.scales) == (kind, (), {})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("kind", "id_"),
    [
        ("balance", "a1@1709296215123456"),
        ("engagement", "c1@1709296215123456@WEB@REAL_ESTATE"),
        ("rate", "USD@2024-03-01"),
    ],
)
def test_ids_are_made_of_what_identifies_a_record(vocabulary: Vocabulary, form: str, kind: str, id_: str) -> None:
    """A record without an id gets the same one in every form, each time that it is sent."""
    row = {**KINDS[kind][0], "id": ""}
    batch = decode_records(FORMS[form](kind, [row]), vocabulary)
    assert decoded_rows(batch)[0]["id"] == id_


@pytest.mark.parametrize("form", FORMS)
def test_given_ids_stay_beside_made_ones(vocabulary: Vocabulary, form: str) -> None:
    """An engagement that lacks channel and subject area has empty texts for them in its id; a given id is kept."""
    second = {**KINDS["engagement"][1], "id": ""}
    batch = decode_records(FORMS[form]("engagement", [KINDS["engagement"][0], second]), vocabulary)
    assert [row["id"] for row in decoded_rows(batch)] == ["e1", "c2@1709296215123456@@"]


@pytest.mark.parametrize("form", FORMS)
def test_a_field_that_no_row_has_is_not_in_the_batch(vocabulary: Vocabulary, form: str) -> None:
    """What a batch does not say stays as it is, so that there is no column of it."""
    row = {"id": "t1", "account": "a1", "booking_time": KINDS["transaction"][0]["booking_time"], "amount": 1}
    batch = decode_records(FORMS[form]("transaction", [row]), vocabulary)
    assert set(batch.records.columns) == {"account", "booking_time", "amount"}


def test_owners_without_roles_are_owners(vocabulary: Vocabulary) -> None:
    """Where the batch has no roles, each owner's is OWNER, and so is that of an owner whose role is empty."""
    row = {"id": "a", "owners": ["c1", "c2"]}
    batch = decode_records(FORMS["arrow"]("account", [row]), vocabulary)
    assert decoded_rows(batch) == [{**row, "owner_roles": ["OWNER", "OWNER"]}]
    some = {**row, "owner_roles": ["", "JOINT"]}
    for form in FORMS.values():
        batch = decode_records(form("account", [some]), vocabulary)
        assert decoded_rows(batch) == [{**row, "owner_roles": ["OWNER", "JOINT"]}]


def test_times_of_consents_have_one_spelling(vocabulary: Vocabulary) -> None:
    """RFC 3339 with any offset and any number of digits gives the same text as the message of that moment."""
    spelled = ["2024-03-01T13:30:15.1234567+01:00", "2024-03-01t12:30:15.123456z", "2024-03-01 12:30:15Z"]
    row = {"id": "c", "consents": ["a", "b", "c"], "consent_times": spelled}
    batch = decode_records(FORMS["columns"]("customer", [row]), vocabulary)
    same = "2024-03-01T12:30:15.123456Z"
    assert decoded_rows(batch)[0]["consent_times"] == [same, same, "2024-03-01T12:30:15.000000Z"]
