"""A client of bytes: what it costs is the same for every server that it talks to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, Final, Self

import grpc

OPTIONS: Final = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))

STEADY: Final = (("grpc.http2.bdp_probe", 0),)
"""For a client that takes no more ahead of its reader the faster its connection is; gRPC's own would, some 16 MiB."""


class TooFewAnswersError(Exception):
    """A stream ended before each request had its answer."""


class Connection:
    """A channel without messages: requests and answers are bytes. A context manager that closes it."""

    def __init__(self, target: str, options: Sequence[tuple[str, int]] = ()) -> None:
        self._channel: Any = grpc.insecure_channel(target, (*OPTIONS, *options))

    def call(self, method: str, request: bytes) -> bytes:
        """The answer to a request."""
        answer: bytes = self._channel.unary_unary(method)(request)
        return answer

    def calls(self, method: str, request: bytes, times: int) -> Iterator[bytes]:
        """The answers to a request that is sent again once the last one is answered."""
        send = self._channel.unary_unary(method)
        for _ in range(times):
            yield send(request)

    def exchange(self, method: str, request: bytes, times: int) -> Sequence[bytes]:
        """The answers to a request that is sent so often on one stream. Raises TooFewAnswersError."""
        answers: list[bytes] = list(self._channel.stream_stream(method)(repeat(request, times)))
        if len(answers) != times:
            raise TooFewAnswersError(f"{len(answers)} answers to {times} requests")
        return answers

    def stream(self, method: str, request: bytes) -> Iterator[bytes]:
        """The answers to one request, as they arrive."""
        answers: Iterator[bytes] = self._channel.unary_stream(method)(request)
        return answers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
