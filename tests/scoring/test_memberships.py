"""Memberships in the five forms say what the planes say."""

from __future__ import annotations

import pytest
from hypothesis import given

from segmentd.api.v1 import membership_pb2
from segmentd.columns.planes import byte_count
from segmentd.scoring.memberships import Form, encode_memberships
from tests.scoring.naive import Case, cases, decode_bitmaps, decode_lists, decode_planes, expected


def encode(case: Case, form: Form) -> membership_pb2.Memberships:
    """The case in a form, without a limit."""
    return encode_memberships(case.verdicts, form, lambda _: None)


@given(cases())
def test_every_form_counts(case: Case) -> None:
    """Members and unknowns are counted in every form, for each segment in its place."""
    for form in Form:
        answer = encode(case, form)
        assert [(each.member_count, each.unknown_count) for each in answer.segments] == [
            (sum(members), sum(unknowns)) for members, unknowns in zip(case.members, case.unknowns, strict=True)
        ]
        assert [each.segment for each in answer.segments] == [f"segment-{i}" for i in range(len(case.members))]
        assert (answer.row_start, answer.row_count) == (case.row_start, case.rows)


@given(cases())
def test_planes_have_a_bit_a_row(case: Case) -> None:
    """A plane has the rows' bits in order, one byte per 8 rows rounded up, and none where nobody is unknown."""
    answer = encode(case, Form.PLANES)
    assert decode_planes(answer) == expected(case)
    for segment, unknowns in zip(answer.segments, case.unknowns, strict=True):
        assert len(segment.planes.members) == byte_count(case.rows)
        assert len(segment.planes.unknowns) == (byte_count(case.rows) if any(unknowns) else 0)


@given(cases())
def test_bitmaps_hold_row_numbers_of_the_data_version(case: Case) -> None:
    """The Roaring library reads from the bytes the rows that the planes have, counted from the data version's first."""
    assert decode_bitmaps(encode(case, Form.BITMAPS)) == expected(case)


@given(cases())
def test_lists_name_each_rows_segments(case: Case) -> None:
    """The lists, taken apart entry by entry, give back who is in which segment."""
    answer = encode(case, Form.LISTS)
    assert len(answer.lists.member_ends) == case.rows
    assert decode_lists(answer) == expected(case)
    assert list(answer.lists.ids) == (case.ids or [])


@given(cases())
def test_sets_name_ids_or_rows(case: Case) -> None:
    """Rows with ids are named by them and others by row number, in row order."""
    answer = encode(case, Form.IDS)
    for segment, members, unknowns in zip(answer.segments, *expected(case), strict=True):
        rows = sorted(members), sorted(unknowns)
        if case.ids is None:
            assert (list(segment.ids.member_rows), list(segment.ids.unknown_rows)) == rows
            assert not segment.ids.member_ids
        else:
            names = [[case.ids[row - case.row_start] for row in each] for each in rows]
            assert [list(segment.ids.member_ids), list(segment.ids.unknown_ids)] == names
            assert not segment.ids.member_rows


def test_counts_come_without_details() -> None:
    """The form COUNTS sends neither sets nor lists."""
    answer = encode(Case(3, 0, [[True, False, True]], [[False, True, False]], None), Form.COUNTS)
    assert answer.segments[0].WhichOneof("form") is None
    assert not answer.HasField("lists")


class TooMuchError(Exception):
    """The answer outgrew its limit."""


@pytest.mark.parametrize("form", list(Form))
def test_an_answer_is_stopped_while_it_grows(form: Form) -> None:
    """What `grew` raises at the first segment ends the encoding, in every form."""

    def refuse(_: int) -> None:
        raise TooMuchError

    with pytest.raises(TooMuchError):
        encode_memberships(Case(1, 0, [[True]], [[False]], None).verdicts, form, refuse)


@given(cases())
def test_grew_never_exceeds_the_message(case: Case) -> None:
    """The bytes that `grew` hears of are a lower bound of the message's size."""
    for form in Form:
        heard: list[int] = []
        answer = encode_memberships(case.verdicts, form, heard.append)
        assert sum(heard) <= answer.ByteSize()
