"""The use cases of import jobs: make, get, list, cancel, watch; and the threads that run them."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from segmentd.errors import ErrorReason, SegmentdError
from segmentd.facts.imports.checking import Wanted, check_order
from segmentd.facts.imports.errors import ImportJobNotFoundError, ImportsStoppingError, TooManyImportJobsError
from segmentd.facts.imports.model import ImportJob, JobState, Key, Progress
from segmentd.facts.imports.naming import names_any
from segmentd.facts.imports.rejects import FORGOTTEN, Reject
from segmentd.facts.imports.running import Control, JobRun, Tools, Verdict
from segmentd.facts.imports.store import ImportStore
from segmentd.ledger.editions import Clock, utc_now
from segmentd.storage import StoreFailedError, published

MAX_UNFINISHED: Final = 100
"""Jobs of all ledgers that wait or run."""

MAX_RUNNING: Final = 2
"""Jobs that run at a time, of different ledgers: more would only share the processors."""

KEPT: Final = 100
"""Finished jobs of a ledger that can be looked at."""


@dataclass(frozen=True, slots=True)
class JobListener:
    """Hears, on the job's thread, of jobs that ended, and of failures that are defects of ours."""

    ended: Callable[[ImportJob], None] = lambda _: None
    defect: Callable[[Exception], None] = lambda _: None


