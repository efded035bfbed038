"""Calls as values: what to send and how to read the answer, without a word on how it is sent.

`Client` and `AsyncClient` both run them, so that requests are built and answers are read in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from segmentd.client.errors import SegmentdCallError

Answer = TypeVar("Answer")
Item = TypeVar("Item")
Part = TypeVar("Part")

PACKAGE = "segmentd.api.v1"

Request = Message | bytes
"""A message, or the bytes of one that is large."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """One request and one response. `method` is `Service/Method`."""

    method: str
    request: Request
    response: type[Message]
    read: Callable[[Any], Answer]


@dataclass(frozen=True, slots=True)
class Stream(Generic[Answer]):
    """One request and many responses, each read by itself."""

    method: str
    request: Request
    response: type[Message]
    read: Callable[[Any], Answer]


@dataclass(frozen=True, slots=True)
class Exchange(Generic[Item, Answer]):
    """A request for each item that the caller has, and a response for each request, in order."""

    method: str
    encode: Callable[[Item], Request]
    response: type[Message]
    read: Callable[[Any], Answer]


@dataclass(frozen=True, slots=True)
class Delivery(Generic[Item, Part, Answer]):
    """An exchange whose items are known, and what its answers come to, which are read as they arrive."""

    exchange: Exchange[Item, Part]
    items: Iterable[Item]
    collect: Callable[[Sequence[Part]], Answer]


def method_path(method: str) -> str:
    """The path on the wire of `Service/Method`."""
    return f"/{PACKAGE}.{method}"


def serialize(request: Request) -> bytes:
    """The request's bytes on the wire."""
    return request if isinstance(request, bytes) else request.SerializeToString()


Steps = Generator[Call[Any], Any, Answer]
"""Several calls, one after the other: yields a call, is sent its answer or thrown its error, returns the result."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What calls are about unless they say otherwise."""

    ledger: str = "main"

    @property
    def parent(self) -> str:
        """The resource name of the ledger."""
        return f"ledgers/{self.ledger}"

    def attribute(self, attribute_id: str) -> str:
        """The resource name of an attribute, `customer.income`."""
        return f"{self.parent}/attributes/{attribute_id}"

    def snapshot(self, snapshot_id: str) -> str:
        """The resource name of a snapshot."""
        return f"{self.parent}/snapshots/{snapshot_id}"

    def segment(self, segment_id: str) -> str:
        """The resource name of a segment."""
        return f"{self.parent}/segments/{segment_id}"


def last_part(name: str) -> str:
    """The id at the end of a resource name."""
    return name.rpartition("/")[2]


def resume(steps: Steps[Any], outcome: object) -> Call[Any]:
    """The next call after the outcome of the last one (None at the start). Raises StopIteration at the end."""
    if isinstance(outcome, SegmentdCallError):
        return steps.throw(outcome)
    return steps.send(outcome)


def fetch_pages(method: str, request: Any, response: type[Message], field: str) -> Steps[list[Any]]:
    """Every message of the repeated `field` of a listing, page by page. `request` is for the first page."""
    found: list[Any] = []
    while True:
        page = yield Call(method, request, response, lambda page: page)
        found += getattr(page, field)
        if not page.next_page_token:
            return found
        request = type(request).FromString(request.SerializeToString())
        request.page_token = page.next_page_token
