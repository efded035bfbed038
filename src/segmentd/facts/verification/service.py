"""Verifying one ledger, step by step, so that whoever waits sees it move on and can end it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from segmentd.engine import Engine
from segmentd.facts.aggregates import AggregateState, Standpoint, compute_all
from segmentd.facts.book.view import View
from segmentd.facts.journal import Checkpoint, FactsDamagedError, Journal
from segmentd.facts.verification.model import AggregateReport, FilesReport, Progress, Report
from segmentd.facts.verification.recomputing import Held, compare, report_of
from segmentd.facts.verification.totals import Totals, add_up
from segmentd.facts.views import BookView
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.ledger.vocabulary import Vocabularies, Vocabulary
from segmentd.schema import SELECTABLE

EVERY_S: Final = 0.5
"""Whoever watches sees it move on; a message a batch would cost more than reading the batch."""

ATTEMPTS: Final = 3
"""A checkpoint that takes the place of the one whose files are read has them read from the beginning."""

Cancelled = Callable[[], bool]
Step = Progress | Report


class Views(Protocol):
    """Who knows the books as they are now."""

    def view(self, ledger_id: str) -> BookView | None:
        """The current version of a ledger's facts; None where nothing was ever written."""


class Residents(Protocol):
    """What evaluations of a ledger are given."""

    def followed(self, ledger_id: str) -> Iterator[tuple[BookView, AggregateState, Mapping[str, CompiledAggregate]]]:
        """The states of aggregates that are held, each with its aggregates by id, and before them what they follow."""


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """Verifies ledgers. Threads may share it."""

    engine: Engine
    journal: Journal
    vocabularies: Vocabularies
    views: Views
    residents: Residents

    def verify(self, ledger_id: str, now_us: int, cancelled: Cancelled, every_s: float = EVERY_S) -> Iterator[Step]:
        """How far it is, at most every so many seconds, and at last the report. Aggregates are as of `now_us`.

        Raises LedgerNotFoundError, StoreFailedError, EvaluationCancelledError and DistinctLimitError.
        """
        return paced(self._verify(ledger_id, now_us, cancelled), every_s)

    def _verify(self, ledger_id: str, now_us: int, cancelled: Cancelled) -> Iterator[Step]:
        vocabulary = self.vocabularies.vocabulary(ledger_id)
        view = self.views.view(ledger_id)
        files = yield from self._check_files(ledger_id, 0 if view is None else view.version)
        if not isinstance(view, View):
            yield Report(0, files)
            return
        totals = Totals()
        for done, total in add_up(view, totals):
            yield Progress("totals", done, total)
        aggregates = yield from self._check_aggregates(vocabulary, view, now_us, cancelled)
        yield Report(view.version, files, totals.control(), totals.given, totals.snapshots, aggregates)

    def _check_files(self, ledger_id: str, version: int) -> Generator[Progress, None, FilesReport]:
        """Of a ledger whose version is at least this one."""
        checkpoint = self.journal.checkpoint(ledger_id)
        found = yield from self._read_files(checkpoint)
        for _ in range(ATTEMPTS - 1):
            # Files that went while they were read were superseded: there are others in their place.
            current = self.journal.checkpoint(ledger_id)
            if current == checkpoint:
                break
            checkpoint, before = current, found.faults
            found = yield from self._read_files(checkpoint)
            found = replace(found, faults=tuple(dict.fromkeys((*before, *found.faults))))
        return (yield from self._read_journal(ledger_id, version, found))

    def _read_files(self, checkpoint: Checkpoint | None) -> Generator[Progress, None, FilesReport]:
        files = () if checkpoint is None else checkpoint.files
        done, total, faults = 0, sum(file.size for file in files), list[str]()
        for file in files:
            try:
                for read in self.journal.check_file(checkpoint, file) if checkpoint else ():
                    done += read
                    yield Progress("files", done, total)
            except FactsDamagedError as error:
                if not self._has_gone(checkpoint, Path(error.metadata["path"])):
                    faults.append(error.message)
        return FilesReport(len(files), done, 0, tuple(faults))

    def _has_gone(self, checkpoint: Checkpoint | None, path: Path) -> bool:
        """Whether a file was removed because another checkpoint has taken the place of its own."""
        return (
            checkpoint is not None and not path.exists() and self.journal.checkpoint(checkpoint.ledger_id) != checkpoint
        )

    def _read_journal(self, ledger_id: str, version: int, found: FilesReport) -> Generator[Progress, None, FilesReport]:
        """Read what no checkpoint has, up to the version that readers see at least."""
        batches, last, faults = 0, self._checkpointed(ledger_id), [*found.faults, *self.journal.faults()]
        try:
            for number in self.journal.check_batches(ledger_id, last):
                batches, last = batches + 1, number
                yield Progress("journal", batches, batches)
        except FactsDamagedError as error:
            faults.append(error.message)
        else:
            kept = max(last, self._checkpointed(ledger_id))
            if kept < version:
                faults.append(f"the journal lacks the batches of ledger {ledger_id!r} after {kept}, up to {version}")
        return replace(found, batches=batches, faults=tuple(faults))

    def _checkpointed(self, ledger_id: str) -> int:
        checkpoint = self.journal.checkpoint(ledger_id)
        return 0 if checkpoint is None else checkpoint.version

    def _check_aggregates(
        self, vocabulary: Vocabulary, view: View, now_us: int, cancelled: Cancelled
    ) -> Generator[Progress, None, tuple[AggregateReport, ...]]:
        reports: list[AggregateReport] = []
        for held in self._held(vocabulary, view, now_us, cancelled):
            differing: Counter[str] = Counter()
            for done, total, found in compare(self.engine, held, cancelled):
                differing.update(found)
                yield Progress(f"aggregates of {held.standpoint.subject}s", done, total)
            reports.extend(report_of(held, differing))
        return tuple(reports)

    def _held(self, vocabulary: Vocabulary, view: View, now_us: int, cancelled: Cancelled) -> Iterator[Held]:
        """Those that evaluations are given, as they follow; and all, as they are computed for everybody at once."""
        for current, state, named in self.residents.followed(view.ledger_id):
            # What is held has no facts with it; it is of the last version, or brought to it as for the next evaluation.
            followed = state.advance(current, state.standpoint.now_us, cancelled=cancelled)
            yield Held(followed.standpoint, named, dict(zip(named, followed.columns, strict=True)), followed=True)
        for subject in SELECTABLE:
            aggregates = vocabulary.terms[subject].aggregated
            if aggregates:
                standpoint = Standpoint(view, subject, now_us, vocabulary.ledger.time_zone)
                columns = compute_all(self.engine, tuple(aggregates.values()), standpoint, cancelled=cancelled)
                yield Held(standpoint, aggregates, dict(zip(aggregates, columns, strict=True)), followed=False)


def paced(steps: Iterator[Step], every_s: float, clock: Callable[[], float] = time.monotonic) -> Iterator[Step]:
    """The report; of progress the first of each step, and from then on what is there when so much time has passed."""
    step, told = "", 0.0
    for each in steps:
        if isinstance(each, Progress) and each.step == step and clock() - told < every_s:
            continue
        if isinstance(each, Progress):
            step, told = each.step, clock()
        yield each