class ImportService:
    """Import jobs of all ledgers: one of a ledger runs at a time, the others wait. Threads may share it.

    `start` it once the ledgers can be written; `close` it before they cannot any more.
    """

    def __init__(
        self, store: ImportStore, tools: Tools, listener: JobListener | None = None, clock: Clock = utc_now
    ) -> None:
        self._store, self._tools, self._clock = store, tools, clock
        self._listener = listener or JobListener()
        self._lock = threading.RLock()
        self._unfinished: dict[Key, ImportJob] = {}
        self._running: set[Key] = set()
        self._cancelled: set[Key] = set()
        self._unkept: set[Key] = set()
        """Jobs that could not be kept, as on a full disk: they are tried again at the next start."""
        self._watchers: dict[Key, list[Callable[[], object]]] = {}
        self._closing = False
        self._threads = ThreadPoolExecutor(MAX_RUNNING, "segmentd-import")

    @property
    def is_closing(self) -> bool:
        """Whether jobs end now, to go on later."""
        return self._closing

    def start(self) -> None:
        """Go on with the jobs that had not ended when the server did."""
        with self._lock:
            with suppress(StoreFailedError):  # on a full disk; the next erasure or start tries it again
                self._forget_named()
            for job in self._store.unfinished():
                self._unfinished[job.ledger_id, job.id] = job
            self._dispatch()

    def create(self, ledger_id: str, job_id: str, wanted: Wanted) -> ImportJob:
        """Make a job, which begins as soon as no other of its ledger runs; its id is made where none is given.

        Mapping, files and the first file's columns are checked before. Raises SegmentdError.
        """
        order, found = check_order(ledger_id, wanted, self._tools)
        uid, now = secrets.token_hex(8), self._clock()
        job = ImportJob(ledger_id, job_id or f"import-{uid}", uid, order, JobState.PENDING, found.files, now, now)
        with self._lock:
            if self._closing:
                raise ImportsStoppingError
            if len(self._unfinished) >= MAX_UNFINISHED:
                raise TooManyImportJobsError(MAX_UNFINISHED)
            with published(partial(self._take_on, job)):
                self._store.create(job)
            return self._unfinished.get(job.key, job)

    def get(self, ledger_id: str, job_id: str) -> ImportJob:
        """A job as it is now. Raises LedgerNotFoundError, ImportJobNotFoundError."""
        self._tools.vocabularies.vocabulary(ledger_id)
        with self._lock:
            job = self._unfinished.get((ledger_id, job_id)) or self._store.get(ledger_id, job_id)
        if job is None:
            raise ImportJobNotFoundError(job_id)
        return job

    def list_after(self, ledger_id: str, last_id: str, limit: int) -> tuple[ImportJob, ...]:
        """At most so many jobs of a ledger whose id comes after `last_id`, by id. Raises LedgerNotFoundError."""
        self._tools.vocabularies.vocabulary(ledger_id)
        with self._lock:
            jobs = self._store.jobs_after(ledger_id, last_id, limit)
            return tuple(self._unfinished.get(job.key, job) for job in jobs)

    def cancel(self, ledger_id: str, job_id: str) -> ImportJob:
        """Have a job end before its next batch; one that has ended stays as it is. What was written stays written."""
        with self._lock:
            job = self.get(ledger_id, job_id)
            if job.key in self._running:
                self._cancelled.add(job.key)
            elif not job.state.is_final:
                self._end(job, JobState.CANCELLED)
            return self.get(ledger_id, job_id)

    def rejects(self, ledger_id: str, job_id: str, start: int) -> Iterator[tuple[Reject, int]]:
        """The rejected rows from a byte of the reject file on, each with where the next one begins."""
        job = self.get(ledger_id, job_id)
        return self._tools.rejects.read(job.uid, start, job.progress.reject_bytes)

    def forget_messages(self, ledger_id: str) -> None:
        """Leave no byte of why rows of a ledger's jobs were rejected, and why jobs failed: it may quote values.

        Raises StoreFailedError.
        """
        try:
            for uid in self._store.forget_errors(ledger_id, FORGOTTEN):
                self._tools.rejects.silence(uid)
        except OSError as error:
            raise StoreFailedError("overwriting messages about rejected rows", error) from error

    def forget_naming(self, ledger_id: str, ids: Iterable[str]) -> None:
        """Forget the ledger's jobs of which a text names one of these, with no byte left: now, or when they have ended.

        Raises StoreFailedError.
        """
        wanted = tuple(ids)
        with self._lock:
            for job in self._store.jobs_after(ledger_id, "", MAX_UNFINISHED + KEPT):
                current = self._unfinished.get(job.key, job)
                if names_any(current.texts, wanted) and not current.names_erased:
                    named = replace(current, names_erased=True)
                    self._store.save(named)
                    if job.key in self._unfinished:
                        self._unfinished[job.key] = named
            self._forget_named()

    @contextmanager
    def watching(self, key: Key, changed: Callable[[], object]) -> Iterator[None]:
        """Have `changed` called, on any thread, whenever a job has moved on or the service closes."""
        with self._lock:
            self._watchers.setdefault(key, []).append(changed)
        try:
            yield
        finally:
            with self._lock:
                watchers = self._watchers[key]
                watchers.remove(changed)
                if not watchers:
                    del self._watchers[key]

    def close(self) -> None:
        """Have running jobs end after the batch that they are at; they go on at the next start."""
        with self._lock:
            self._closing = True
            for key in tuple(self._watchers):
                self._tell(key)
        self._threads.shutdown()

    def _take_on(self, job: ImportJob) -> None:
        self._unfinished[job.key] = job
        self._dispatch()

    def _dispatch(self) -> None:
        """Begin the jobs that may run, in the order in which they were asked for."""
        for job in tuple(self._unfinished.values()):
            busy = {ledger_id for ledger_id, _ in self._running}
            if self._closing or len(self._running) >= MAX_RUNNING:
                return
            if job.ledger_id not in busy and job.key not in self._unkept:
                self._running.add(job.key)
                self._threads.submit(self._run, job)

    def _run(self, job: ImportJob) -> None:
        try:
            with self._lock:
                job = self._keep(self._unfinished[job.key].begun(self._clock()))
            control = Control(lambda: self._ask(job.key), lambda progress: self._move(job.key, progress))
            verdict = JobRun(job, self._tools, control).run()
            if verdict is not Verdict.STOP:
                state = JobState.CANCELLED if verdict is Verdict.CANCEL else JobState.SUCCEEDED
                self._end(self._unfinished[job.key], state)
        except Exception as error:  # noqa: BLE001 - whatever it is, the job says so
            self._fail(job.key, error)
        finally:
            with self._lock:
                self._running.discard(job.key)
                self._dispatch()

    def _ask(self, key: Key) -> Verdict:
        with self._lock:
            if self._closing:
                return Verdict.STOP
            return Verdict.CANCEL if key in self._cancelled else Verdict.GO_ON

    def _move(self, key: Key, progress: Progress) -> None:
        with self._lock:
            self._keep(self._unfinished[key].moved(progress, self._clock()))

    def _keep(self, job: ImportJob) -> ImportJob:
        self._store.save(job)
        self._unfinished[job.key] = job
        self._tell(job.key)
        return job

    def _fail(self, key: Key, error: Exception) -> None:
        """Say in the job why it failed; a server that stops is no failure of the job."""
        if self._closing and isinstance(error, SegmentdError) and error.reason is ErrorReason.NOT_READY:
            return
        reason, message = ErrorReason.INTERNAL, "the server made a mistake; its log has more"
        if isinstance(error, SegmentdError):
            reason, message = error.reason, error.message
        else:
            self._listener.defect(error)
        try:
            self._end(self._unfinished[key], JobState.FAILED, reason, message)
        except SegmentdError as unkept:
            self._unkept.add(key)
            self._listener.defect(unkept)

    def _end(self, job: ImportJob, state: JobState, reason: str = "", message: str = "") -> None:
        with self._lock:
            ended = job.ended(state, self._clock(), reason, message)
            self._store.save(ended)
            del self._unfinished[job.key]
            self._cancelled.discard(job.key)
            self._tell(job.key)
            for old in self._store.forget_old(job.ledger_id, KEPT):
                self._tools.rejects.remove(old.uid)
            if ended.names_erased:
                with suppress(StoreFailedError):  # the next erasure or start tries it again
                    self._forget_named()
        self._listener.ended(ended)

    def _forget_named(self) -> None:
        """Forget the finished jobs that name somebody who was erased: their rejected rows first, then themselves."""
        named = self._store.naming_erased()
        try:
            for job in named:
                self._tools.rejects.remove(job.uid)
        except OSError as error:
            raise StoreFailedError("removing rejected rows", error) from error
        if named:
            self._store.forget(named)

    def _tell(self, key: Key) -> None:
        for changed in self._watchers.get(key, ()):
            changed()
