"""The peer for streams: an Arrow Flight server whose `do_exchange` evaluates each batch with Polars and replies counts.

`python -m benchmarks.wire.flight`, with POLARS_MAX_THREADS in the environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.flight as fl

from benchmarks.wire.questions import polars_expressions

READY: Final = "flight server on "

DOUBLES: Final = "double"
"""What the columns' names begin with."""


class Exchange(fl.FlightServerBase):  # type: ignore[misc]
    """Answers each batch of a stream by how many rows are in each segment: int64 as metadata, no batch of its own."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self._sums = polars_expressions(DOUBLES)

    def do_exchange(self, _context: Any, _descriptor: Any, reader: Any, writer: Any) -> None:
        """One reply a batch. The frame is made of Arrow's buffers as they are."""
        for chunk in reader:
            counts = cast("pl.DataFrame", pl.from_arrow(chunk.data)).select(self._sums)
            writer.write_metadata(np.array(counts.row(0), np.int64).tobytes())


class FlightCounts:
    """The client's side of an exchange: a batch after the other, and the counts of each."""

    def __init__(self, target: str, batch: pa.RecordBatch) -> None:
        self._client = fl.connect(f"grpc://{target}")
        self._batch = batch

    def counts(self, batches: int) -> list[Sequence[int]]:
        """The counts of the batch, sent that often; while answers are read, batches are sent."""
        descriptor = fl.FlightDescriptor.for_command(b"counts")
        writer, reader = self._client.do_exchange(descriptor)
        with writer:
            return _exchange(writer, reader, self._batch, batches)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _exchange(writer: Any, reader: Any, batch: pa.RecordBatch, batches: int) -> list[Sequence[int]]:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    def send() -> None:
        writer.begin(batch.schema)
        for _ in range(batches):
            writer.write_batch(batch)
        writer.done_writing()

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        counts = [_counts(reader.read_chunk()) for _ in range(batches)]
        sending.result()
    return counts


def _counts(chunk: Any) -> Sequence[int]:
    counts: Sequence[int] = np.frombuffer(chunk.app_metadata, np.int64).tolist()
    return counts


def main() -> None:
    """Serve until the process is ended."""
    server = Exchange("grpc://127.0.0.1:0")
    print(f"{READY}127.0.0.1:{server.port}", flush=True)
    server.serve()


if __name__ == "__main__":
    main()
