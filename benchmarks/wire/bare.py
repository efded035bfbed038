"""The limit of the wire: a gRPC server that does nothing with a request but reply with as many bytes as it was told.

It has the options of the real server, the same event loop, and takes and gives bytes. `python -m benchmarks.wire.bare`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import grpc
import numpy as np

from benchmarks.wire.connection import Connection
from segmentd.server.allocator import keep_freed_memory
from segmentd.server.config import ServerConfig
from segmentd.server.transport import make_server

KEEP: Final = "--keep-freed-memory"
"""The argument with which it treats freed memory as the real server does, and not as the C library would."""

READY: Final = "bare server on "
SERVICE: Final = "segmentd.benchmarks.Bare"
SET_REPLIES: Final = f"/{SERVICE}/SetReplies"
UNARY: Final = f"/{SERVICE}/Unary"
EXCHANGE: Final = f"/{SERVICE}/Exchange"
STREAM: Final = f"/{SERVICE}/Stream"

Context = grpc.aio.ServicerContext[bytes, bytes]


class Bare:
    """Methods of each kind. Replies are those of `SetReplies`, all of them for a stream, else the first."""

    def __init__(self) -> None:
        self._replies = [b""]

    async def set_replies(self, request: bytes, _: Context) -> bytes:
        """Take the sizes of the replies from now on."""
        self._replies = [bytes(size) for size in np.frombuffer(request, np.uint32).tolist()]
        return b""

    async def unary(self, _request: bytes, _: Context) -> bytes:
        """A reply to a request."""
        return self._replies[0]

    async def exchange(self, requests: AsyncIterator[bytes], _: Context) -> AsyncIterator[bytes]:
        """A reply to each request."""
        async for _request in requests:
            yield self._replies[0]

    async def stream(self, _request: bytes, _: Context) -> AsyncIterator[bytes]:
        """All replies to one request."""
        for reply in self._replies:
            yield reply

    def handlers(self) -> grpc.GenericRpcHandler:
        """The methods by name."""
        methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "SetReplies": grpc.unary_unary_rpc_method_handler(self.set_replies),
            "Unary": grpc.unary_unary_rpc_method_handler(self.unary),
            "Exchange": grpc.stream_stream_rpc_method_handler(self.exchange),
            "Stream": grpc.unary_stream_rpc_method_handler(self.stream),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)


def set_replies(connection: Connection, sizes: Sequence[int]) -> None:
    """Tell a bare server the bytes of its replies."""
    connection.call(SET_REPLIES, np.array(sizes, np.uint32).tobytes())


async def serve() -> None:
    """Serve until the process is ended."""
    server = make_server(ServerConfig(data_dir=Path(), port=0))
    server.add_generic_rpc_handlers((Bare().handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"{READY}127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    if KEEP in sys.argv:
        keep_freed_memory()
    asyncio.run(serve())
