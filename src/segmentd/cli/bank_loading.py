"""The generated bank's records on their way into a ledger, through the API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from segmentd.cli.bank import AS_OF
from segmentd.cli.bank_files import KINDS, LoadedBank
from segmentd.cli.progress import Report
from segmentd.client import Client, SegmentdCallError
from segmentd.client.records import RecordBatch

BATCH_ROWS = 65_536
"""Records a message of the stream."""

SALARY_CENTS = 500_000


class RejectedRecordsError(RuntimeError):
    """The ledger did not take a record of the generated bank."""


def load(client: Client, bank: LoadedBank, report: Report) -> float:
    """Write all records, a stream a kind; the seconds until the last was on disk. Raises RejectedRecordsError."""
    started, done = perf_counter(), 0
    for kind in KINDS:
        for answer in client.stream_records(_batches(bank, kind), kind):
            if isinstance(answer, SegmentdCallError):
                raise answer
            if answer.rejected:
                row = answer.rejected_rows[0]
                raise RejectedRecordsError(f"{kind} of {answer.batch_id}, row {row.row}: {row.message}")
            done += answer.inserted + answer.unchanged + answer.updated
            report(done, bank.total)
    return perf_counter() - started


def _batches(bank: LoadedBank, kind: str) -> Iterator[RecordBatch]:
    with pa.parquet.ParquetFile(bank.file(kind)) as file:
        for number, batch in enumerate(file.iter_batches(BATCH_ROWS)):
            yield RecordBatch(pa.Table.from_batches([batch]), batch_id=f"{kind}-{number}")


def salaries(bank: LoadedBank, salaried: npt.NDArray[np.bool_], most: int) -> pa.Table:
    """A salary each for so many customers, at most, who have none; to an account that they have alone."""
    owner = bank.owners[:, 0]
    alone = (bank.owners[:, 1] < 0) & ~salaried[owner]
    _, places = np.unique(np.where(alone, owner, -1), return_index=True)
    chosen = places[alone[places]][:most]
    rows = len(chosen)
    booked = datetime(AS_OF.year, AS_OF.month - 1, 25, 12, tzinfo=UTC)  # within the last complete month
    return pa.table(
        {
            "id": [f"salary-{number}" for number in range(rows)],
            "account": bank.account_ids.take(pa.array(chosen)),
            "booking_time": pa.array([booked] * rows, pa.timestamp("us", "UTC")),
            "amount": pa.array([SALARY_CENTS] * rows, pa.int64()),
            "category": ["INCOME/SALARY"] * rows,
        }
    )
