"""An erased customer is in no byte of the data directory, wherever the customer was written about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from segmentd.client import Client, SegmentdCallError
from segmentd.client.imports import ImportState
from segmentd.facts.imports.model import JobState
from segmentd.schema import Subject
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from tests.facts.erasure.planting import (
    ALONE,
    ERIKA,
    JOINT,
    TEXTS,
    bytes_of_numbers,
    make_ledger,
    take_snapshots,
    traces_in,
    write_erika,
    write_others,
    write_rejected,
)

PLANTED: Final = frozenset(TEXTS) | {str(raw) for raw in bytes_of_numbers()}
NOT_KEPT: Final = frozenset({"batch-of-Erika"}) | {str(raw) for raw in bytes_of_numbers()[2:]}
"""Ids of batches are not kept as they are, nor numbers as digits."""
OTHERS: Final = 200


def config_of(folder: Path, **options: object) -> ServerConfig:
    """A server on a data directory of the test."""
    return ServerConfig(data_dir=folder / "data", port=0, threads=1, import_roots=(folder,), **options)  # type: ignore[arg-type]


def client_of(server: Server) -> Client:
    """A client of its ledger."""
    return Client(f"127.0.0.1:{server.port}", ledger="main")


def import_wrong_rows(client: Client, folder: Path) -> None:
    """An import of Erika's facts that rejects a row, and quotes it."""
    (folder / "wrong.csv").write_text("id,account,booking_time,amount\nx,rejected-of-Erika,2026-01-01,1\n")
    mapping = "kind: transaction\nid: id\nfields: {account: account, booking_time: booking_time, amount: amount}\n"
    job = client.import_records(str(folder / "wrong.csv"), mapping, job_id="wrong")
    *_, ended = client.watch_import_job(job.id)
    assert ended.state is ImportState.SUCCEEDED
    assert "rejected-of-Erika" in client.list_import_rejects("wrong")[0].message


def fail_a_job(server: Server) -> None:
    """Have a job be kept that failed, and whose message quotes what a file held."""
    jobs = server._definitions.import_jobs
    job = jobs.get("main", "wrong")
    assert job is not None
    message = "cannot be read: 'rejected-of-Erika' is no number"
    failed = replace(job, id="broken", uid="1" * 16).ended(JobState.FAILED, job.create_time, "INVALID_VALUE", message)
    jobs.create(failed)


def test_an_erased_customer_is_in_no_byte(tmp_path: Path) -> None:
    """Of facts, consents, messages, snapshots and import jobs, over restarts: all were there, and nothing is."""
    data = tmp_path / "data"
    with running_server(config_of(tmp_path)) as server, client_of(server) as client:
        make_ledger(client)
        write_others(client, 0, OTHERS)
        write_erika(client)
        import_wrong_rows(client, tmp_path)
        fail_a_job(server)
        take_snapshots(client)
    with running_server(config_of(tmp_path)) as server, client_of(server) as client:
        write_others(client, OTHERS, OTHERS)
        write_rejected(client)
        assert traces_in(data) >= {ERIKA, ALONE, "rejected-of-Erika", "purpose-of-Erika"}
        erased = client.delete_customer(ERIKA, wait=True)
        assert erased.is_erased
        assert (erased.accounts, erased.shared_accounts) == (1, 1)
        assert (erased.transactions, erased.balances, erased.engagements) == (1, 1, 1)
        assert traces_in(data) == set()
        (reject,) = client.list_import_rejects("wrong")
        assert (reject.row, reject.field) == (1, "account")
        assert client.get_import_job("broken").error_message == "not kept: a customer was erased"
        snapshots = {each.id: each for each in client.list_snapshots()}
        assert (snapshots["before"].rows, snapshots["accounts"].rows) == (OTHERS + 1, OTHERS + 1)
    assert traces_in(data) == set()
    with running_server(config_of(tmp_path)) as server, client_of(server) as client:
        assert client.get_ledger().customer_count == 2 * OTHERS + 1
        assert client.write_records("account", [{"id": JOINT, "owners": ["otto"]}]).unchanged == 1
        with pytest.raises(SegmentdCallError, match="no customer of this id"):
            client.delete_customer(ERIKA)
        again = client.delete_customer(ERIKA, allow_missing=True, wait=True)
        assert (again.found, again.is_erased) == (False, True)
    assert traces_in(data) == set()


def test_what_was_planted_would_be_found(tmp_path: Path) -> None:
    """Every text and number is somewhere in the directory before: in the journal, or in a checkpoint's files."""
    with running_server(config_of(tmp_path)) as server, client_of(server) as client:
        make_ledger(client)
        write_erika(client)
        assert traces_in(tmp_path / "data") >= PLANTED - {"batch-of-Erika"} - {
            str(raw) for raw in bytes_of_numbers()[2:]
        }


def test_snapshots_of_accounts_forget_those_that_went(tmp_path: Path) -> None:
    """Of the customer's two accounts the joint one stays in a snapshot, with a member less than before."""
    with running_server(config_of(tmp_path)) as server, client_of(server) as client:
        make_ledger(client)
        write_erika(client)
        take_snapshots(client)
        client.delete_customer(ERIKA, wait=True)
        (accounts,) = (each for each in client.list_snapshots() if each.subject is Subject.ACCOUNT)
        assert (accounts.rows, accounts.segments[0].members) == (1, 1)
