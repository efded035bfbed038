"""Workers run a bounded number of jobs, and stop those whose callers are gone."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from segmentd.errors import ErrorReason
from segmentd.scoring.errors import OverloadedError
from segmentd.scoring.workers import Cancellation, Workers


async def until(condition: threading.Event) -> None:
    """Wait for another thread without holding the event loop."""
    assert await asyncio.to_thread(condition.wait, 10)


async def test_a_job_returns_and_raises_to_its_caller() -> None:
    """What a job returns is the result, and what it raises is raised."""
    workers = Workers(1, 1)
    assert await workers.run(lambda: 7, Cancellation()) == 7
    with pytest.raises(ZeroDivisionError):
        await workers.run(lambda: 1 // 0, Cancellation())
    workers.close()


async def test_a_job_too_many_is_refused_at_once() -> None:
    """With one thread and room for two, the fourth job is OVERLOADED; there is room again when jobs end."""
    workers, go = Workers(1, 2), threading.Event()
    jobs = [asyncio.create_task(workers.run(lambda: go.wait(10), Cancellation())) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError) as refused:
        await workers.run(lambda: True, Cancellation())
    assert refused.value.reason is ErrorReason.OVERLOADED
    assert refused.value.metadata == {"limit": "2"}
    go.set()
    assert await asyncio.gather(*jobs) == [True] * 3
    assert await workers.run(lambda: 1, Cancellation()) == 1
    workers.close()


async def test_a_cancelled_caller_stops_its_job() -> None:
    """A running job sees at once that its caller is gone, and counts until it has ended."""
    workers, cancellation = Workers(1, 1), Cancellation()
    began, ended = threading.Event(), threading.Event()

    def job() -> None:
        began.set()
        while not cancellation():
            time.sleep(0)
        ended.set()

    task = asyncio.create_task(workers.run(job, cancellation))
    await until(began)
    assert workers.pending == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(ended)
    workers.close()
    assert workers.pending == 0


async def test_a_waiting_job_of_a_cancelled_caller_never_runs() -> None:
    """A job that has not begun when its caller is cancelled gives its place back and is not run."""
    workers, go, ran = Workers(1, 1), threading.Event(), threading.Event()
    first = asyncio.create_task(workers.run(lambda: go.wait(10), Cancellation()))
    waiting = asyncio.create_task(workers.run(ran.set, Cancellation()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert workers.pending == 1
    go.set()
    await first
    workers.close()
    assert not ran.is_set()


def test_a_deadline_cancels() -> None:
    """Work should stop once its deadline has passed, and not before; without one it goes on."""
    assert Cancellation(0.0)()
    assert not Cancellation(3_600.0)()
    assert not Cancellation()()
