"""Many callers at once: whole answers, the same bytes from any number of threads, and work that stops when told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import grpc
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.api.v1 import membership_pb2 as memberships
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.api.v1 import segment_service_pb2 as segments
from segmentd.scoring import evaluation, servicer
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from tests.server.api import Api
from tests.server.bank import MAIN, create_segment

ROWS: Final = 300_000
CALLERS: Final = 16
CALLS: Final = 12
FORMS = memberships.MembershipForm
HEAVY: Final = tuple(f"heavy-{number}" for number in range(32))
STOP_S: Final = 0.050
LARGE_BATCH: Final = 1_000_000


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Customers whose `level` is their row number modulo 1,000."""
    path = tmp_path_factory.mktemp("population") / "customers.parquet"
    rows = np.arange(ROWS)
    ids = pa.array([f"customer-{row:050}" for row in range(ROWS)])
    pq.write_table(pa.table({"customer_id": ids, "level": rows % 1_000}), path)
    return path


@pytest.fixture(scope="module")
def large_server(population: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the customers, segments of which one is the other's complement, and some that take long."""
    config = ServerConfig(
        data_dir=tmp_path_factory.mktemp("data"), port=0, threads=2, drain_s=1.0, population=population
    )
    with running_server(config) as server:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            define(Api(channel))
        yield server


@pytest.fixture(scope="module")
def api(large_server: Server) -> Iterator[Api]:
    """A connection of the module."""
    with grpc.insecure_channel(f"127.0.0.1:{large_server.port}") as channel:
        yield Api(channel)


def define(api: Api) -> None:
    """`high` has a threshold that tests move, `low` is everybody else; the heavy ones have 164 conditions each."""
    create_segment(api, "high", "customer.level >= 0")
    create_segment(api, "low", '!("high" in customer.segments)')
    create_segment(api, "everybody", "true")
    for number, name in enumerate(HEAVY):
        terms = [f"(customer.level * {factor} + {number}) % 1009 == {factor}" for factor in range(2, 166)]
        create_segment(api, name, " || ".join(terms))


def update_threshold(threshold: int) -> segments.UpdateSegmentRequest:
    """The request that moves `high`."""
    segment = segments.Segment(name=f"{MAIN}/segments/high", expression=f"customer.level >= {threshold}")
    return segments.UpdateSegmentRequest(segment=segment, update_mask=FieldMask(paths=["expression"]))


def levels(count: int) -> features.FeatureBatch:
    """`count` subjects with levels from 0 on."""
    column = features.Column(attribute="level", integers=features.IntegerValues(values=range(count)))
    return features.FeatureBatch(columns=features.ColumnBatch(columns=[column]))


class Thresholds:
    """Which threshold each catalogue version has; nobody but the one caller that moves it changes anything."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._version = self._current_version()
        self._of_version = {self._version: 0}

    def move(self, threshold: int) -> None:
        """Move it, which makes the next version."""
        self._of_version[self._version + 1] = threshold
        self._api.call("UpdateSegment", update_threshold(threshold))
        self._version += 1

    def check(self, basis: scoring.AnswerBasis, found: Any, rows: int, *, repeats: int = 1) -> None:
        """That the counts of `high` and `low` are those of one version, the one that the answer names."""
        threshold = self._of_version[basis.catalogue_version]
        counts = {each.segment: each.member_count for each in found}
        assert counts == {"high": (rows - threshold) * repeats, "low": threshold * repeats}

    def _current_version(self) -> int:
        version: int = self._api.call("GetLedger", ledgers.GetLedgerRequest(name=MAIN)).catalogue_version
        return version


Check = Callable[[Api, Thresholds], None]
BOTH = ["high", "low"]


def call_score(api: Api, thresholds: Thresholds) -> None:
    """A small batch, answered on the event loop."""
    request = scoring.ScoreRequest(parent=MAIN, features=levels(1_000), segments=BOTH)
    answer = api.call("Score", request)
    thresholds.check(answer.basis, answer.memberships.segments, 1_000)


def call_score_residents(api: Api, thresholds: Thresholds) -> None:
    """A thousand customers by id, as lists."""
    ids = [f"customer-{row:050}" for row in range(1_000)]
    customers = scoring.ResidentCustomers(ids=ids)
    request = scoring.ScoreRequest(parent=MAIN, customers=customers, segments=BOTH, form=FORMS.MEMBERSHIP_FORM_LISTS)
    answer = api.call("Score", request)
    thresholds.check(answer.basis, answer.memberships.segments, 1_000)
    # A customer is in exactly one of the two.
    assert list(answer.memberships.lists.member_ends) == list(range(1, 1_001))


def call_stream(api: Api, thresholds: Thresholds) -> None:
    """Five batches on a stream."""
    request = scoring.StreamScoresRequest(
        request=scoring.ScoreRequest(parent=MAIN, features=levels(1_000), segments=BOTH)
    )
    for answer in api.call("StreamScores", [request] * 5):
        thresholds.check(answer.response.basis, answer.response.memberships.segments, 1_000)


def call_evaluate(api: Api, thresholds: Thresholds) -> None:
    """The population in pages, which are all of the version of the first."""
    request = scoring.EvaluateSegmentsRequest(
        parent=MAIN, segments=BOTH, form=FORMS.MEMBERSHIP_FORM_PLANES, page_rows=20_000
    )
    first, *rest = api.call("EvaluateSegments", request)
    for page in (first, *rest[:-1]):
        thresholds.check(first.basis, page.memberships.segments, 1_000, repeats=20)
    thresholds.check(first.basis, rest[-1].totals, 1_000, repeats=ROWS // 1_000)


def call_get(api: Api, _: Thresholds) -> None:
    """A read of definitions in between."""
    listed = api.call("ListSegments", segments.ListSegmentsRequest(parent=MAIN)).segments
    assert len(listed) == 3 + len(HEAVY)


def test_every_answer_is_of_one_version(api: Api, large_server: Server) -> None:
    """16 callers with mixed calls, while a threshold moves: each answer has the counts of the version it names."""
    thresholds, done = Thresholds(api), threading.Event()
    calls: tuple[Check, ...] = (call_score, call_score_residents, call_stream, call_evaluate, call_get)

    def caller(number: int) -> int:
        with grpc.insecure_channel(f"127.0.0.1:{large_server.port}") as channel:
            own = Api(channel)
            for index in range(CALLS):
                calls[(number + index) % len(calls)](own, thresholds)
        return CALLS

    def move_until_done() -> int:
        moves = 0
        while not done.is_set():
            moves += 1
            thresholds.move(moves * 37 % 1_000)
        return moves

    with ThreadPoolExecutor(CALLERS + 1) as pool:
        moving = pool.submit(move_until_done)
        made = list(pool.map(caller, range(CALLERS)))
        done.set()
        assert moving.result() >= 5
    assert sum(made) == CALLERS * CALLS


@pytest.mark.parametrize("form", FORMS.values()[1:])
def test_threads_do_not_change_the_bytes(population: Path, tmp_path: Path, form: FORMS.ValueType) -> None:
    """Servers with 1, 2 and 7 threads send the same bytes, in every form, times apart."""
    sent = set()
    for threads in (1, 2, 7):
        config = ServerConfig(data_dir=tmp_path / str(threads), port=0, threads=threads, population=population)
        with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            api = Api(channel)
            create_segment(api, "high", "customer.level >= 317")
            create_segment(api, "odd", "customer.level % 2 == 1 && customer.level / (customer.level - 5) > 0")
            moment = Timestamp(seconds=1_700_000_000)
            evaluation = scoring.EvaluateSegmentsRequest(
                parent=MAIN,
                form=form,
                now=moment,
                row_start=100,
                row_count=150_000,
            )
            pages = api.call("EvaluateSegments", evaluation)
            for page in pages:
                page.progress.ClearField("elapsed")
            score = scoring.ScoreRequest(parent=MAIN, features=levels(20_000), now=moment, form=form)
            answer = api.call("Score", score)
            sent.add((*(page.SerializeToString() for page in pages), answer.SerializeToString()))
    assert len(sent) == 1


class Idleness:
    """Knows when the workers of a server have nothing left to do, without asking all the time."""

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self._workers = server._workers
        self._released = threading.Condition()
        release = self._workers._release

        def noticed(*arguments: Any) -> None:
            release(*arguments)
            with self._released:
                self._released.notify_all()

        monkeypatch.setattr(self._workers, "_release", noticed)

    def wait(self, limit_s: float = 20.0) -> float:
        """Seconds until no worker runs anything."""
        start = time.perf_counter()
        with self._released:
            assert self._released.wait_for(lambda: self._workers.pending == 0, limit_s)
        return time.perf_counter() - start


def start_score(api: Api) -> Any:
    """A batch of a million subjects in the heavy segments."""
    column = features.Column(attribute="level", integers=features.IntegerValues(values=range(LARGE_BATCH)))
    batch = features.FeatureBatch(columns=features.ColumnBatch(columns=[column]))
    return api.start("Score", scoring.ScoreRequest(parent=MAIN, features=batch, segments=HEAVY), future=True)


def start_evaluation(api: Api) -> Any:
    """The whole population in the heavy segments."""
    return api.start("EvaluateSegments", scoring.EvaluateSegmentsRequest(parent=MAIN, segments=HEAVY))


def start_stream(api: Api) -> Any:
    """Three batches in the heavy segments."""
    column = features.Column(attribute="level", integers=features.IntegerValues(values=range(LARGE_BATCH)))
    batch = features.FeatureBatch(columns=features.ColumnBatch(columns=[column]))
    request = scoring.ScoreRequest(parent=MAIN, features=batch, segments=HEAVY)
    return api.start("StreamScores", [scoring.StreamScoresRequest(request=request)] * 3)


class Work:
    """Counts the rows of the engine's runs that were not cut short, and knows when one has begun."""

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = threading.Event()
        self.done_rows = 0
        self._run = server._engine.run
        monkeypatch.setattr(server._engine, "run", self._counted)

    def reset(self) -> None:
        """Begin anew, while nothing runs."""
        self.begun.clear()
        self.done_rows = 0

    def _counted(self, bound: Any, start: int, stop: int, **options: Any) -> Any:
        self.begun.set()
        evaluation = self._run(bound, start, stop, **options)
        self.done_rows += stop - start
        return evaluation


@pytest.mark.parametrize(
    ("start", "rows"),
    [(start_score, LARGE_BATCH), (start_evaluation, ROWS), (start_stream, 3 * LARGE_BATCH)],
    ids=["score", "evaluation", "stream"],
)
def test_a_cancelled_call_stops_within_50_ms(
    api: Api, large_server: Server, start: Callable[[Api], Any], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the caller cancels, the workers are idle within 50 ms, and not because all rows were done.

    Other processes can only make it slower: of twenty tries, one has to be in time.
    """
    idleness, work = Idleness(large_server, monkeypatch), Work(large_server, monkeypatch)
    tries: list[tuple[float, int]] = []
    while len(tries) < 20 and not any(stop_s <= STOP_S and done < rows for stop_s, done in tries):
        work.reset()
        call = start(api)
        assert work.begun.wait(20)
        call.cancel()
        tries.append((idleness.wait(), work.done_rows))
    assert any(stop_s <= STOP_S and done < rows for stop_s, done in tries), tries


def test_a_call_that_nobody_cancels_does_all_rows(
    api: Api, large_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the counting above counts is every row of the population, where the caller waits."""
    work = Work(large_server, monkeypatch)
    api.call("EvaluateSegments", scoring.EvaluateSegmentsRequest(parent=MAIN, segments=HEAVY))
    assert work.done_rows == ROWS


def test_a_deadline_stops_the_work(api: Api, large_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose deadline passes is DEADLINE_EXCEEDED, and the workers leave rows undone."""
    idleness, work = Idleness(large_server, monkeypatch), Work(large_server, monkeypatch)
    request = scoring.EvaluateSegmentsRequest(parent=MAIN, segments=HEAVY)
    with pytest.raises(grpc.RpcError) as refused:
        list(api.start("EvaluateSegments", request, 0.1))
    assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    idleness.wait()
    assert work.done_rows < ROWS


EVERYBODY_BY_ID = scoring.EvaluateSegmentsRequest(
    parent=MAIN, segments=["high", "low", "everybody"], form=FORMS.MEMBERSHIP_FORM_IDS
)
FULL_CONNECTION: Final = 12
"""Pages, of a mebibyte each, that gRPC takes from a server before the reader has taken any."""


def test_a_slow_reader_is_not_served_ahead(api: Api, large_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a reader takes nothing, pages are made only until the connection is full; then it gets the rest.

    Its connection does not widen its window for having been fast.
    """
    made: list[int] = []

    def counted(*arguments: Any) -> Iterator[evaluation.Page]:
        call = len(made)
        made.append(0)
        for page in evaluation.evaluation_pages(*arguments):
            made[call] += 1
            yield page

    monkeypatch.setattr(servicer, "evaluation_pages", counted)
    channel = grpc.insecure_channel(f"127.0.0.1:{large_server.port}", [("grpc.http2.bdp_probe", 0)])
    slow = Api(channel).start("EvaluateSegments", EVERYBODY_BY_ID)
    first = next(slow)
    for _ in range(3):  # which gives the server time for three times the slow reader's pages
        whole = len(api.call("EvaluateSegments", EVERYBODY_BY_ID))
    assert made[1:] == [whole] * 3
    assert made[0] <= FULL_CONNECTION < whole / 2
    rest = list(slow)
    assert [1 + len(rest), made[0]] == [whole, whole]
    assert first.HasField("basis")
    channel.close()
