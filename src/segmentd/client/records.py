"""Records: facts written in batches on one stream, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from functools import partial
from typing import Any

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.v1 import record_pb2
from segmentd.client.call import Delivery, Exchange, Scope
from segmentd.client.errors import SegmentdCallError, read_status
from segmentd.client.features.arrow import encode_arrow, to_table
from segmentd.client.wire import field

BATCH_ROWS = 65_536
BATCH_BYTES = 4 << 20
"""A batch of a table has at most so many rows, and about so many bytes, far below what servers accept."""

MAX_DELETIONS = 1 << 20

Records = Mapping[str, Any] | Sequence[Mapping[str, Any]] | Any
"""A mapping of fields to columns, a list of mappings, a pandas or Polars DataFrame, or an Arrow table or batch."""


@unique
class RecordKind(StrEnum):
    """The kinds of facts."""

    CUSTOMER = "customer"
    ACCOUNT = "account"
    TRANSACTION = "transaction"
    BALANCE = "balance"
    ENGAGEMENT = "engagement"
    RATE = "rate"

    def to_message(self) -> record_pb2.RecordKind.ValueType:
        """The API's number."""
        return record_pb2.RecordKind.Value(f"RECORD_KIND_{self.name}")


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """Why a row was not written; `row` counts from 0 in what was given to the call."""

    row: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What was written of a batch. `rejected_rows`: the first 1,000 of `rejected`. `repeated`: it had been before.

    `data_version`: the version that has the batch in it; of a batch that was only validated, the one before.
    """

    batch_id: str
    data_version: int
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: int = 0
    rejected_rows: tuple[RejectedRow, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Records to write at once, and ids to delete after them. `batch_id`: written once, however often it is sent."""

    records: Records | None = None
    deletions: Sequence[str] = ()
    batch_id: str = ""


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """`all_or_nothing`: a batch with a rejected row is not written at all. `validate_only`: none is, ever."""

    all_or_nothing: bool = False
    validate_only: bool = False
    id_column: str | None = None


def stream_records(
    scope: Scope,
    kind: RecordKind | str,
    *,
    all_or_nothing: bool = False,
    validate_only: bool = False,
    id_column: str | None = None,
) -> Exchange[RecordBatch, WriteResult | SegmentdCallError]:
    """Write many batches of one kind on one stream: an answer each, in order, once the batch is on disk.

    What is wrong with one batch as a whole is the answer to it, a SegmentdCallError that is not raised, and the stream
    goes on; wrong rows are in the results. Amounts as whole numbers are minor units, as decimals or floats major ones.
    """
    options = WriteOptions(all_or_nothing, validate_only, id_column)
    encode = partial(encode_request, scope=scope, kind=RecordKind(kind), options=options)
    return Exchange("LedgerService/WriteRecords", encode, pb.WriteRecordsResponse, read_answer)


def write_records(  # noqa: PLR0913 - an option each field of the request
    scope: Scope,
    kind: RecordKind | str,
    records: Records,
    *,
    batch_id: str = "",
    all_or_nothing: bool = False,
    validate_only: bool = False,
    id_column: str | None = None,
) -> Delivery[RecordBatch, WriteResult | SegmentdCallError, WriteResult]:
    """Write records, in batches if they are many, and return what became of all of them, once they are on disk.

    Of several batches each has the id `{batch_id}/{number}`: the same call again writes nothing twice. `all_or_nothing`
    is about each batch. Raises SegmentdCallError for a batch that is wrong as a whole; those before it are written.
    """
    exchange = stream_records(
        scope, kind, all_or_nothing=all_or_nothing, validate_only=validate_only, id_column=id_column
    )
    batches = list(split(records, batch_id))
    return Delivery(exchange, batches, partial(add_up, batch_id, [row_count(each) for each in batches]))


def delete_records(
    scope: Scope, kind: RecordKind | str, ids: Sequence[str], *, batch_id: str = "", validate_only: bool = False
) -> Delivery[RecordBatch, WriteResult | SegmentdCallError, WriteResult]:
    """Delete records of a kind by id, but for customers, whom DeleteCustomer deletes."""
    exchange = stream_records(scope, kind, validate_only=validate_only)
    parts = [ids[start : start + MAX_DELETIONS] for start in range(0, len(ids), MAX_DELETIONS)]
    batches = [RecordBatch(None, part, part_id(batch_id, place, len(parts))) for place, part in enumerate(parts)]
    return Delivery(exchange, batches, partial(add_up, batch_id, [0] * len(batches)))


