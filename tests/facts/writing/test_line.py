"""The order of a stream's requests: which may begin while others before them are not over."""

from __future__ import annotations

import asyncio

from segmentd.facts.writing.line import Line, Turn
from tests.facts.writing.streams import customers, request


def test_requests_of_another_ledger_begin_when_those_before_are_over() -> None:
    """Requests of one ledger begin together; those after them that are about another one wait for all of them."""

    async def run() -> None:
        line = Line()
        begun: list[int] = []
        turns = [line.join(_request(ledger)) for ledger in ("one", "", "two", "", "one")]
        tasks = [asyncio.create_task(_begin(turn, number, begun)) for number, turn in enumerate(turns)]
        await _turns()
        assert begun == [0, 1]
        turns[0].over.set()
        await _turns()
        assert begun == [0, 1]
        turns[1].over.set()
        await _turns()
        assert begun == [0, 1, 2, 3]
        turns[2].over.set()
        turns[3].over.set()
        await asyncio.gather(*tasks)
        assert begun == [0, 1, 2, 3, 4]

    asyncio.run(run())


def _request(ledger: str) -> bytes:
    return request(ledger, customers("c")).SerializeToString()


async def _begin(turn: Turn, number: int, begun: list[int]) -> None:
    await turn.begin()
    begun.append(number)


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
