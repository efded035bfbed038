"""Memberships as Arrow tables. The only reader of answers that imports pyarrow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from segmentd.api.v1 import membership_pb2 as pb
from segmentd.client.verdicts import WANTED, FormError

if TYPE_CHECKING:
    from segmentd.client.membership import Count, Memberships


def counts_table(counts: Iterable[tuple[str, Count]]) -> Any:
    """`segment, members, unknown`, a row a segment."""
    rows = list(counts)
    return pa.table(
        {
            "segment": pa.array([segment for segment, _ in rows], pa.string()),
            "members": pa.array([count.members for _, count in rows], pa.int64()),
            "unknown": pa.array([count.unknown for _, count in rows], pa.int64()),
        }
    )


def memberships_table(memberships: Memberships) -> Any:
    """The table that `Memberships.to_arrow` describes."""
    message = memberships.message
    if message.HasField("lists"):
        return lists_table(memberships)
    if message.table:
        return read_table(message.table)
    forms = {found.WhichOneof("form") for found in message.segments}
    if None in forms or not forms:
        return counts_table(memberships.counts.items())
    if any(found.ids.member_ids or found.ids.unknown_ids for found in message.segments):
        return ids_table(message.segments)
    return pa.table({segment: verdict_array(memberships, segment) for segment in memberships.counts})


def read_table(stream: bytes) -> Any:
    """The table of an answer in the form arrow; its columns lie in the answer's bytes."""
    return pa.ipc.open_stream(stream).read_all()


def column_of(table: Any, column: str, rows: slice) -> Any:
    """Some rows of a column, as one array. Raises FormError if the table has no such column."""
    if column not in table.column_names:
        raise FormError(*WANTED[column])
    chunks = table.column(column)
    array = chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()
    return array.slice(rows.start, rows.stop - rows.start)


def text_array(texts: Sequence[str]) -> Any:
    """Texts as an array."""
    return pa.array(texts, pa.string())


def chunked_texts(arrays: Sequence[Any]) -> Any:
    """Arrays of texts, one after the other."""
    return pa.chunked_array(arrays, pa.string())


def verdict_array(memberships: Memberships, segment: str) -> Any:
    """True for a member, false for a non-member, null where it is unknown; a row each."""
    return pa.array(memberships.members(segment), mask=memberships.unknown(segment))


def ids_table(segments: Sequence[pb.SegmentMembership]) -> Any:
    """`id, segment, member`: members, and with a null those for whom it is unknown."""
    sets = [found.ids for found in segments]
    members, unknowns = [len(ids.member_ids) for ids in sets], [len(ids.unknown_ids) for ids in sets]
    lengths = np.array([members, unknowns]).T.ravel()
    verdict = np.repeat(np.tile([True, False], len(sets)), lengths)
    codes = np.repeat(np.repeat(np.arange(len(sets), dtype=np.int32), 2), lengths)
    names = pa.array([found.segment for found in segments], pa.string())
    return pa.table(
        {
            "id": pa.array(chain.from_iterable(chain(ids.member_ids, ids.unknown_ids) for ids in sets), pa.string()),
            "segment": pa.DictionaryArray.from_arrays(pa.array(codes), names),
            "member": pa.array(verdict, mask=~verdict),
        }
    )


def lists_table(memberships: Memberships) -> Any:
    """`id` where there are ids, `segments`, `unknown`; a row a subject."""
    lists, names = memberships.message.lists, pa.array(list(memberships.counts), pa.string())
    columns = {
        "segments": segment_lists(lists.member_ends, lists.members, names, memberships.row_count),
        "unknown": segment_lists(lists.unknown_ends, lists.unknowns, names, memberships.row_count),
    }
    return pa.table({"id": pa.array(lists.ids, pa.string())} | columns if lists.ids else columns)


def segment_lists(ends: Sequence[int], entries: Sequence[int], names: Any, rows: int) -> Any:
    """A list of segment ids a row. No ends: every list is empty."""
    offsets = np.zeros(rows + 1, np.int32)
    offsets[1:] = np.array(ends, np.int32) if len(ends) else 0
    return pa.ListArray.from_arrays(pa.array(offsets), names.take(pa.array(entries, pa.int32())))


def concatenate(parts: Sequence[Any]) -> Any:
    """Tables of one form, one after the other."""
    return pa.concat_tables(parts)
