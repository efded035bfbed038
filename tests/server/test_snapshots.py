"""Snapshots through a server: kept over restarts, compared with each other and with now, and rid of people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentd.api.v1 import segment_service_pb2 as segments
from segmentd.api.v1 import snapshot_service_pb2 as pb
from segmentd.scoring.snapshots.service import MAX_SNAPSHOTS
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from tests.server.api import Api, RefusedError
from tests.server.bank import MAIN, create_segment

BEFORE = {"c1": 10, "c2": 20, "c3": None, "c4": 40, "c5": 50}
AFTER = {"c6": 60, "c5": 5, "c4": 40, "c3": 33, "c1": None}


def write_people(directory: Path, people: dict[str, int | None]) -> None:
    """Customers with a number each."""
    table = pa.table({"customer_id": list(people), "number": pa.array(people.values(), pa.int64())})
    pq.write_table(table, directory / "customers.parquet")


@contextmanager
def served(directory: Path, people: dict[str, int | None] | None = None) -> Iterator[tuple[Server, Api]]:
    """A server over the people in the directory."""
    if people is not None:
        write_people(directory, people)
    config = ServerConfig(data_dir=directory / "data", port=0, threads=1, population=directory / "customers.parquet")
    with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield server, Api(channel)


def create(api: Api, name: str, *ids: str) -> pb.Snapshot:
    """A snapshot of segments of ledger `main`."""
    snapshot = pb.Snapshot(segments=[pb.SnapshotSegment(segment=id_) for id_ in ids])
    made: pb.Snapshot = api.call(
        "CreateSnapshot", pb.CreateSnapshotRequest(parent=MAIN, snapshot_id=name, snapshot=snapshot)
    )
    return made


def compare(
    api: Api, name: str, other: str = "", **fields: object
) -> tuple[pb.SnapshotComparison, dict[str, list[str]]]:
    """The numbers, and who came (`+`) and went (`-`) by segment."""
    request = pb.CompareSnapshotsRequest(
        name=f"{MAIN}/snapshots/{name}",
        other=f"{MAIN}/snapshots/{other}" if other else "",
        **fields,  # type: ignore[arg-type]
    )
    first, *pages = api.call("CompareSnapshots", request)
    changes: dict[str, list[str]] = {}
    for page in pages:
        found = changes.setdefault(page.changes.segment, [])
        found += [f"+{id_}" for id_ in page.changes.came] + [f"-{id_}" for id_ in page.changes.went]
    return first.comparison, {segment: sorted(found) for segment, found in changes.items()}


def test_who_came_and_who_went(tmp_path: Path) -> None:
    """People who are new, gone, unknown or in another row are told apart; a restart keeps what was taken."""
    with served(tmp_path, BEFORE) as (_, api):
        create_segment(api, "large", "customer.number >= 20")
        create_segment(api, "small", "customer.number < 20")
        taken = create(api, "before")
        assert [(each.segment, each.member_count, each.unknown_count) for each in taken.segments] == [
            ("large", 3, 1),
            ("small", 1, 1),
        ]
        assert (taken.row_count, taken.segments[0].expression) == (5, "customer.number >= 20")
    with served(tmp_path, AFTER) as (_, api):
        name = f"{MAIN}/snapshots/before"
        assert api.call("GetSnapshot", pb.GetSnapshotRequest(name=name)) == taken
        numbers, changes = compare(api, "before")
        assert changes == {"large": ["+c3", "+c6", "-c2", "-c5"], "small": ["+c5", "-c1"]}
        large, small = numbers.segments
        assert (large.came_count, large.went_count, large.stayed_count) == (2, 2, 1)
        assert (large.new_count, large.gone_count) == (1, 1)
        assert (small.came_count, small.went_count, small.stayed_count, small.new_count) == (1, 1, 0, 0)
        assert numbers.snapshot == taken
        assert not numbers.other.name
        create(api, "after", "large")
        numbers, changes = compare(api, "before", "after")
        assert changes == {"large": ["+c3", "+c6", "-c2", "-c5"]}
        assert list(numbers.left_out_segments) == ["small"]
        assert compare(api, "before", segments=["small"], counts_only=True)[1] == {}


def test_segments_that_changed_are_told(tmp_path: Path) -> None:
    """A changed expression is marked, an inactive segment has lost everybody, a deleted one is left out."""
    with served(tmp_path, BEFORE) as (_, api):
        for name in ("changed", "deleted", "stopped"):
            create_segment(api, name, "customer.number >= 20")
        create(api, "before")
        for name, fields in {
            "changed": {"expression": "customer.number >= 50"},
            "stopped": {"state": segments.SEGMENT_STATE_INACTIVE},
        }.items():
            segment = segments.Segment(name=f"{MAIN}/segments/{name}", **fields)  # type: ignore[arg-type]
            api.call("UpdateSegment", segments.UpdateSegmentRequest(segment=segment))
        api.call("DeleteSegment", segments.DeleteSegmentRequest(name=f"{MAIN}/segments/deleted"))
        numbers, changes = compare(api, "before")
        assert changes == {"changed": ["-c2", "-c4"], "stopped": ["-c2", "-c4", "-c5"]}
        assert [each.expression_changed for each in numbers.segments] == [True, True]
        assert list(numbers.left_out_segments) == ["deleted"]
        with pytest.raises(RefusedError) as raised:
            compare(api, "before", segments=["deleted"])
        assert raised.value.refusal.fields == ("segments[0]",)


def test_a_name_is_taken_once_and_can_be_given_back(tmp_path: Path) -> None:
    """Lists are in the order of names; a deleted snapshot's file is gone."""
    with served(tmp_path, BEFORE) as (_, api):
        create_segment(api, "large", "customer.number >= 20")
        for name in ("b", "a", "c"):
            create(api, name)
        with pytest.raises(RefusedError) as raised:
            create(api, "a")
        assert raised.value.refusal.reason == "ALREADY_EXISTS"
        page = api.call("ListSnapshots", pb.ListSnapshotsRequest(parent=MAIN, page_size=2))
        rest = api.call("ListSnapshots", pb.ListSnapshotsRequest(parent=MAIN, page_token=page.next_page_token))
        assert [each.name[-1] for each in (*page.snapshots, *rest.snapshots)] == ["a", "b", "c"]
        api.call("DeleteSnapshot", pb.DeleteSnapshotRequest(name=f"{MAIN}/snapshots/b"))
        kept = (tmp_path / "data" / "snapshots" / "main").iterdir()
        assert sorted(path.name for path in kept) == ["a.arrow", "c.arrow"]
        create(api, "b")


def test_there_is_an_end_to_them(tmp_path: Path) -> None:
    """A ledger has so many snapshots and no more."""
    with served(tmp_path, {"c1": 1}) as (_, api):
        create_segment(api, "large", "customer.number >= 20")
        for number in range(MAX_SNAPSHOTS):
            create(api, f"s{number}")
        with pytest.raises(RefusedError) as raised:
            create(api, "more")
        assert raised.value.refusal.reason == "SNAPSHOT_LIMIT"


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """The server does not start over it, and says which file it is; what was never finished goes by itself."""
    with served(tmp_path, BEFORE) as (_, api):
        create_segment(api, "large", "customer.number >= 20")
        create(api, "whole")
    folder = tmp_path / "data" / "snapshots" / "main"
    (folder / "half.new").write_bytes(b"half")
    with served(tmp_path):
        assert [path.name for path in folder.iterdir()] == ["whole.arrow"]
    content = (folder / "whole.arrow").read_bytes()
    (folder / "whole.arrow").write_bytes(content[: len(content) // 2])
    with pytest.raises(Exception, match=r"whole\.arrow is damaged"), served(tmp_path):
        pass
