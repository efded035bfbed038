"""Streams of requests are answered in order, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from segmentd.api.read_ahead import answer_in_order


class Requests:
    """Counts from 0 and knows how far it was read; `fails` raises at the end."""

    def __init__(self, count: int, *, fails: bool = False) -> None:
        self._count, self._fails = count, fails
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[int]:
        for number in range(self._count):
            self.read += 1
            yield number
        if self._fails:
            raise ConnectionError


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_answers_keep_the_order_of_their_requests() -> None:
    """An answer that is ready early waits for those before it."""
    gates = [asyncio.Event() for _ in range(4)]

    async def answer(number: int) -> int:
        await gates[number].wait()
        return number * 10

    async def collect() -> list[int]:
        return [each async for each in answer_in_order(aiter(Requests(4)), answer, read_ahead=4)]

    collected = asyncio.create_task(collect())
    for gate in reversed(gates):
        gate.set()
        await settle()
    assert await collected == [0, 10, 20, 30]


async def test_no_more_is_read_than_is_taken() -> None:
    """A caller that takes no answers is read from four times; each answer taken lets one more in."""
    requests = Requests(100)

    async def answer(number: int) -> int:
        return number

    answers = answer_in_order(aiter(requests), answer, read_ahead=4)
    assert await anext(answers) == 0
    await settle()
    assert requests.read == 4
    assert await anext(answers) == 1
    await settle()
    assert requests.read == 5
    assert [each async for each in answers] == list(range(2, 100))


async def test_a_broken_stream_answers_what_was_read() -> None:
    """What reading raises comes after the answers to the requests before."""

    async def answer(number: int) -> int:
        return number

    answers = answer_in_order(aiter(Requests(2, fails=True)), answer, read_ahead=4)
    assert [await anext(answers), await anext(answers)] == [0, 1]
    with pytest.raises(ConnectionError):
        await anext(answers)


async def test_leaving_cancels_what_is_being_answered() -> None:
    """Closing the stream of answers cancels every answer that is on its way."""
    cancelled = 0

    async def answer(number: int) -> int:
        nonlocal cancelled
        if number == 0:
            return number
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            raise
        return number

    answers = answer_in_order(aiter(Requests(100)), answer, read_ahead=4)
    assert await anext(answers) == 0
    await settle()
    await answers.aclose()
    assert cancelled == 3


async def test_large_requests_take_the_room_of_many() -> None:
    """No request is read while those before it, not yet answered, are as large as allowed together."""
    requests = Requests(100)

    async def answer(number: int) -> int:
        return number

    answers = answer_in_order(aiter(requests), answer, read_ahead=64, max_size=10, size_of=lambda _: 4)
    assert await anext(answers) == 0
    await settle()
    assert requests.read == 3
    assert await anext(answers) == 1
    await settle()
    assert requests.read == 4
    await answers.aclose()
