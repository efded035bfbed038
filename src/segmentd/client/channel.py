"""How a client reaches its server: options of the channel, TLS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

MAX_RESPONSE_BYTES: Final = 64 * 2**20
"""Servers stay below 4 MiB a message; a later one may not."""

WATCH: Final = "/grpc.health.v1.Health/Watch"
"""The method that tells whether a server serves, now and at each change."""

CHANNEL_OPTIONS: Final[Sequence[tuple[str, int]]] = (
    ("grpc.max_receive_message_length", MAX_RESPONSE_BYTES),
    ("grpc.max_send_message_length", -1),  # the server says what it accepts, with a reason
)


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS: the certificates that the server's must descend from (None: the system's), and the client's own for mTLS."""

    root_certificates: Path | None = None
    certificate_chain: Path | None = None
    private_key: Path | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """The credentials of a channel. Raises OSError if a file cannot be read."""
        paths = (self.root_certificates, self.private_key, self.certificate_chain)
        root, key, chain = (path.read_bytes() if path else None for path in paths)
        return grpc.ssl_channel_credentials(root_certificates=root, private_key=key, certificate_chain=chain)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long calls may take, in seconds: unary ones, and whole streams. None: as long as it takes."""

    unary_s: float | None = 60.0
    stream_s: float | None = None
