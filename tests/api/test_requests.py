"""Bytes, masks and page tokens of requests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.api.errors import nearest
from segmentd.api.masks import chosen_fields
from segmentd.api.paging import cut_page, next_page_token, page_limit, page_token, parse_page_token
from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.wire import parse_request, to_subject, to_timestamp
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.schema import Subject

FIELDS = ("display_name", "time_zone")
ids = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-.", min_size=1, max_size=63)


@pytest.mark.parametrize("raw", [b"\xff", b"\x0a\x05ab", b"\x0a\x02\xff\xfe", b"garbage that is no protobuf"])
def test_bytes_that_are_no_message_are_refused(raw: bytes) -> None:
    """Cut, invalid UTF-8 and plain garbage get MALFORMED_REQUEST, which names the message's type."""
    with pytest.raises(SegmentdError) as caught:
        parse_request(pb.GetLedgerRequest, raw)
    assert caught.value.reason is ErrorReason.MALFORMED_REQUEST
    assert caught.value.metadata == {"message": "segmentd.api.v1.GetLedgerRequest"}


def test_a_message_is_parsed() -> None:
    """Valid bytes give the message; no bytes an empty one."""
    request = pb.GetLedgerRequest(name="ledgers/main")
    assert parse_request(pb.GetLedgerRequest, request.SerializeToString()) == request
    assert parse_request(pb.GetLedgerRequest, b"") == pb.GetLedgerRequest()


def test_timestamps_keep_microseconds() -> None:
    """Nanoseconds are a thousand times the microseconds, before 1970 too."""
    stamp = to_timestamp(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
    assert (stamp.seconds, stamp.nanos) == (-1, 999_999_000)


def test_an_unspecified_subject_is_the_customer() -> None:
    """Numbers that the enum lacks are refused."""
    assert [to_subject(number, "subject") for number in (0, 1, 2)] == [
        Subject.CUSTOMER,
        Subject.CUSTOMER,
        Subject.ACCOUNT,
    ]
    with pytest.raises(SegmentdError, match="SUBJECT_CUSTOMER or SUBJECT_ACCOUNT"):
        to_subject(3, "subject")


def test_a_mask_chooses_fields() -> None:
    """Paths choose themselves, `*` all, and no mask what is populated and can be changed."""
    assert chosen_fields(["time_zone"], FIELDS, ["display_name"]) == {"time_zone"}
    assert chosen_fields(["*"], FIELDS, []) == set(FIELDS)
    assert chosen_fields([], FIELDS, ["name", "display_name", "etag"]) == {"display_name"}
    assert chosen_fields([], FIELDS, ["name"]) == frozenset()


@pytest.mark.parametrize("path", ["name", "etag", "displayName", "time_zone.name", "", "nonsense"])
def test_a_mask_with_other_paths_is_refused(path: str) -> None:
    """The error names the path and what can be changed."""
    with pytest.raises(SegmentdError, match="display_name, time_zone") as caught:
        chosen_fields(["time_zone", path], FIELDS, [])
    assert caught.value.reason is ErrorReason.INVALID_UPDATE_MASK
    assert caught.value.metadata == ({"path": path} if path else {})


@pytest.mark.parametrize(("asked", "given_"), [(0, 50), (1, 1), (1_000, 1_000), (1_001, 1_000), (2**31 - 1, 1_000)])
def test_page_sizes(asked: int, given_: int) -> None:
    """0 is 50, and 1,000 the most."""
    assert page_limit(asked) == given_


def test_a_negative_page_size_is_refused() -> None:
    """The error names the field."""
    with pytest.raises(SegmentdError) as caught:
        page_limit(-1)
    assert caught.value.metadata["field"] == "page_size"


@given(ids, st.lists(st.text(max_size=20), max_size=3))
def test_a_token_gives_its_id_back(last_id: str, arguments: list[str]) -> None:
    """With the same arguments, the id comes back; tokens need no escaping in URLs."""
    token = page_token(last_id, *arguments)
    assert parse_page_token(token, *arguments) == last_id
    assert token.replace("-", "").replace("_", "").isalnum()


@given(ids, st.data())
def test_a_tampered_token_is_refused(last_id: str, data: st.DataObject) -> None:
    """Any one character changed, removed or added, the token is none."""
    token = page_token(last_id, "segments", "main")
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("AZaz09-_=. é").filter(lambda character: character != token[at]))
    for tampered in (token[:at] + other + token[at + 1 :], token[:at] + token[at + 1 :], token + other):
        if tampered:
            with pytest.raises(SegmentdError) as caught:
                parse_page_token(tampered, "segments", "main")
            assert caught.value.reason is ErrorReason.INVALID_PAGE_TOKEN


@pytest.mark.parametrize(
    "arguments", [("segments", "other"), ("segments",), ("segments", "main", ""), ("segmentsmain",)]
)
def test_a_token_of_another_call_is_refused(arguments: tuple[str, ...]) -> None:
    """A token belongs to its method, parent and filter."""
    with pytest.raises(SegmentdError):
        parse_page_token(page_token("a", "segments", "main"), *arguments)


def test_pages_end_early_rather_than_grow_too_large() -> None:
    """A page holds what fits its bytes, and always an entry, so that a list can be read to its end."""
    names = [f"{number}" + "x" * 100 for number in range(10)]
    page = cut_page(names, 5, lambda name: pb.Ledger(name=name), max_bytes=250)
    assert [ledger.name for ledger in page] == names[:2]
    assert len(cut_page(names, 5, lambda name: pb.Ledger(name=name), max_bytes=1)) == 1
    assert len(cut_page(names, 5, lambda name: pb.Ledger(name=name))) == 5
    assert next_page_token(["a", "b"], 2, "x") == ""
    assert parse_page_token(next_page_token(["a", "b"], 1, "x"), "x") == "a"


@pytest.mark.parametrize(
    ("given_", "likely"),
    [("incom", "income"), ("INCOME", "income"), ("nwo", "now"), ("tire", "tier"), ("nope", None), ("", None)],
)
def test_the_nearest_name_is_a_likely_one(given_: str, likely: str | None) -> None:
    """Whatever its case, and with two letters exchanged; a name that is like none is taken for none."""
    assert nearest(given_, ["income", "now", "tier", "notes", "t"]) == likely


def test_a_column_is_suggested_for_the_field_of_a_message() -> None:
    """Fields of messages end with their unit, and columns have the same names without it."""
    columns = ["amount", "balance", "balance_after", "currency", "opened"]
    fields = ["amount_minor", "balance_minor", "balance_after_minor", "currency_code", "opened_day"]
    assert [nearest(field, columns) for field in fields] == columns


def test_names_are_compared_where_that_is_quick() -> None:
    """Nothing is suggested for a name that is too long, or among more names than are compared."""
    known = [f"attribute_{index}" for index in range(200)]
    assert nearest("atribute_7", known) == "attribute_7"
    assert nearest("atribute_7", [*known, "one_more"]) is None
    assert nearest("x" * 128, ["x" * 127]) == "x" * 127
    assert nearest("x" * 129, ["x" * 127]) is None
