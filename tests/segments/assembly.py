"""The definitions' services joined as the server joins them, on a real database, called with requests' bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from segmentd.api.v1 import attribute_service_pb2 as attribute_pb
from segmentd.api.v1 import ledger_service_pb2 as ledger_pb
from segmentd.api.v1 import segment_service_pb2 as pb
from segmentd.errors import SegmentdError
from segmentd.ledger.attributes import AttributeService
from segmentd.ledger.service import LedgerService
from segmentd.ledger.servicer import AttributeServicer, LedgerServicer
from segmentd.ledger.store import SqlAttributeStore, SqlLedgerStore
from segmentd.ledger.usage import Residency
from segmentd.schema import DataType, Kind, Subject
from segmentd.segments.catalogue import Catalogue, load_catalogues
from segmentd.segments.service import SegmentService
from segmentd.segments.servicer import SegmentServicer
from segmentd.segments.store import SqlSegmentStore
from segmentd.storage import Writer, open_database

MessageT = TypeVar("MessageT", bound=Message)

MAIN = "ledgers/main"


HELD = ("main", Subject.CUSTOMER, "held")
"""The ledger, subject and id of the attribute that residents have values of."""
UNREAD = ("main", Subject.CUSTOMER, "unread")
"""The same of a column of theirs that no attribute can be read from."""


class SevenResidents:
    """Residents of ledgers: 7 customers at data version 3 in `main`, none elsewhere."""

    def residency(self, ledger_id: str) -> Residency:
        """The ledger's population."""
        return Residency(3, 7) if ledger_id == "main" else Residency()

    def has_facts(self, ledger_id: str) -> bool:
        """They come from a file."""
        return not ledger_id

    def column_type(self, ledger_id: str, subject: Subject, attribute_id: str) -> DataType | None:
        """They have values of one attribute, amounts without a currency."""
        return DataType(Kind.DECIMAL, 2) if (ledger_id, subject, attribute_id) == HELD else None

    def unread_column(self, ledger_id: str, subject: Subject, attribute_id: str) -> str | None:
        """Their file has one column that no attribute can be read from."""
        return "binary" if (ledger_id, subject, attribute_id) == UNREAD else None


