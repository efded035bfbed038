"""A real server to write records to, and what it says became of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from segmentd.api.v1 import attribute_service_pb2 as attributes
from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.v1 import record_pb2
from segmentd.api.v1.ledger_service_pb2 import WriteResult
from segmentd.client import AttributeDefinition, Client
from segmentd.client.call import Call
from tests.facts.decoding.conftest import FURTHER
from tests.facts.decoding.records import NUMBERS, Row, as_rows
from tests.server.api import Api, Refusal, refusal_from

Batch = record_pb2.RecordBatch


def make_ledger(port: int, ledger: str) -> Client:
    """A client of a new ledger in euros and in Prague's time, whose records have further fields of every type."""
    client = Client(f"127.0.0.1:{port}", ledger=ledger)
    client.create_ledger(ledger, currency_code="EUR", time_zone="Europe/Prague")
    for name, type_ in FURTHER.items():
        client.create_attribute(f"customer.{name}", AttributeDefinition(type_))
    define_merchant_code(client)
    return client


def define_merchant_code(client: Client) -> None:
    """Add an attribute of transactions."""
    attribute = attributes.Attribute(type=attributes.ATTRIBUTE_TYPE_INT64)
    request = attributes.CreateAttributeRequest(
        parent=client.scope.parent, attribute_id="transaction.mcc", attribute=attribute
    )
    client.call(_plain("AttributeService/CreateAttribute", request, attributes.Attribute))


def request(ledger: str, batch: Batch, **fields: Any) -> pb.WriteRecordsRequest:
    """A request to write a batch."""
    return pb.WriteRecordsRequest(parent=f"ledgers/{ledger}" if ledger else "", batch=batch, **fields)


def write(api: Api, ledger: str, *batches: Batch, **fields: Any) -> list[WriteResult]:
    """What became of batches, each of which was looked at, on one stream."""
    return results(api.call("WriteRecords", [request(ledger, batch, **fields) for batch in batches]))


def results(answers: Iterable[pb.WriteRecordsResponse]) -> list[WriteResult]:
    """The results of answers that are no errors."""
    found = list(answers)
    for answer in found:
        assert answer.HasField("result"), answer.error
    return [answer.result for answer in found]


def refusals(answers: Iterable[pb.WriteRecordsResponse]) -> list[Refusal | None]:
    """What was wrong with each request; None where nothing was."""
    return [refusal_from(answer.error) if answer.HasField("error") else None for answer in answers]


def counts(result: WriteResult) -> tuple[int, int, int, int, int]:
    """Inserted, updated, unchanged, deleted, rejected."""
    return (
        result.inserted_count,
        result.updated_count,
        result.unchanged_count,
        result.deleted_count,
        result.rejected_count,
    )


def customers(*ids: str) -> Batch:
    """Customers of whom nothing is known."""
    return Batch(
        kind=NUMBERS["customer"], rows=record_pb2.RecordRows(customers=[record_pb2.Customer(id=id_) for id_ in ids])
    )


def accounts(*ids: str) -> Batch:
    """Accounts of nobody."""
    return Batch(
        kind=NUMBERS["account"], rows=record_pb2.RecordRows(accounts=[record_pb2.Account(id=id_) for id_ in ids])
    )


def transactions(rows: Sequence[Row]) -> Batch:
    """Transactions as messages."""
    return as_rows("transaction", rows)


def _plain(method: str, message: Any, response: Any) -> Any:
    return Call(method, message, response, lambda answer: answer)
