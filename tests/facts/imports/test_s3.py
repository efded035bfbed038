"""Imports from a real server of the S3 API, by a server that has its credentials in its environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from segmentd.cli import child
from segmentd.client import Client, SegmentdCallError
from segmentd.client.imports import ImportJob
from tests.facts.imports.files import as_csv, write
from tests.facts.imports.gateway import Gateway, running_gateway
from tests.facts.imports.test_jobs import MAPPING, movements

ACCOUNTS = "kind: account\nid: id\nfields: {kind: {constant: CHECKING}}\n"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with the bucket `bank`, in which the server may read `landing`."""
    folder = tmp_path_factory.mktemp("buckets")
    (folder / "bank" / "landing" / "day=1").mkdir(parents=True)
    with running_gateway(folder) as running:
        yield running


@pytest.fixture(scope="module")
def client(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a server in a process of its own."""
    directory = tmp_path_factory.mktemp("server")
    options = ["--data-dir", str(directory / "data"), "--import-remote", "s3://bank/landing/"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in gateway.environment.items():
            patch.setenv(name, value)
        with child.serving(options, directory / "log") as server, Client(server.target) as connected:
            connected.create_ledger("main", currency_code="CZK", time_zone="Europe/Prague")
            (gateway.folder / "bank" / "landing" / "accounts.csv").write_text("id\na1\na2\n")
            end = imported(connected, "s3://bank/landing/accounts.csv", ACCOUNTS)
            assert (end.state, end.error_message) == ("SUCCEEDED", "")
            yield connected


def imported(client: Client, source: str, mapping: str = MAPPING) -> ImportJob:
    """An import at its end."""
    return list(client.watch_import_job(client.import_records(source, mapping).id))[-1]


def test_a_folder_of_a_bucket_is_imported(client: Client, gateway: Gateway) -> None:
    """All files below a prefix are read, compressed CSV and Parquet of several batches among them, to the last byte."""
    rows = movements(150_000)
    folder = gateway.folder / "bank" / "landing" / "day=1"
    write(folder, "a.csv.gz", rows[:70_000])
    write(folder, "b.parquet", rows[70_000:])
    job = imported(client, "s3://bank/landing/day=1/")
    assert (job.state, job.error_message) == ("SUCCEEDED", "")
    assert (job.progress.inserted, job.progress.rejected, job.progress.files_done) == (150_000, 0, 2)
    assert job.progress.bytes_read == sum(path.stat().st_size for path in folder.iterdir())
    again = imported(client, "s3://bank/landing/**/*.parquet")
    assert (again.progress.unchanged, again.progress.file_count) == (80_000, 1)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("s3://bank/other/rows.csv", "IMPORT_SOURCE_REFUSED"),
        ("s3://bank/landing-other/rows.csv", "IMPORT_SOURCE_REFUSED"),
        ("s3://bank/landing/../other/rows.csv", "IMPORT_SOURCE_REFUSED"),
        ("s3://bank/landing/%2E%2e/other/rows.csv", "IMPORT_SOURCE_REFUSED"),
        ("s3://bank/landing/rows.csv?endpoint_override=127.0.0.1:9", "IMPORT_SOURCE_UNREADABLE"),
        ("s3://bank/landing/none.csv", "IMPORT_SOURCE_UNREADABLE"),
    ],
)
def test_only_the_given_prefix_is_read(client: Client, gateway: Gateway, source: str, reason: str) -> None:
    """What lies beside the prefix is refused, and a URI says nothing but where a file is."""
    for folder in ("other", "landing-other"):
        (gateway.folder / "bank" / folder).mkdir(exist_ok=True)
        (gateway.folder / "bank" / folder / "rows.csv").write_bytes(as_csv(movements(1)))
    with pytest.raises(SegmentdCallError) as refused:
        client.import_records(source, MAPPING)
    assert refused.value.reason == reason


def test_wrong_credentials_are_a_clear_error(gateway: Gateway, tmp_path: Path) -> None:
    """A server whose credentials open nothing says so, and tells none of them."""
    options = ["--data-dir", str(tmp_path / "data"), "--import-remote", "s3://bank/"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (gateway.environment | {"AWS_SECRET_ACCESS_KEY": "wrong-secret"}).items():
            patch.setenv(name, value)
        with child.serving(options, tmp_path / "log") as server, Client(server.target) as client:
            client.create_ledger("main", currency_code="CZK")
            with pytest.raises(SegmentdCallError) as refused:
                client.import_records("s3://bank/landing/accounts.csv", ACCOUNTS)
    assert refused.value.reason == "IMPORT_SOURCE_UNREADABLE"
    assert "wrong-secret" not in str(refused.value)
