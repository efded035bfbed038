"""A stream of equal requests to one of the servers, and what came back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks.wire import bare
from benchmarks.wire.questions import Planes
from benchmarks.wire.requests import (
    COUNTS,
    STREAM_SCORES,
    Form,
    member_counts,
    member_planes,
    streamed_memberships,
)
from benchmarks.wire.servers import Pair
from benchmarks.wire.turns import Run


class WrongAnswerError(Exception):
    """An answer differs from the plain reading of the rules, so there is nothing to time."""


MOST_BATCHES: Final = 48
LEAST_BATCHES: Final = 4


def fitting(servers: Pair, request: bytes, stream_s: float) -> int:
    """How many batches a stream has, within the bounds, so that it takes us about that long."""
    start = time.perf_counter()
    servers.to_ours.exchange(STREAM_SCORES, request, LEAST_BATCHES)
    one_s = (time.perf_counter() - start) / LEAST_BATCHES
    return min(max(round(stream_s / one_s), LEAST_BATCHES), MOST_BATCHES)


def score_run(servers: Pair, request: bytes, times: int) -> Run:
    """The exchange with our server. An answer that is an error raises RefusedError."""

    def act() -> None:
        streamed_memberships(servers.to_ours.exchange(STREAM_SCORES, request, times)[-1])

    return Run(act, servers.ours)


def bare_run(servers: Pair, request: bytes, times: int) -> Run:
    """The exchange with the bare server, which from now on replies with as many bytes as ours."""
    size = len(servers.to_ours.exchange(STREAM_SCORES, request, 1)[0])
    bare.set_replies(servers.to_bare, [size])
    return Run(lambda: servers.to_bare.exchange(bare.EXCHANGE, request, times), servers.bare)


def check(answers: Sequence[bytes], form: Form, expected: Planes) -> None:
    """Compare the answers of a stream with the planes that are expected, rows being a multiple of 64.

    Raises WrongAnswerError, or RefusedError where an answer is an error.
    """
    for answer in answers:
        memberships = streamed_memberships(answer)
        if member_counts(memberships) != count_members(expected):
            raise WrongAnswerError("wrong counts")
        if form != COUNTS and not np.array_equal(member_planes(memberships), expected.view(np.uint8)):
            raise WrongAnswerError("wrong members")


def count_members(planes: Planes) -> list[int]:
    """The ones of each plane."""
    counts: list[int] = np.bitwise_count(planes).sum(axis=1).tolist()
    return counts
