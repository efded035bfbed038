"""Whoever reads while somebody is erased sees one version; what is taken from an older one keeps nobody."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from segmentd.api.names import SnapshotName
from segmentd.client import Client
from segmentd.facts.kinds import RecordKind
from segmentd.scoring.snapshots.service import SnapshotDraft
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from tests.facts.erasure.planting import ERIKA, make_ledger, traces_in, write_erika, write_others

pytestmark = pytest.mark.timeout(180)

OTHERS = 300


def client_of(server: Server) -> Client:
    """A client of the server's ledger."""
    return Client(f"127.0.0.1:{server.port}", ledger="main")


def test_a_reader_keeps_the_version_that_it_began_with(tmp_path: Path) -> None:
    """While files are rewritten and tables merged, an older version has the customer and all facts as before."""
    with running_server(ServerConfig(data_dir=tmp_path, port=0, threads=1)) as server, client_of(server) as client:
        make_ledger(client)
        write_others(client, 0, OTHERS)
        write_erika(client)
        view = server._books.view("main")
        assert view is not None
        before = state_of(view)
        client.delete_customer(ERIKA, wait=True)
        write_others(client, OTHERS, OTHERS)
        assert state_of(view) == before
        assert ERIKA in before["ids"]
        now = server._books.view("main")
        assert now is not None
        assert ERIKA not in state_of(now)["ids"]


def state_of(view: Any) -> dict[str, Any]:
    """The customers' ids, and how many facts of each kind there are."""
    facts = {}
    for kind, owner in (("transaction", "account"), ("balance", "account"), ("engagement", "customer")):
        slots = view.entities(RecordKind(owner)).slots
        facts[kind] = view.items_of(RecordKind(kind), slots).batch.rows
    return facts | {"ids": view.entities(RecordKind.CUSTOMER).batch.ids.to_pylist()}


def test_evaluations_go_on_while_customers_are_erased(tmp_path: Path) -> None:
    """Each answer is of one version: as many members as customers, fewer from answer to answer, and none fails."""
    with running_server(ServerConfig(data_dir=tmp_path, port=0, threads=1)) as server, client_of(server) as client:
        make_ledger(client)
        write_others(client, 0, OTHERS)
        seen: list[tuple[int, int]] = []
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                answer = client.evaluate(segments=["everybody"])
                seen.append((answer.basis.data_version, answer.counts["everybody"].members))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            versions = [client.delete_customer(f"c{n}", wait=n % 5 == 0).data_version for n in range(40)]
        finally:
            done.set()
            reader.join()
        left = {versions[0] - 1 + n: OTHERS - n for n in range(41)}
        assert seen
        assert all(members == left[version] for version, members in seen)
        assert [version for version, _ in seen] == sorted(version for version, _ in seen)


def test_a_snapshot_that_was_evaluated_before_leaves_the_erased_out(tmp_path: Path) -> None:
    """It is kept after the erasure was finished, of the version before it, and without the customer."""
    with running_server(ServerConfig(data_dir=tmp_path, port=0, threads=1)) as server, client_of(server) as client:
        make_ledger(client)
        write_others(client, 0, OTHERS)
        write_erika(client)
        snapshots = server._snapshots
        write, erased = snapshots._take, []

        def take(*arguments: Any, **options: Any) -> Any:
            taken = write(*arguments, **options)
            erased.append(client.delete_customer(ERIKA, wait=True))
            return taken

        snapshots._take = take  # type: ignore[method-assign]
        name = SnapshotName("main", "late")
        made = snapshots.create(name, SnapshotDraft(segments=("everybody",)), lambda: False)
        assert erased[0].is_erased
        assert made.data_version < erased[0].data_version
        assert (made.rows, made.segments[0].members) == (OTHERS + 1, OTHERS + 1)
        assert traces_in(tmp_path) == set()
