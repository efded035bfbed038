"""Filters of segment lists: exactly the documented grammar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.api.v1 import segment_service_pb2 as pb
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.segments.filters import parse_filter
from segmentd.segments.model import State
from tests.segments.assembly import MAIN, Assembly, fields_of, refusal
from tests.segments.store_contract import segment


async def found(services: Assembly, text: str) -> list[str]:
    """The ids that a filter finds, over pages of two."""
    ids: list[str] = []
    token = ""
    while True:
        page = await services.list_segments(filter=text, page_size=2, page_token=token)
        ids += [each.name.removeprefix(f"{MAIN}/segments/") for each in page.segments]
        token = page.next_page_token
        if not token:
            return ids


@pytest.fixture
async def labelled(services: Assembly) -> Assembly:
    """Five segments with labels and states."""
    await services.add_ledger()
    await services.add_segment("a", labels={"team": "retail", "wave": "1"})
    await services.add_segment("b", labels={"team": "retail"}, state=pb.SEGMENT_STATE_INACTIVE)
    await services.add_segment("c", labels={"team": 'say "hi" AND \\ bye'})
    await services.add_segment("d", labels={"team": ""})
    await services.add_segment("e", labels={"team": "retail", "wave-2_b": "x"})
    return services


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", "abcde"),
        ("   ", "abcde"),
        ('labels.team = "retail"', "abe"),
        ('labels.team="retail"', "abe"),
        ('  labels.team   =   "retail"  ', "abe"),
        ('labels.team = ""', "d"),
        ('labels.team = "Retail"', ""),
        ('labels.team = "say \\"hi\\" AND \\\\ bye"', "c"),
        ("labels.wave:*", "a"),
        ("labels.wave : *", "a"),
        ("labels.wave-2_b:*", "e"),
        ("labels.team:*", "abcde"),
        ("labels.none:*", ""),
        ("state = ACTIVE", "acde"),
        ("state=INACTIVE", "b"),
        ('labels.team = "retail" AND state = ACTIVE', "ae"),
        ('state = ACTIVE   AND labels.wave:* AND labels.team = "retail"', "a"),
        ("state = ACTIVE AND state = INACTIVE", ""),
    ],
)
async def test_filters_find(labelled: Assembly, text: str, ids: str) -> None:
    """The segments for which every term holds, in order, over all pages."""
    assert await found(labelled, text) == list(ids)


@pytest.mark.parametrize(
    "text",
    [
        "labels.team=",
        "labels.team = retail",
        "labels.team = 'retail'",
        'labels.team = "retail',
        'labels.team = "a"b"',
        'labels.team = "a\\n"',
        'labels.Team = "x"',
        'labels. = "x"',
        'label.team = "x"',
        'team = "x"',
        'labels.team != "x"',
        'labels.team = "x" OR labels.team = "y"',
        'labels.team = "x" and state = ACTIVE',
        'labels.team = "x"AND state = ACTIVE',
        'labels.team = "x" AND',
        'AND labels.team = "x"',
        "state = active",
        "state = ACTIVEX",
        "state",
        'NOT state = "ACTIVE"',
        "(state = ACTIVE)",
        "state\t=\tACTIVE",
        "\0",
    ],
)
async def test_other_filters_are_refused(services: Assembly, text: str) -> None:
    """The error repeats the filter, says where it cannot be read, and shows what is allowed."""
    await services.add_ledger()
    error = await refusal(services.list_segments(filter=text))
    assert (error.reason, fields_of(error)) == (ErrorReason.INVALID_FILTER, ["filter"])
    assert error.metadata["filter"] == text
    assert 'labels.KEY = "VALUE"' in error.message


def test_the_place_of_the_error_is_told() -> None:
    """It is the column of the term that is wrong."""
    with pytest.raises(SegmentdError) as caught:
        parse_filter("state = ACTIVE AND colour = RED")
    assert caught.value.metadata["column"] == "20"


def test_very_long_filters_take_no_time() -> None:
    """A million quotes and backslashes are read once."""
    for text in ('labels.a = "' + "\\\\" * 500_000, "state = ACTIVE AND " * 50_000, "labels." + "a" * 1_000_000):
        with pytest.raises(SegmentdError):
            parse_filter(text)


@given(st.text(max_size=63))
def test_every_value_can_be_asked_for(value: str) -> None:
    """With quotes and backslashes escaped, a filter finds exactly the value."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    wanted = parse_filter(f'labels.k = "{escaped}"')
    assert wanted.matches(segment(labels={"k": value}))
    assert not wanted.matches(segment(labels={"k": value + "x"}))
    assert not wanted.matches(segment(labels={"j": value}, state=State.INACTIVE))


async def test_a_token_belongs_to_its_filter(labelled: Assembly) -> None:
    """With another filter, or tampered with, it is refused."""
    page = await labelled.list_segments(filter="state = ACTIVE", page_size=1)
    token = page.next_page_token
    for fields in ({"filter": "state = INACTIVE"}, {"filter": ""}, {"page_token": token[:-1] + "!"}):
        error = await refusal(labelled.list_segments(**{"filter": "state = ACTIVE", "page_token": token, **fields}))
        assert (error.reason, fields_of(error)) == (ErrorReason.INVALID_PAGE_TOKEN, ["page_token"])


async def test_pages_go_on_after_what_was_deleted_or_added(labelled: Assembly) -> None:
    """A token says after which id to go on, so changes in between neither repeat nor skip the others."""
    first = await labelled.list_segments(page_size=2)
    await labelled.delete_segment("b")
    await labelled.add_segment("aa")
    await labelled.add_segment("cc")
    second = await labelled.list_segments(page_size=10, page_token=first.next_page_token)
    assert [each.name[-2:].strip("/") for each in second.segments] == ["c", "cc", "d", "e"]