class Assembly:
    """All services over the database in a directory."""

    def __init__(self, directory: Path) -> None:
        self.database = open_database(directory)
        self.writer = Writer()
        self.ledger_store = SqlLedgerStore(self.database)
        self.attribute_store = SqlAttributeStore(self.database)
        self.segment_store = SqlSegmentStore(self.database)
        self.catalogues = load_catalogues(self.ledger_store, self.attribute_store, self.segment_store)
        self.ledger_service = LedgerService(self.ledger_store, self.catalogues)
        self.attribute_service = AttributeService(self.attribute_store, self.catalogues, SevenResidents())
        self.segment_service = SegmentService(self.segment_store, self.catalogues)
        self.ledgers = LedgerServicer(self.ledger_service, self.writer, SevenResidents())
        self.attributes = AttributeServicer(self.attribute_service, self.writer)
        self.segments = SegmentServicer(self.segment_service, self.writer)

    def close(self) -> None:
        """Finish all writes and close the database."""
        self.writer.close()
        self.database.close()

    def catalogue(self, ledger_id: str = "main") -> Catalogue:
        """The current catalogue."""
        return self.catalogues.current(ledger_id)

    async def add_ledger(self, ledger_id: str = "main", **fields: Any) -> ledger_pb.Ledger:
        """Create a ledger in euros, or as the fields say."""
        fields.setdefault("currency_code", "EUR")
        ledger = ledger_pb.Ledger(**fields)
        return await call(self.ledgers.CreateLedger, ledger_pb.CreateLedgerRequest(ledger_id=ledger_id, ledger=ledger))

    async def add_attribute(self, attribute_id: str, **fields: Any) -> attribute_pb.Attribute:
        """Create an attribute of ledger `main`: `{subject}.{id}`, of INT64 unless the fields say otherwise."""
        if "expression" not in fields:
            fields.setdefault("type", "ATTRIBUTE_TYPE_INT64")
        request = attribute_pb.CreateAttributeRequest(
            parent=MAIN, attribute_id=attribute_id, attribute=attribute_pb.Attribute(**fields)
        )
        return await call(self.attributes.CreateAttribute, request)

    async def update_attribute(self, attribute_id: str, *paths: str, **fields: Any) -> attribute_pb.Attribute:
        """Update an attribute of ledger `main` with a mask of these paths."""
        attribute = attribute_pb.Attribute(name=f"{MAIN}/attributes/{attribute_id}", **fields)
        mask = FieldMask(paths=paths)
        return await call(
            self.attributes.UpdateAttribute,
            attribute_pb.UpdateAttributeRequest(attribute=attribute, update_mask=mask),
        )

    async def delete_attribute(self, attribute_id: str, **fields: Any) -> None:
        """Delete an attribute of ledger `main`."""
        request = attribute_pb.DeleteAttributeRequest(name=f"{MAIN}/attributes/{attribute_id}", **fields)
        await call(self.attributes.DeleteAttribute, request)

    async def add_segment(self, segment_id: str, expression: str = "true", **fields: Any) -> pb.Segment:
        """Create a segment of ledger `main`."""
        segment = pb.Segment(expression=expression, **fields)
        request = pb.CreateSegmentRequest(parent=MAIN, segment_id=segment_id, segment=segment)
        return await call(self.segments.CreateSegment, request)

    async def get_segment(self, segment_id: str) -> pb.Segment:
        """Get a segment of ledger `main`."""
        return await call(self.segments.GetSegment, pb.GetSegmentRequest(name=f"{MAIN}/segments/{segment_id}"))

    async def update_segment(self, segment_id: str, *paths: str, **fields: Any) -> pb.Segment:
        """Update a segment of ledger `main` with a mask of these paths."""
        segment = pb.Segment(name=f"{MAIN}/segments/{segment_id}", **fields)
        request = pb.UpdateSegmentRequest(segment=segment, update_mask=FieldMask(paths=paths))
        return await call(self.segments.UpdateSegment, request)

    async def delete_segment(self, segment_id: str, **fields: Any) -> None:
        """Delete a segment of ledger `main`."""
        await call(self.segments.DeleteSegment, pb.DeleteSegmentRequest(name=f"{MAIN}/segments/{segment_id}", **fields))

    async def list_segments(self, **fields: Any) -> pb.ListSegmentsResponse:
        """List the segments of ledger `main`."""
        return await call(self.segments.ListSegments, pb.ListSegmentsRequest(parent=MAIN, **fields))

    async def check(self, expression: str, **fields: Any) -> pb.CheckExpressionResponse:
        """Check an expression in ledger `main`."""
        request = pb.CheckExpressionRequest(parent=MAIN, expression=expression, **fields)
        return await call(self.segments.CheckExpression, request)


async def call(method: Callable[[bytes, Any], Awaitable[MessageT]], request: Message) -> MessageT:
    """What the method answers to the request's bytes, after a trip over the wire."""
    answer = await method(request.SerializeToString(), None)
    return type(answer).FromString(answer.SerializeToString())


async def refusal(answer: Awaitable[object]) -> SegmentdError:
    """The error that the call raises."""
    try:
        given = await answer
    except SegmentdError as error:
        return error
    raise AssertionError(f"expected an error, got {given}")


def fields_of(error: SegmentdError) -> list[str]:
    """The fields of the request that are said to be wrong."""
    return [violation.field for violation in error.fields]


@contextmanager
def assembled(directory: Path) -> Iterator[Assembly]:
    """The services over a directory, closed at the end."""
    assembly = Assembly(directory)
    try:
        yield assembly
    finally:
        assembly.close()
