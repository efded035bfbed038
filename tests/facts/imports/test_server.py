"""Import jobs through the API of a real server: made, watched, listed, cancelled, and refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from segmentd.client import Client, SegmentdCallError
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from tests.facts.imports.files import write
from tests.facts.imports.test_jobs import MAPPING, movements

ACCOUNTS = "kind: account\nid: id\nfields: {kind: {constant: CHECKING}}\n"


@pytest.fixture
def client(tmp_path: Path, landing: Path) -> Iterator[Client]:
    """A client of a server that imports from the landing folder, with accounts a1 and a2."""
    config = ServerConfig(data_dir=tmp_path / "data", port=0, threads=2, drain_s=1.0, import_roots=(landing,))
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as connected:
        connected.create_ledger("main", currency_code="CZK", time_zone="Europe/Prague")
        (landing / "accounts.csv").write_text("id\na1\na2\n")
        job = connected.import_records(str(landing / "accounts.csv"), ACCOUNTS)
        assert [seen.state for seen in connected.watch_import_job(job.id)][-1] == "SUCCEEDED"
        yield connected


def test_a_job_is_watched_to_its_end(client: Client, landing: Path) -> None:
    """Watching yields the job with growing counts, at last its final state; what it says is what it is said later."""
    path = write(landing, "rows.csv", movements(150_000))
    made = client.import_records(str(path), MAPPING, kind="transaction", job_id="nightly")
    assert (made.id, made.source, made.kind, made.state) == ("nightly", str(path), "transaction", made.state)
    seen = list(client.watch_import_job("nightly"))
    rows = [job.progress.rows_read for job in seen]
    assert rows == sorted(rows)
    assert {0, 65_536, 131_072, 150_000} >= set(rows)
    last = seen[-1]
    assert (last.state, last.progress.inserted, last.progress.rejected) == ("SUCCEEDED", 150_000, 0)
    assert last.progress.bytes_read == last.progress.bytes_total == path.stat().st_size
    assert last.progress.data_version == client.get_ledger().data_version
    assert client.get_import_job("nightly") == last
    assert {job.id for job in client.list_import_jobs()} == {"nightly", client.list_import_jobs(page_size=1)[0].id}


def test_rejects_are_listed_in_pages(client: Client, landing: Path) -> None:
    """Every rejected row is told, in order, over as many pages as it takes."""
    rows = movements(100)
    for row in rows[::2]:
        row["account"] = "nobody"
    job = client.import_records(str(write(landing, "rows.jsonl", rows)), MAPPING)
    assert [seen.state for seen in client.watch_import_job(job.id)][-1] == "SUCCEEDED"
    rejects = client.list_import_rejects(job.id, page_size=7)
    assert [reject.row for reject in rejects] == list(range(1, 101, 2))
    assert {reject.field for reject in rejects} == {"account"}


def test_a_cancelled_job_keeps_what_it_wrote(client: Client, landing: Path) -> None:
    """A job that is told to end while it runs is CANCELLED, and its counts are what the ledger has of it."""
    path = write(landing, "rows.csv", movements(400_000))
    job = client.import_records(str(path), MAPPING)
    for seen in client.watch_import_job(job.id):
        if seen.progress.rows_read and not seen.state.is_final:
            client.cancel_import_job(job.id)
    assert seen.state == "CANCELLED"
    assert 0 < seen.progress.inserted < 400_000
    assert client.cancel_import_job(job.id) == seen
    again = client.import_records(str(path), MAPPING)
    end = list(client.watch_import_job(again.id))[-1]
    assert (end.state, end.progress.unchanged) == ("SUCCEEDED", seen.progress.inserted)
    assert end.progress.inserted == 400_000 - seen.progress.inserted


def test_a_waiting_job_is_cancelled_at_once(client: Client, landing: Path) -> None:
    """One job of a ledger runs at a time; one that waits ends without having begun."""
    path = write(landing, "rows.csv", movements(200_000))
    running = client.import_records(str(path), MAPPING)
    waiting = client.import_records(str(path), MAPPING)
    assert waiting.state == "PENDING"
    cancelled = client.cancel_import_job(waiting.id)
    assert (cancelled.state, cancelled.start_time, cancelled.progress.rows_read) == ("CANCELLED", None, 0)
    assert list(client.watch_import_job(running.id))[-1].state == "SUCCEEDED"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("/etc/passwd", "IMPORT_SOURCE_REFUSED"),
        ("rows.csv", "IMPORT_SOURCE_REFUSED"),
        ("{landing}/../data/segmentd.lock", "IMPORT_SOURCE_REFUSED"),
        ("{landing}/link.csv", "IMPORT_SOURCE_REFUSED"),
        ("{landing}/linked/*.csv", "IMPORT_SOURCE_REFUSED"),
        ("s3://bank/rows.csv", "IMPORT_SOURCE_REFUSED"),
        ("s3://key:secret@bank/rows.csv", "IMPORT_SOURCE_REFUSED"),
        ("http://127.0.0.1/rows.csv", "IMPORT_SOURCE_REFUSED"),
        ("{landing}/none.csv", "IMPORT_SOURCE_UNREADABLE"),
        ("{landing}/*.parquet", "IMPORT_SOURCE_UNREADABLE"),
        ("{landing}/notes.docx", "IMPORT_SOURCE_UNREADABLE"),
    ],
)
def test_sources_that_are_not_taken(client: Client, landing: Path, tmp_path: Path, source: str, reason: str) -> None:
    """Nothing outside the folders of the server is read, links and credentials in URIs included; names are judged."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "rows.csv").write_text("id\n1\n")
    (landing / "link.csv").symlink_to(outside / "rows.csv")
    (landing / "linked").symlink_to(outside)
    (landing / "notes.docx").write_text("")
    with pytest.raises(SegmentdCallError) as refused:
        client.import_records(source.format(landing=landing), MAPPING)
    assert refused.value.reason == reason
    assert "secret" not in str(refused.value)


def test_who_watches_is_told_that_the_server_stops(tmp_path: Path, landing: Path) -> None:
    """A watched job does not keep the server from stopping; it goes on when the server starts again."""
    config = ServerConfig(data_dir=tmp_path / "data", port=0, threads=2, drain_s=60.0, import_roots=(landing,))
    (landing / "accounts.csv").write_text("id\n" + "".join(f"a{number}\n" for number in range(1_000_000)))
    with ExitStack() as closing:
        with running_server(config) as server:
            client = closing.enter_context(Client(f"127.0.0.1:{server.port}"))
            client.create_ledger("main", currency_code="CZK", time_zone="Europe/Prague")
            job = client.import_records(str(landing / "accounts.csv"), ACCOUNTS, job_id="long")
            watched = client.watch_import_job(job.id)
            assert next(watched).state in ("PENDING", "RUNNING")
        with pytest.raises(SegmentdCallError) as stopped:
            list(watched)
    assert stopped.value.reason == "NOT_READY"
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as client:
        end = list(client.watch_import_job("long"))[-1]
        assert (end.state, end.progress.inserted) == ("SUCCEEDED", 1_000_000)
