"""The bytes of memberships are those that protobuf writes from a message that is put together object by object."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pyroaring import BitMap

from segmentd.api.v1 import membership_pb2 as pb
from segmentd.columns.planes import pack
from segmentd.scoring.memberships import Form, membership_parts
from tests.scoring.naive import Case, expected

FORMS = [form for form in Form if form is not Form.ARROW]
STARTS = (0, 5, 64, 127, 16_320, 65_500, 2_097_100, (1 << 28) - 100, (1 << 32) - 200_000)
"""First rows whose numbers, or whose containers of a bitmap, change within the rows."""


def naive(case: Case, form: Form) -> pb.Memberships:
    """The message as `membership.proto` says, from lists of bools."""
    message = pb.Memberships(row_start=case.row_start, row_count=case.rows)
    for index, (members, unknowns) in enumerate(zip(*expected(case), strict=True)):
        segment = message.segments.add(
            segment=f"segment-{index}", member_count=len(members), unknown_count=len(unknowns)
        )
        add_details(segment, case, form, sorted(members), sorted(unknowns))
    if form is Form.LISTS:
        message.lists.CopyFrom(naive_lists(case))
    return message


def add_details(segment: pb.SegmentMembership, case: Case, form: Form, members: list[int], unknowns: list[int]) -> None:
    """The details of one segment."""
    if form is Form.IDS and case.ids is None:
        segment.ids.CopyFrom(pb.SubjectSets(member_rows=members, unknown_rows=unknowns))
    elif form is Form.IDS and case.ids is not None:
        names = [[case.ids[row - case.row_start] for row in rows] for rows in (members, unknowns)]
        segment.ids.CopyFrom(pb.SubjectSets(member_ids=names[0], unknown_ids=names[1]))
    elif form is Form.PLANES:
        planes = [bitmap(case, rows) for rows in (members, unknowns)]
        segment.planes.CopyFrom(pb.Planes(members=planes[0], unknowns=planes[1] if unknowns else b""))
    elif form is Form.BITMAPS:
        bitmaps = [bytes(BitMap(np.array(rows, np.uint32)).serialize()) for rows in (members, unknowns)]
        segment.bitmaps.CopyFrom(pb.Bitmaps(members=bitmaps[0], unknowns=bitmaps[1] if unknowns else b""))


def bitmap(case: Case, rows: list[int]) -> bytes:
    """A bit a row of the range."""
    bits = np.zeros(case.rows, np.bool_)
    bits[np.array(rows, np.int64) - case.row_start] = True
    return np.packbits(bits, bitorder="little").tobytes()


def naive_lists(case: Case) -> pb.SubjectLists:
    """The lists, row by row."""
    lists = pb.SubjectLists(ids=case.ids or [])
    for row in range(case.rows):
        lists.members.extend(index for index, bits in enumerate(case.members) if bits[row])
        lists.member_ends.append(len(lists.members))
        if any(map(any, case.unknowns)):
            lists.unknowns.extend(index for index, bits in enumerate(case.unknowns) if bits[row])
            lists.unknown_ends.append(len(lists.unknowns))
    return lists


def drawn(rows: int, segments: int, row_start: int, density: float, ids: list[str] | None) -> Case:
    """Random members, and half as many unknowns in all segments but the first."""
    values = np.random.default_rng([rows, segments]).random((segments, rows))
    members, unknowns = values < density, (values >= density) & (values < 1.5 * density)
    unknowns[:1] = False
    return Case(rows, row_start, members.tolist(), unknowns.tolist(), ids)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 600])
@pytest.mark.parametrize("segments", [0, 1, 3, 140])
def test_bytes_are_protobufs(form: Form, rows: int, segments: int) -> None:
    """Few and many segments, none, some and all rows in them, wherever the rows begin, with and without ids."""
    for row_start, density in zip(STARTS, (0.0, 0.02, 0.3, 0.5, 0.7, 0.9, 1.0, 0.3, 0.1), strict=True):
        for ids in (None, [f"č{row}" * (row % 3) if row % 7 else "x" * (30 * row) for row in range(rows)]):
            case = drawn(rows, segments, row_start, density, ids)
            written = b"".join(membership_parts(case.verdicts, form, lambda _: None))
            assert written == naive(case, form).SerializeToString(deterministic=True)


@pytest.mark.parametrize("row_start", [0, 64, 65_535, 131_000])
def test_bitmaps_of_every_kind_of_container(row_start: int) -> None:
    """Lists, bits and runs, alone and together, empty containers among them, are the bytes that Roaring writes."""
    rows = 6 << 16
    patterns = {
        "runs": np.arange(rows) % 1_000 < 900,
        "bits": np.random.default_rng(1).random(rows) < 0.4,
        "lists": np.arange(rows) % 97 == 3,
        "everybody": np.ones(rows, np.bool_),
        "the last": np.arange(rows) == rows - 1,
        "gaps": np.isin(np.arange(rows) >> 16, [1, 4]),
        "mixed": np.where(np.arange(rows) < 90_000, np.arange(rows) % 97 == 3, np.arange(rows) > 300_000),
        "few": np.arange(rows) < 70_000,
    }
    for name, bools in patterns.items():
        case = Case(rows, row_start, [bools.tolist()], [np.zeros(rows, np.bool_).tolist()], None)
        message = pb.Memberships.FromString(b"".join(membership_parts(case.verdicts, Form.BITMAPS, lambda _: None)))
        numbers = (np.flatnonzero(bools) + row_start).astype(np.uint32)
        assert message.segments[0].bitmaps.members == bytes(BitMap(numbers).serialize()), name
        assert message.segments[0].member_count == int(np.bitwise_count(pack(bools)).sum())


def test_names_of_segments_are_written_once_each() -> None:
    """Segments of another request do not get the names of this one."""
    first, second = drawn(3, 2, 0, 0.5, None).verdicts, drawn(3, 3, 0, 0.5, None).verdicts
    for verdicts in (first, second, first):
        message = pb.Memberships.FromString(b"".join(membership_parts(verdicts, Form.COUNTS, lambda _: None)))
        assert [each.segment for each in message.segments] == list(verdicts.segments)


@pytest.mark.parametrize("rows", [0, 1, 65, 600])
@pytest.mark.parametrize("segments", [0, 1, 140])
@pytest.mark.parametrize("named", [False, True])
def test_a_table_has_every_member_and_unknown(rows: int, segments: int, *, named: bool) -> None:
    """Row by row: who, which segment, and whether a member, in the order of segments, members and unknowns, rows."""
    case = drawn(rows, segments, 1_000, 0.4, [f"č{row}" * (row % 3) for row in range(rows)] if named else None)
    message = pb.Memberships.FromString(b"".join(membership_parts(case.verdicts, Form.ARROW, lambda _: None)))
    table = pa.ipc.open_stream(message.table).read_all()
    who = case.ids if case.ids is not None else range(1_000, 1_000 + rows)
    sets = [
        (f"segment-{index}", member, bits)
        for index, both in enumerate(zip(case.members, case.unknowns, strict=True))
        for member, bits in zip((True, None), both, strict=True)
    ]
    key = "id" if named else "row"
    assert table.to_pylist() == [
        {key: who[row], "segment": segment, "member": member}
        for segment, member, bits in sets
        for row in range(rows)
        if bits[row]
    ]
    assert table.schema.field(key).type == (pa.string() if named else pa.uint64())
    assert table.schema.field("segment").type == pa.dictionary(pa.int16(), pa.string())
    counts = [(each.member_count, each.unknown_count) for each in message.segments]
    assert counts == [(sum(each), sum(other)) for each, other in zip(case.members, case.unknowns, strict=True)]
