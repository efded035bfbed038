"""The writer's thread: changes one after the other, in order."""

from __future__ import annotations

import asyncio
import threading

import pytest

from segmentd.storage import Writer


async def test_changes_run_in_order_on_one_thread() -> None:
    """A hundred changes that were handed in together run in that order, on a thread that is not the loop's."""
    writer = Writer()
    order: list[int] = []
    threads: set[int] = set()

    def change(number: int) -> int:
        order.append(number)
        threads.add(threading.get_ident())
        return number * 2

    results = await asyncio.gather(*(writer.run(lambda number=number: change(number)) for number in range(100)))  # type: ignore[misc]
    writer.close()
    assert order == list(range(100))
    assert results == [number * 2 for number in range(100)]
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


async def test_an_error_reaches_the_caller_and_spares_the_next_change() -> None:
    """What a change raises is raised by `run`, and the writer goes on."""
    writer = Writer()
    with pytest.raises(ZeroDivisionError):
        await writer.run(lambda: 1 // 0)
    assert await writer.run(lambda: "next") == "next"
    writer.close()


async def test_a_change_that_is_cancelled_while_waiting_never_runs() -> None:
    """The change before it runs to its end, and the one after it runs too."""
    writer, gate = Writer(), threading.Event()
    ran: list[str] = []

    def wait_then_append() -> None:
        gate.wait(10)
        ran.append("first")

    first = asyncio.ensure_future(writer.run(wait_then_append))
    second = asyncio.ensure_future(writer.run(lambda: ran.append("second")))
    third = asyncio.ensure_future(writer.run(lambda: ran.append("third")))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.set()
    await asyncio.gather(first, third)
    writer.close()
    assert ran == ["first", "third"]
