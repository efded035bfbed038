"""An import that is struck by `kill -9`, again and again, ends as if nothing had happened."""

from __future__ import annotations

import os
import queue
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from segmentd.cli import child
from segmentd.client import Client, SegmentdCallError
from segmentd.client.imports import ImportJob as Seen
from segmentd.facts.imports.checking import Wanted
from segmentd.facts.imports.model import ImportJob, JobState
from segmentd.facts.imports.service import JobListener
from segmentd.facts.imports.store import SqlImportStore
from segmentd.storage import StoreFailedError
from tests.facts.imports.bank import open_bank
from tests.facts.imports.files import write
from tests.facts.imports.test_jobs import MAPPING, held, movements

ACCOUNTS = "kind: account\nid: id\nfields: {kind: {constant: CHECKING}}\n"
KILLS = 3
SOAKING = settings.get_current_profile_name() == "soak"

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7_200 if SOAKING else 300)]


@contextmanager
def serving(directory: Path, landing: Path) -> Iterator[tuple[Client, int]]:
    """A server in a process of its own, and its process id."""
    options = ["--data-dir", str(directory / "data"), "--import-root", str(landing)]
    with child.serving(options, directory / "log") as server, Client(server.target) as client:
        yield client, server.pid


def write_bank(landing: Path) -> None:
    """Two accounts, and files of transactions of more than one batch each, some rows of which are wrong."""
    (landing / "accounts.csv").write_text("id\na1\na2\n")
    rows = movements(420_000)
    for row in rows[::1_000]:
        row["account"] = "nobody"
    (landing / "in").mkdir()
    for place, name in enumerate(("a.csv", "b.parquet", "c.csv.gz", "d.arrow")):
        write(landing / "in", name, rows[place * 105_000 : (place + 1) * 105_000])


def wanted(landing: Path) -> Wanted:
    """An import of all files of transactions."""
    return Wanted(str(landing / "in"), None, MAPPING)


def kill_in_mid_import(client: Client, pid: int, job_id: str, at_rows: int) -> Seen | None:
    """Kill the server once so many rows are read; the job where it ended before, else None."""
    try:
        for seen in client.watch_import_job(job_id):
            if seen.state.is_final:
                return seen
            if seen.progress.rows_read >= at_rows:
                os.kill(pid, signal.SIGKILL)
    except SegmentdCallError:
        pass
    return None


@pytest.mark.parametrize("seed", range(20 if SOAKING else 1))
def test_an_import_that_is_killed_ends_as_one_that_is_not(tmp_path: Path, landing: Path, seed: int) -> None:
    """After three kills the job ends by itself; ledger, counts and rejects equal those of an undisturbed import."""
    write_bank(landing)
    points = sorted(np.random.default_rng(seed).integers(1, 350_000, KILLS).tolist())
    ended = None
    for kill in range(KILLS + 1):
        with serving(tmp_path, landing) as (client, pid):
            if kill == 0:
                client.create_ledger("main", currency_code="CZK", time_zone="Europe/Prague")
                accounts = client.import_records(str(landing / "accounts.csv"), ACCOUNTS)
                assert list(client.watch_import_job(accounts.id))[-1].state == "SUCCEEDED"
                client.import_records(str(landing / "in"), MAPPING, job_id="long")
            if kill < KILLS:
                ended = kill_in_mid_import(client, pid, "long", points[kill])
                assert ended is None, "the server was killed before the job ended"
                continue
            ended = list(client.watch_import_job("long"))[-1]
            rejects = client.list_import_rejects("long")
    assert ended is not None
    assert ended.state == "SUCCEEDED"
    with open_bank(tmp_path / "other", roots=(landing,)) as other:
        other.run(landing / "accounts.csv", ACCOUNTS)
        undisturbed = other.run(landing / "in", MAPPING)
        assert undisturbed.state is JobState.SUCCEEDED
        whole = held(other)
        told = [(reject.file, reject.row, reject.field, reject.message) for reject in other.rejects(undisturbed)]
    counts = undisturbed.progress.counts
    assert (counts.read, counts.inserted, counts.rejected) == (420_000, 419_580, 420)
    assert ended.progress.rows_read == counts.read
    assert (ended.progress.inserted, ended.progress.rejected) == (counts.inserted, counts.rejected)
    assert [(reject.file, reject.row, reject.field, reject.message) for reject in rejects] == told
    with open_bank(tmp_path / "data", roots=(landing,)) as bank:
        assert held(bank) == whole


def test_a_server_that_stops_leaves_the_job_to_go_on(tmp_path: Path, landing: Path) -> None:
    """Stopped in mid import, a bank goes on with the job when it is opened again; whoever watches is told."""
    write_bank(landing)
    with open_bank(tmp_path / "data", roots=(landing,)) as bank:
        bank.run(landing / "accounts.csv", ACCOUNTS)
        job = bank.imports.create("main", "", wanted(landing))
        bank.wait_for_rows(job, 1)
    with open_bank(tmp_path / "data", roots=(landing,)) as bank:
        assert bank.imports.get(*job.key).state in (JobState.PENDING, JobState.RUNNING)
        assert bank.imports.get(*job.key).progress.counts.read < 420_000
        end = bank.wait(job)
        assert (end.state, end.progress.counts.inserted) == (JobState.SUCCEEDED, 419_580)


def test_a_file_that_changed_meanwhile_ends_the_job(tmp_path: Path, landing: Path) -> None:
    """A file that is not as it was when the job was made is not read: batches would not be what they were."""
    write_bank(landing)
    with open_bank(tmp_path / "data", roots=(landing,)) as bank:
        bank.run(landing / "accounts.csv", ACCOUNTS)
        job = bank.imports.create("main", "", wanted(landing))
        bank.wait_for_rows(job, 1)
    write(landing / "in", "d.arrow", movements(5))
    with open_bank(tmp_path / "data", roots=(landing,)) as bank:
        end = bank.wait(job)
        assert (end.state, end.error_reason) == (JobState.FAILED, "IMPORT_SOURCE_UNREADABLE")
        assert "has changed" in end.error_message


def test_a_job_that_cannot_be_kept_waits_for_the_next_start(
    tmp_path: Path, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the database takes no more, as on a full disk, the job is not tried over and over, and nothing is lost."""
    write_bank(landing)
    kept = SqlImportStore.save
    told: queue.SimpleQueue[Exception] = queue.SimpleQueue()

    def save(store: SqlImportStore, job: ImportJob) -> None:
        if job.progress.batch or job.state.is_final:
            raise StoreFailedError("writing", "disk full")
        kept(store, job)

    with open_bank(tmp_path / "data", roots=(landing,), listener=JobListener(defect=told.put)) as bank:
        bank.run(landing / "accounts.csv", ACCOUNTS)
        with monkeypatch.context() as patch:
            patch.setattr(SqlImportStore, "save", save)
            job = bank.imports.create("main", "", wanted(landing))
            assert isinstance(told.get(timeout=60), StoreFailedError)
        other = bank.run(landing / "accounts.csv", ACCOUNTS)
        assert other.state is JobState.SUCCEEDED, "others go on"
        assert bank.imports.get(*job.key).state is JobState.RUNNING
        assert told.empty()
    with open_bank(tmp_path / "data", roots=(landing,)) as bank:
        end = bank.wait(job)
        assert (end.state, end.progress.counts.inserted) == (JobState.SUCCEEDED, 419_580)