def split(records: Records, batch_id: str = "") -> Iterator[RecordBatch]:
    """Batches of records that fit messages."""
    table = as_table(records).unify_dictionaries()
    rows = max(min(BATCH_ROWS, BATCH_BYTES * table.num_rows // max(table.nbytes, 1)), 1)
    count = max(-(-table.num_rows // rows), 1)
    for place in range(count):
        yield RecordBatch(table.slice(place * rows, rows), batch_id=part_id(batch_id, place, count))


def part_id(batch_id: str, place: int, count: int) -> str:
    """The id of a part of a batch; "" where the batch has none."""
    return f"{batch_id}/{place}" if batch_id and count > 1 else batch_id


def as_table(records: Records) -> Any:
    """The records as a `pyarrow.Table`; of a list of rows it has the fields of any of them."""
    if isinstance(records, Sequence):
        import pyarrow as pa  # noqa: PLC0415 - only callers with rows need it here

        names = dict.fromkeys(name for row in records for name in row)
        return pa.Table.from_pylist([{name: row.get(name) for name in names} for row in records])
    return to_table(records)


def row_count(batch: RecordBatch) -> int:
    """How many rows a batch of a table has."""
    table: Any = batch.records
    return 0 if table is None else int(table.num_rows)


def encode_request(batch: RecordBatch, scope: Scope, kind: RecordKind, options: WriteOptions) -> bytes:
    """One WriteRecordsRequest."""
    request = pb.WriteRecordsRequest(
        parent=scope.parent,
        batch_id=batch.batch_id,
        all_or_nothing=options.all_or_nothing,
        validate_only=options.validate_only,
    )
    rest = record_pb2.RecordBatch(kind=kind.to_message(), deletions=batch.deletions).SerializeToString()
    form: list[bytes | memoryview] = []
    if batch.records is not None:
        stream = encode_arrow(as_table(batch.records), options.id_column)
        form = list(field(record_pb2.RecordBatch.ARROW_FIELD_NUMBER, [stream]))
    batch_field = field(pb.WriteRecordsRequest.BATCH_FIELD_NUMBER, [rest, *form])
    return b"".join([request.SerializeToString(), *batch_field])


def read_answer(response: pb.WriteRecordsResponse) -> WriteResult | SegmentdCallError:
    """What became of one batch, or the error that was wrong with it."""
    if response.HasField("error"):
        return read_status(response.error)
    result = response.result
    return WriteResult(
        batch_id=result.batch_id,
        data_version=result.data_version,
        inserted=result.inserted_count,
        updated=result.updated_count,
        unchanged=result.unchanged_count,
        deleted=result.deleted_count,
        rejected=result.rejected_count,
        rejected_rows=tuple(RejectedRow(row.row, row.field, row.message) for row in result.rejected_rows),
        repeated=result.repeated,
    )


def add_up(batch_id: str, rows: Sequence[int], answers: Iterable[WriteResult | SegmentdCallError]) -> WriteResult:
    """What became of all batches, which have so many rows. Raises the first that is an error."""
    total, before = WriteResult(batch_id, 0), 0
    for count, answer in zip(rows, answers, strict=False):
        if isinstance(answer, SegmentdCallError):
            raise answer
        total = combined(total, answer, before)
        before += count
    return total


def combined(total: WriteResult, part: WriteResult, before: int) -> WriteResult:
    """The sum of what was written; the part's rows come after so many others."""
    moved = tuple(RejectedRow(row.row + before, row.field, row.message) for row in part.rejected_rows)
    return WriteResult(
        total.batch_id,
        max(total.data_version, part.data_version),
        total.inserted + part.inserted,
        total.updated + part.updated,
        total.unchanged + part.unchanged,
        total.deleted + part.deleted,
        total.rejected + part.rejected,
        (*total.rejected_rows, *moved),
        total.repeated or part.repeated,
    )
