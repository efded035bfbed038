"""A server from its start to its end: health, reflection, TLS, readiness, draining, logs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.api.v1.ledger_service_pb2_grpc import LedgerServiceStub
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.scoring.workers import Workers
from segmentd.server import app
from segmentd.server.app import SERVICES, Server, running_server
from segmentd.server.calls import Gate
from segmentd.server.config import ServerConfig, TlsFiles
from segmentd.server.errors import NotReadyError
from tests.server.api import Api, refusal_of

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def health(channel: grpc.Channel, service: str = "") -> int:
    """What health says of a service, or of the whole."""
    stub = health_pb2_grpc.HealthStub(channel)
    status: int = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10).status
    return status


def test_a_started_server_is_healthy(channel: grpc.Channel) -> None:
    """Health says SERVING of the whole and of every service of the API."""
    assert {health(channel, name) for name in ("", *(each.full_name for each in SERVICES))} == {SERVING}


def test_reflection_lists_every_service(channel: grpc.Channel) -> None:
    """A client without stubs can ask which services there are."""
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=10)
    listed = {service.name for service in answer.list_services_response.service}
    assert {each.full_name for each in SERVICES} <= listed


@pytest.mark.parametrize("state", ["starting", "stopping"])
def test_a_server_that_is_not_ready_says_so(state: str) -> None:
    """Before it serves and while it stops, calls are UNAVAILABLE with NOT_READY and the state."""
    gate = Gate(1)
    gate.state = state
    with pytest.raises(NotReadyError) as refused:
        gate.check_state()
    assert refused.value.reason is ErrorReason.NOT_READY
    assert refused.value.metadata == {"state": state}
    gate.state = "serving"
    gate.check_state()


def test_a_server_listens_where_it_was_told(server: Server) -> None:
    """By default no address but loopback is listened on."""
    assert accepts(server.port)
    assert not accepts(server.port, "127.0.0.2")


def accepts(port: int, address: str = "127.0.0.1") -> bool:
    """Whether somebody listens there."""
    with socket.socket() as other:
        other.settimeout(5)
        return other.connect_ex((address, port)) == 0


def test_a_data_directory_has_one_owner(server: Server) -> None:
    """A second server on the same data directory fails to start, saying so."""
    config = ServerConfig(data_dir=server.config.data_dir, port=0)
    with pytest.raises(SegmentdError) as refused, running_server(config):
        pass
    assert refused.value.reason is ErrorReason.DATA_DIRECTORY_IN_USE


def test_a_taken_port_is_refused(server: Server, tmp_path: Path) -> None:
    """A port that another server listens on is an OSError that names the address, and the directory is given back."""
    config = ServerConfig(data_dir=tmp_path, port=server.port)
    with pytest.raises(OSError, match=f"127.0.0.1:{server.port}"), running_server(config):
        pass
    with running_server(ServerConfig(data_dir=tmp_path, port=0)):
        pass


@pytest.mark.parametrize("part", ["Engine", "Workers", "Transport", "generic_handler"])
async def test_a_start_that_fails_half_way_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Whichever part cannot be made, the directory is given back and the threads of the others end."""

    def fail(*_: object) -> None:
        raise RuntimeError("no such part")

    threads = own_threads()
    config = ServerConfig(data_dir=tmp_path, port=0, threads=2)
    with monkeypatch.context() as broken:
        broken.setattr(app, part, fail)
        with pytest.raises(RuntimeError, match="no such part"):
            await Server(config).start()
    assert own_threads() == threads
    server = Server(config)
    await server.start()
    await server.stop(0)
    assert own_threads() == threads


