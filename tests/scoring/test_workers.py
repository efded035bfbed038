"""Workers run a bounded number of jobs, and stop those whose callers are gone."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from segmentd.errors import ErrorReason, SegmentdError, Status
from segmentd.scoring.errors import DeadlineExceededError, OverloadedError
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


async def test_jobs_in_turn_wait_where_others_are_refused() -> None:
    """Any number of jobs that wait for their turn end, none is refused, and half of the places stay for others."""
    workers, go = Workers(1, 3), threading.Event()
    jobs = [asyncio.create_task(workers.run_in_turn(lambda: go.wait(10), Cancellation())) for _ in range(20)]
    await asyncio.sleep(0.02)
    assert workers.pending == 2
    other = asyncio.create_task(workers.run(lambda: 7, Cancellation()))
    await asyncio.sleep(0)
    with pytest.raises(DeadlineExceededError):
        await workers.run_in_turn(lambda: 1, Cancellation(0.0))
    go.set()
    assert await asyncio.gather(*jobs) == [True] * 20
    assert await other == 7
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


async def test_a_job_whose_deadline_passed_while_it_waited_never_runs() -> None:
    """A job that should stop before it begins is refused as cancelled."""
    workers, ran = Workers(1, 1), threading.Event()
    with pytest.raises(DeadlineExceededError):
        await workers.run(ran.set, Cancellation(0.0))
    workers.close()
    assert not ran.is_set()


async def test_requests_that_wait_are_bounded_in_bytes() -> None:
    """Beyond the limit a job is OVERLOADED; a larger one alone runs, and bytes are given back when jobs end."""
    workers, go = Workers(1, 9, max_bytes=100), threading.Event()
    first = asyncio.create_task(workers.run(lambda: go.wait(10), Cancellation(), size_bytes=60))
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError) as refused:
        await workers.run(lambda: True, Cancellation(), size_bytes=41)
    assert refused.value.metadata == {"limit": "100"}
    fits = asyncio.create_task(workers.run(lambda: True, Cancellation(), size_bytes=40))
    go.set()
    assert await first
    assert await fits
    workers.close()
    assert workers.pending == 0


class Message:
    """What a job holds."""


@pytest.fixture
def _no_collection() -> Iterator[None]:
    """Only what nothing refers to is freed."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collection")
async def test_what_a_failed_job_held_is_freed_at_once() -> None:
    """Once the failure is dealt with, nothing refers to the job's message any more; no collection is needed."""
    workers = Workers(1, 1)

    async def fail() -> weakref.ref[Message]:
        message = Message()

        def job() -> None:
            raise ValueError(str(message))

        with pytest.raises(ValueError, match="Message"):
            await workers.run(job, Cancellation())
        return weakref.ref(message)

    held = await fail()
    await asyncio.to_thread(workers.close)
    assert held() is None


def test_a_deadline_cancels() -> None:
    """Work should stop once its deadline has passed, and not before; without one it goes on."""
    assert Cancellation(0.0)()
    assert not Cancellation(3_600.0)()
    assert not Cancellation()()


async def test_a_closed_pool_takes_no_job() -> None:
    """After closing, a job is UNAVAILABLE with NOT_READY, and none counts as pending."""
    workers = Workers(1, 1)
    workers.close()
    for _ in range(3):  # more than there would be places for
        with pytest.raises(SegmentdError) as refused:
            await workers.run(lambda: 1, Cancellation())
        assert (refused.value.reason, refused.value.status) == (ErrorReason.NOT_READY, Status.UNAVAILABLE)
        assert refused.value.metadata == {"state": "stopping"}
    assert workers.pending == 0


async def test_work_that_stops_says_why() -> None:
    """Work whose deadline has passed is DEADLINE_EXCEEDED, work whose caller is gone CALL_CANCELLED."""
    workers, gone = Workers(1, 1), Cancellation(3_600.0)
    gone.stop()
    for cancellation, reason in (
        (Cancellation(0.0), ErrorReason.DEADLINE_EXCEEDED),
        (gone, ErrorReason.CALL_CANCELLED),
    ):
        with pytest.raises(SegmentdError) as stopped:
            await workers.run(lambda: 1, cancellation)
        assert stopped.value.reason is reason
    workers.close()
