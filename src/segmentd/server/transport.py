"""The gRPC server itself: its limits, its port, health and reflection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from segmentd.server.config import ServerConfig, TlsFiles

EVERYTHING: Final = ""
"""The service name under which health says how the whole server is."""

ANY_PORT: Final = "localhost:0"
"""Where a port can always be had: gRPC reports useless TLS files and a port in use alike."""

STREAM_WINDOW_BYTES: Final = 1 << 20
"""What is taken of a stream before it is read. gRPC would let it grow, to 6 MiB on a loopback (measured), which is that
much of requests for whoever does not read answers; with less, distant callers would have to wait within a request."""

HEALTH_CALLS: Final = 100
"""Room for health and reflection beyond the calls that the gate lets in and those that it is refusing."""

KEEPALIVE_MS: Final = 120_000
KEEPALIVE_TIMEOUT_MS: Final = 20_000
MIN_PING_INTERVAL_MS: Final = 10_000


class Transport:
    """A gRPC server that is made, started, and says to health checks whether it serves."""

    def __init__(self, config: ServerConfig, services: Sequence[str]) -> None:
        self._config = config
        self._services = (EVERYTHING, *services)
        self.server = make_server(config)
        self._health = health.aio.HealthServicer()

    async def start(self) -> int:
        """Listen, and say NOT_SERVING; the port. Raises OSError if the address or the TLS files are at fault.

        gRPC asks one handler after the other whose method a call is, so those of health and reflection come last.
        """
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)
        names = (*self._services[1:], health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self.server)
        await self.say_serving(serving=False)
        port = self._bind()
        await self.server.start()
        return port

    async def say_serving(self, *, serving: bool) -> None:
        """What health answers from now on, for the whole and for each service."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in self._services:
            await self._health.set(service, status)

    async def stop(self, grace_s: float) -> None:
        """Say NOT_SERVING, take no more calls, and cancel those that still run after the grace."""
        await self._health.enter_graceful_shutdown()
        await self.server.stop(grace_s)

    def _bind(self) -> int:
        host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
        address = f"{host}:{self._config.port}"
        tls = self._config.tls
        credentials = None if tls is None else _credentials(tls)
        try:
            return self._add_port(address, credentials)
        except RuntimeError as error:
            if tls is not None and not self._can_add_port(ANY_PORT, credentials):
                raise OSError(_unusable(tls)) from error
            raise OSError(_taken(address)) from error

    def _add_port(self, address: str, credentials: grpc.ServerCredentials | None) -> int:
        if credentials is None:
            return self.server.add_insecure_port(address)
        return self.server.add_secure_port(address, credentials)

    def _can_add_port(self, address: str, credentials: grpc.ServerCredentials | None) -> bool:
        try:
            self._add_port(address, credentials)
        except RuntimeError:
            return False
        return True


def make_server(config: ServerConfig) -> grpc.aio.Server:
    """A gRPC server with our options and limits that has no methods and no port yet."""
    return grpc.aio.server(options=_options(config), maximum_concurrent_rpcs=_calls(config))


def _calls(config: ServerConfig) -> int:
    """Calls that the transport takes, on one connection too: the gate refuses those beyond its limit with a reason.

    A lower limit for a connection does not make callers wait: gRPC counts a call for a while after its caller has the
    answer, and refuses the caller's next one. At a limit of 100, calls of 64 callers were UNAVAILABLE (measured).
    """
    return 2 * config.max_calls + HEALTH_CALLS


def _options(config: ServerConfig) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", config.hard_request_bytes),
        ("grpc.so_reuseport", 0),
        ("grpc.max_concurrent_streams", _calls(config)),
        ("grpc.http2.bdp_probe", 0),
        ("grpc.http2.lookahead_bytes", STREAM_WINDOW_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", MIN_PING_INTERVAL_MS),
    ]


def _credentials(tls: TlsFiles) -> grpc.ServerCredentials:
    client_ca = None if tls.client_ca is None else tls.client_ca.read_bytes()
    return grpc.ssl_server_credentials(
        [(tls.key.read_bytes(), tls.certificate.read_bytes())],
        root_certificates=client_ca,
        require_client_auth=client_ca is not None,
    )


def _taken(address: str) -> str:
    why = "it is in use, or no address of this machine"
    return f"cannot listen on {address}: {why}; choose another with --port; 0 takes a free one"


def _unusable(tls: TlsFiles) -> str:
    files = [f"certificate {tls.certificate}", f"key {tls.key}"]
    if tls.client_ca is not None:
        files.append(f"client authority {tls.client_ca}")
    return f"TLS cannot use {', '.join(files)}; they have to be PEM files, and the key that of the certificate"
