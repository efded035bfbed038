"""The requests of a stream, made while it runs from what the caller iterates."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Generic, TypeVar

from segmentd.client.call import Request

Item = TypeVar("Item")


class Feed(Generic[Item]):
    """Encodes items one by one, as the server takes them.

    gRPC iterates it outside of the caller's sight and would swallow what goes wrong there, so an exception ends the
    requests and is kept as `failure` until the responses are read.
    """

    def __init__(self, encode: Callable[[Item], Request]) -> None:
        self.failure: Exception | None = None
        self._encode = encode

    def requests(self, items: Iterable[Item]) -> Iterator[Request]:
        """A request for each item."""
        try:
            for item in items:
                yield self._encode(item)
        except Exception as failure:  # noqa: BLE001 - raised again in the caller's thread
            self.failure = failure

    async def async_requests(self, items: Iterable[Item] | AsyncIterable[Item]) -> AsyncIterator[Request]:
        """A request for each item, of an asynchronous iterable too."""
        try:
            async for item in as_async(items):
                yield self._encode(item)
        except Exception as failure:  # noqa: BLE001 - raised again in the caller's task
            self.failure = failure

    def check(self) -> None:
        """Raise what went wrong while the requests were made."""
        if self.failure is not None:
            raise self.failure


async def as_async(items: Iterable[Item] | AsyncIterable[Item]) -> AsyncIterator[Item]:
    """The items, whichever kind of iterable they come in."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