def own_threads() -> set[str]:
    """The threads of this process that are not those of its event loops."""
    return {thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio")}


async def test_what_cannot_be_closed_does_not_keep_the_rest_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopping raises the failure of one part after all others have been closed."""

    class Stuck(Workers):
        def close(self) -> None:
            super().close()
            raise RuntimeError("stuck")

    threads = own_threads()
    config = ServerConfig(data_dir=tmp_path, port=0, threads=1)
    with monkeypatch.context() as broken:
        broken.setattr(app, "Workers", Stuck)
        server = Server(config)
        await server.start()
        with pytest.raises(RuntimeError, match="stuck"):
            await server.stop(0)
    assert not accepts(server.port)
    assert own_threads() == threads
    with running_server(config):
        pass


def test_definitions_survive_a_restart(tmp_path: Path) -> None:
    """A ledger that was created is there, with the same etag, when the server is started again."""
    created: list[ledgers.Ledger] = []
    for _ in range(2):
        config = ServerConfig(data_dir=tmp_path, port=0)
        with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            api = Api(channel)
            if not created:
                ledger = ledgers.Ledger(currency_code="EUR")
                created.append(api.call("CreateLedger", ledgers.CreateLedgerRequest(ledger_id="a", ledger=ledger)))
            assert list(api.call("ListLedgers", ledgers.ListLedgersRequest()).ledgers) == created


async def test_health_says_not_serving_until_the_server_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it prepares, the server listens, health says NOT_SERVING, and calls are told to come back."""
    listening, go_on = threading.Event(), threading.Event()
    prepare = Server._prepare

    def slowly(self: Server) -> None:
        listening.set()
        assert go_on.wait(10)
        prepare(self)

    monkeypatch.setattr(Server, "_prepare", slowly)
    server = Server(ServerConfig(data_dir=tmp_path, port=0))
    starting = asyncio.create_task(server.start())
    await asyncio.to_thread(listening.wait, 10)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest()
        assert (await stub.Check(request)).status == NOT_SERVING
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await LedgerServiceStub(channel).GetLedger(ledgers.GetLedgerRequest())
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        go_on.set()
        await starting
        assert (await stub.Check(request)).status == SERVING
    await server.stop(0)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server in a process of its own, and its port."""
    code = (
        "import sys; from pathlib import Path; from segmentd.server.app import run;"
        "from segmentd.server.config import ServerConfig;"
        f"run(ServerConfig(data_dir=Path({str(tmp_path)!r}), port=0, drain_s=20))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            event = json.loads(line)
            if event["event"] == "kernels":
                assert isinstance(event["compiled"], bool)
                assert event["seconds"] >= 0
            if event["event"] == "serving":
                yield process, event["port"]
                break
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_the_server(served: tuple[subprocess.Popen[str], int], number: signal.Signals) -> None:
    """On SIGTERM or SIGINT an idle stream is ended with NOT_READY, and the process ends with 0, before the grace."""
    process, port = served
    more = threading.Event()

    def requests() -> Iterator[Message]:
        yield scoring.StreamScoresRequest()
        more.wait(30)

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stream = Api(channel).start("StreamScores", requests(), 60)
        assert next(stream).HasField("error")
        os.kill(process.pid, number)
        with pytest.raises(grpc.RpcError) as ended:
            next(stream)
        assert process.wait(10) == 0
        more.set()
    refusal = refusal_of(ended.value)
    assert (refusal.status, refusal.reason) == ("UNAVAILABLE", "NOT_READY")
    assert process.stderr is not None
    events = [json.loads(line) for line in process.stderr.read().splitlines()]
    assert [each["event"] for each in events if each["event"] != "call"] == ["draining", "stopped"]


def test_calls_are_logged_without_what_they_said(served: tuple[subprocess.Popen[str], int]) -> None:
    """Each call is an event with method, code, reason and duration; names and values of the request are not in it."""
    process, port = served
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        api = Api(channel)
        api.refusal("GetLedger", ledgers.GetLedgerRequest(name="ledgers/very-secret"))
        api.call("ListLedgers", ledgers.ListLedgersRequest())
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    text = process.stderr.read()
    calls = [json.loads(line) for line in text.splitlines() if '"call"' in line]
    assert [(each["method"].rpartition("/")[2], each["code"], each.get("reason")) for each in calls] == [
        ("GetLedger", "NOT_FOUND", "LEDGER_NOT_FOUND"),
        ("ListLedgers", "OK", None),
    ]
    assert all(each["duration_ms"] > 0 for each in calls)
    assert "very-secret" not in text


TLS = Path(__file__).parent / "tls"
"""A certificate for `localhost` that signs itself and is trusted nowhere, and its key."""


@pytest.mark.parametrize("mutual", [False, True])
def test_a_server_with_a_certificate_speaks_tls_alone(tmp_path: Path, *, mutual: bool) -> None:
    """With certificate and key only TLS is spoken; with a client authority, only with clients that it signed."""
    certificate, key = TLS / "localhost.pem", TLS / "localhost-key.pem"
    tls = TlsFiles(certificate, key, certificate if mutual else None)
    stranger = grpc.ssl_channel_credentials(certificate.read_bytes())
    known = grpc.ssl_channel_credentials(certificate.read_bytes(), key.read_bytes(), certificate.read_bytes())
    with running_server(ServerConfig(data_dir=tmp_path, port=0, tls=tls)) as server:
        target = f"localhost:{server.port}"
        with grpc.secure_channel(target, known) as channel:
            assert health(channel) == SERVING
        with grpc.secure_channel(target, stranger) as channel:
            assert answers(channel) is not mutual
        with grpc.insecure_channel(target) as channel:
            assert not answers(channel)


@pytest.mark.parametrize("wrong", ["certificate", "key", "client_ca"])
def test_tls_files_that_are_no_pem_are_named(tmp_path: Path, wrong: str) -> None:
    """A certificate, key or client authority that is no PEM file is an OSError with the files, not with the port."""
    files = {"certificate": TLS / "localhost.pem", "key": TLS / "localhost-key.pem", "client_ca": TLS / "localhost.pem"}
    files[wrong] = tmp_path / "no.pem"
    files[wrong].write_text("no PEM")
    config = ServerConfig(data_dir=tmp_path / "data", port=0, tls=TlsFiles(**files))
    with pytest.raises(OSError, match=r"TLS cannot use") as refused, running_server(config):
        pass
    assert all(str(path) in str(refused.value) for path in files.values())
    assert "in use" not in str(refused.value)


def test_a_taken_port_is_no_fault_of_tls_files(server: Server, tmp_path: Path) -> None:
    """With good TLS files a port in use is still said to be one."""
    tls = TlsFiles(TLS / "localhost.pem", TLS / "localhost-key.pem")
    config = ServerConfig(data_dir=tmp_path, port=server.port, tls=tls)
    with pytest.raises(OSError, match=f"127.0.0.1:{server.port}: it is in use"), running_server(config):
        pass


def answers(channel: grpc.Channel) -> bool:
    """Whether a call gets through; if not, the connection is at fault."""
    call = health_pb2_grpc.HealthStub(channel).Check.future(health_pb2.HealthCheckRequest(), timeout=10)
    code = call.code()
    assert code in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE)
    return code is grpc.StatusCode.OK
