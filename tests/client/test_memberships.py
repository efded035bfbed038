"""The six forms of an answer read alike: bits, rows, ids and Arrow tables."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pytest
from pyroaring import BitMap

from segmentd.api.v1 import membership_pb2 as pb
from segmentd.client import FormError
from segmentd.client.membership import Count, Form, Memberships, read_memberships

START, ROWS = 4096, 10
MEMBERS = {"gold": [0, 3, 9], "none": [], "silver": [1, 2]}
UNKNOWNS = {"gold": [4], "none": [], "silver": [0, 9]}
IDS = [f"c{row}" for row in range(ROWS)]


def bits(rows: list[int]) -> bytes:
    """A bit a row, lowest first, written out by hand."""
    return sum(1 << row for row in rows).to_bytes((ROWS + 7) // 8, "little")


def planes(segment: str) -> pb.SegmentMembership:
    """The segment in the form PLANES."""
    unknowns = bits(UNKNOWNS[segment]) if UNKNOWNS[segment] else b""
    return pb.SegmentMembership(planes=pb.Planes(members=bits(MEMBERS[segment]), unknowns=unknowns))


def bitmaps(segment: str) -> pb.SegmentMembership:
    """The segment in the form BITMAPS, of row numbers of the data version."""
    members = BitMap(START + row for row in MEMBERS[segment]).serialize()
    unknowns = BitMap(START + row for row in UNKNOWNS[segment]).serialize() if UNKNOWNS[segment] else b""
    return pb.SegmentMembership(bitmaps=pb.Bitmaps(members=members, unknowns=unknowns))


def row_sets(segment: str) -> pb.SegmentMembership:
    """The segment in the form IDS of subjects without ids."""
    members, unknowns = ([START + row for row in rows[segment]] for rows in (MEMBERS, UNKNOWNS))
    return pb.SegmentMembership(ids=pb.SubjectSets(member_rows=members, unknown_rows=unknowns))


def id_sets(segment: str) -> pb.SegmentMembership:
    """The segment in the form IDS of subjects with ids."""
    members, unknowns = ([IDS[row] for row in rows[segment]] for rows in (MEMBERS, UNKNOWNS))
    return pb.SegmentMembership(ids=pb.SubjectSets(member_ids=members, unknown_ids=unknowns))


def counts(_segment: str) -> pb.SegmentMembership:
    """The segment in the forms COUNTS and LISTS."""
    return pb.SegmentMembership()


def answer(form: Form, build: Callable[[str], pb.SegmentMembership]) -> Memberships:
    """An answer about the three segments, as the service writes it."""
    message = pb.Memberships(row_start=START, row_count=ROWS)
    for segment, members in MEMBERS.items():
        found = build(segment)
        found.segment, found.member_count, found.unknown_count = segment, len(members), len(UNKNOWNS[segment])
        message.segments.append(found)
    return read_memberships(message, form)


def lists_answer(*, ids: list[str]) -> Memberships:
    """An answer in the form LISTS: gold is 0, none 1, silver 2."""
    found = answer(Form.LISTS, counts)
    found.message.lists.CopyFrom(
        pb.SubjectLists(
            member_ends=[1, 2, 3, 4, 4, 4, 4, 4, 4, 5],
            members=[0, 2, 2, 0, 0],
            unknown_ends=[1, 1, 1, 1, 2, 2, 2, 2, 2, 3],
            unknowns=[2, 0, 2],
            ids=ids,
        )
    )
    return found


def arrow_answer(names: Sequence[str] | None) -> Memberships:
    """An answer in the form ARROW, its table put together as `Memberships.table` says."""
    found = answer(Form.ARROW, counts)
    rows = [
        (row, segment, member)
        for segment in MEMBERS
        for member, listed in ((True, MEMBERS[segment]), (None, UNKNOWNS[segment]))
        for row in listed
    ]
    who = pa.array([START + row for row, _, _ in rows], pa.uint64())
    columns = {
        "row" if names is None else "id": who if names is None else pa.array([names[row] for row, _, _ in rows]),
        "segment": pa.array([segment for _, segment, _ in rows]).dictionary_encode(),
        "member": pa.array([member for _, _, member in rows], pa.bool_()),
    }
    batch, sink = pa.RecordBatch.from_pydict(columns), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    found.message.table = sink.getvalue().to_pybytes()
    return found


BY_ROW = [
    answer(Form.PLANES, planes),
    answer(Form.BITMAPS, bitmaps),
    answer(Form.IDS, row_sets),
    lists_answer(ids=[]),
    arrow_answer(None),
]
BY_ID = answer(Form.IDS, id_sets)


@pytest.mark.parametrize("found", BY_ROW, ids=lambda found: found.form)
@pytest.mark.parametrize("segment", MEMBERS)
def test_forms_by_row_read_alike(found: Memberships, segment: str) -> None:
    """Planes, bitmaps, row sets and lists give the same bits, rows and bitmap, of members and unknowns."""
    expected = [START + row for row in MEMBERS[segment]]
    assert found.member_rows(segment).tolist() == expected
    assert found.unknown_rows(segment).tolist() == [START + row for row in UNKNOWNS[segment]]
    assert np.flatnonzero(found.members(segment)).tolist() == MEMBERS[segment]
    assert np.flatnonzero(found.unknown(segment)).tolist() == UNKNOWNS[segment]
    assert found.members(segment).shape == (ROWS,)
    assert list(found.member_bitmap(segment)) == expected


@pytest.mark.parametrize("found", [BY_ID, lists_answer(ids=IDS), arrow_answer(IDS)], ids=lambda found: found.form)
def test_forms_by_id_read_alike(found: Memberships) -> None:
    """Id sets, lists and tables of subjects with ids give the same ids in row order."""
    for segment, members in MEMBERS.items():
        assert found.member_id_array(segment).to_pylist() == [IDS[row] for row in members]
        assert found.member_id_array(segment).type == pa.string()
        assert found.member_ids(segment) == [IDS[row] for row in members]
        assert found.unknown_ids(segment) == [IDS[row] for row in UNKNOWNS[segment]]


@pytest.mark.parametrize("found", [*BY_ROW, BY_ID, answer(Form.COUNTS, counts)], ids=lambda f: f.form)
def test_every_form_counts(found: Memberships) -> None:
    """Members and unknowns are counted in every form."""
    assert found.counts == {"gold": Count(3, 1), "none": Count(0, 0), "silver": Count(2, 2)}


def test_an_answer_that_does_not_hold_what_is_read_says_which_form_does() -> None:
    """Rows from counts or from id sets, and ids from planes, are a FormError that names a form to ask for."""
    for found in (answer(Form.COUNTS, counts), answer(Form.IDS, id_sets)):
        with pytest.raises(FormError, match="ask for the form planes or bitmaps"):
            found.members("gold")
    for found in (answer(Form.PLANES, planes), arrow_answer(None)):
        with pytest.raises(FormError, match="ask for the form ids, arrow or lists"):
            found.member_ids("gold")
    with pytest.raises(FormError, match="ask for the form planes or bitmaps"):
        arrow_answer(IDS).member_rows("gold")


def test_a_segment_that_was_not_asked_for_is_a_key_error() -> None:
    """Reading another segment names those that were asked for."""
    with pytest.raises(KeyError, match="'bronze' was not asked for; there are gold, none, silver"):
        BY_ROW[0].members("bronze")


@pytest.mark.parametrize("found", BY_ROW[:3], ids=lambda found: found.form)
def test_a_table_by_row_has_a_null_where_it_is_unknown(found: Memberships) -> None:
    """Planes, bitmaps and row sets become a bool column a segment: true, false, or null for unknown."""
    table = found.to_arrow()
    assert table.schema.names == ["gold", "none", "silver"]
    assert table["gold"].to_pylist() == [True, False, False, True, None, False, False, False, False, True]
    assert table["none"].to_pylist() == [False] * ROWS
    assert table["silver"].to_pylist() == [None, True, True, False, False, False, False, False, False, None]


@pytest.mark.parametrize("found", [BY_ID, arrow_answer(IDS)], ids=lambda found: found.form)
def test_a_table_of_ids_has_a_row_a_membership(found: Memberships) -> None:
    """Id sets become `id, segment, member`, with a null member where it is unknown."""
    assert found.to_arrow().to_pylist() == [
        {"id": "c0", "segment": "gold", "member": True},
        {"id": "c3", "segment": "gold", "member": True},
        {"id": "c9", "segment": "gold", "member": True},
        {"id": "c4", "segment": "gold", "member": None},
        {"id": "c1", "segment": "silver", "member": True},
        {"id": "c2", "segment": "silver", "member": True},
        {"id": "c0", "segment": "silver", "member": None},
        {"id": "c9", "segment": "silver", "member": None},
    ]


def test_a_table_of_lists_has_a_row_a_subject() -> None:
    """Lists become the segments of each subject and those that are unknown for it."""
    table = lists_answer(ids=IDS).to_arrow().to_pylist()
    assert table[0] == {"id": "c0", "segments": ["gold"], "unknown": ["silver"]}
    assert table[1] == {"id": "c1", "segments": ["silver"], "unknown": []}
    assert table[5] == {"id": "c5", "segments": [], "unknown": []}


def test_a_table_of_counts_has_a_row_a_segment() -> None:
    """Counts become `segment, members, unknown`."""
    table = answer(Form.COUNTS, counts).to_arrow()
    assert table.to_pydict() == {"segment": ["gold", "none", "silver"], "members": [3, 0, 2], "unknown": [1, 0, 2]}
