"""Verifying one ledger, step by step, so that whoever waits sees it move on and can end it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
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

    def followed(self, ledger_id: str) -> tuple[tuple[AggregateState, Mapping[str, CompiledAggregate]], ...]:
        """The states of aggregates that are held, each with its aggregates by id."""


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """Verifies ledgers. Threads may share it."""

    engine: Engine
    journal: Journal
    vocabularies: Vocabularies
    views: Views
    residents: Residents

    def verify(self, ledger_id: str, now_us: int, cancelled: Cancelled) -> Iterator[Step]:
        """How far it is, again and again, and at last the report. Aggregates are as of `now_us`.

        Raises LedgerNotFoundError, StoreFailedError, EvaluationCancelledError and DistinctLimitError.
        """
        vocabulary = self.vocabularies.vocabulary(ledger_id)
        view = self.views.view(ledger_id)
        files = yield from self._check_files(ledger_id)
        if not isinstance(view, View):
            yield Report(0, files)
            return
        totals = Totals()
        for done, total in add_up(view, totals):
            yield Progress("totals", done, total)
        aggregates = yield from self._check_aggregates(vocabulary, view, now_us, cancelled)
        yield Report(view.version, files, totals.control(), totals.given, totals.snapshots, aggregates)

    def _check_files(self, ledger_id: str) -> Generator[Progress, None, FilesReport]:
        report = FilesReport()
        for _ in range(ATTEMPTS):
            checkpoint = self.journal.checkpoint(ledger_id)
            faults: list[str] = []
            files, size = yield from self._read_files(checkpoint, faults)
            batches = yield from self._read_journal(ledger_id, checkpoint, faults)
            report = FilesReport(files, size, batches, tuple(faults))
            if not faults or self.journal.checkpoint(ledger_id) == checkpoint:
                return report
        # Each time the files went while they were read, so that what was wrong with them is nothing.
        return replace(report, faults=())

    def _read_files(
        self, checkpoint: Checkpoint | None, faults: list[str]
    ) -> Generator[Progress, None, tuple[int, int]]:
        files = () if checkpoint is None else checkpoint.files
        done, total = 0, sum(file.size for file in files)
        for file in files:
            try:
                for read in self.journal.check_file(checkpoint, file) if checkpoint else ():
                    done += read
                    yield Progress("files", done, total)
            except FactsDamagedError as error:
                faults.append(error.message)
        return len(files), done

    def _read_journal(
        self, ledger_id: str, checkpoint: Checkpoint | None, faults: list[str]
    ) -> Generator[Progress, None, int]:
        batches = 0
        try:
            for _ in self.journal.replay(ledger_id, 0 if checkpoint is None else checkpoint.version):
                batches += 1
                yield Progress("journal", batches, batches)
        except FactsDamagedError as error:
            faults.append(error.message)
        return batches

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
        """Those that evaluations were given, as they were; and all, as they are computed for everybody at once."""
        for state, named in self.residents.followed(view.ledger_id):
            yield Held(state.standpoint, named, dict(zip(named, state.columns, strict=True)), followed=True)
        for subject in SELECTABLE:
            aggregates = vocabulary.terms[subject].aggregated
            if aggregates:
                standpoint = Standpoint(view, subject, now_us, vocabulary.ledger.time_zone)
                columns = compute_all(self.engine, tuple(aggregates.values()), standpoint, cancelled=cancelled)
                yield Held(standpoint, aggregates, dict(zip(aggregates, columns, strict=True)), followed=False)
