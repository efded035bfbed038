"""A ledger that files can be imported into: real definitions, real facts, a real engine, in this process."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentd.engine import Engine
from segmentd.facts.books import Books
from segmentd.facts.imports.checking import Wanted
from segmentd.facts.imports.model import ImportJob
from segmentd.facts.imports.places import Places
from segmentd.facts.imports.rejects import Reject, RejectFolder
from segmentd.facts.imports.running import Tools
from segmentd.facts.imports.service import ImportService, JobListener
from segmentd.facts.kinds import RecordKind
from segmentd.facts.rules.categorization import Categorizer
from segmentd.facts.views import BookView
from segmentd.ledger.drafts import LedgerDraft
from segmentd.ledger.population import Populations
from segmentd.server.definitions import Definitions
from tests.facts.imports.reading_back import Records, entities_of, facts_of, owners_of

WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Bank:
    """Ledger `main`, in koruna and the zone of Prague, and its import jobs."""

    definitions: Definitions
    books: Books
    imports: ImportService

    def run(self, source: Path | str, mapping: str, *, dry_run: bool = False, job_id: str = "") -> ImportJob:
        """An import at its end."""
        job = self.imports.create("main", job_id, Wanted(str(source), None, mapping, dry_run))
        return self.wait(job)

    def wait(self, job: ImportJob) -> ImportJob:
        """A job at its end. TimeoutError."""
        return self.wait_for_rows(job, sys.maxsize)

    def wait_for_rows(self, job: ImportJob, rows: int) -> ImportJob:
        """A job once it has read so many rows, or at its end. TimeoutError."""
        moved = threading.Event()
        with self.imports.watching(job.key, moved.set):
            while not (seen := self.imports.get(*job.key)).state.is_final and seen.progress.counts.read < rows:
                if not moved.wait(WAIT_S):
                    raise TimeoutError(f"{job.name} is {seen.state}")
                moved.clear()
        return seen

    def rejects(self, job: ImportJob) -> list[Reject]:
        """What a job rejected."""
        return [reject for reject, _ in self.imports.rejects("main", job.id, 0)]

    def entities(self, kind: RecordKind) -> Records:
        """The customers or accounts by id."""
        return entities_of(self._view(), kind)

    def facts(self, kind: RecordKind) -> list[dict[str, Any]]:
        """The facts of a kind."""
        return facts_of(self._view(), kind)

    def owners(self) -> dict[str, list[tuple[str, str]]]:
        """Owners and roles by account."""
        return owners_of(self._view())

    @property
    def version(self) -> int:
        """The data version: 0 where nothing was ever written."""
        view = self.books.view("main")
        return 0 if view is None else view.version

    def _view(self) -> BookView:
        view = self.books.view("main")
        if view is None:
            raise ValueError("nothing was written")
        return view


@contextmanager
def open_bank(
    directory: Path, *, roots: tuple[Path, ...] = (), remotes: tuple[str, ...] = (), listener: JobListener | None = None
) -> Iterator[Bank]:
    """The bank of a data directory, made if there is none."""
    definitions = Definitions(directory, Populations())
    if not definitions.ledgers.list_after(""):
        definitions.ledgers.create("main", LedgerDraft("", "CZK", "Europe/Prague"))
    books = Books(directory, definitions.catalogues)
    books.open()
    with Engine(2) as engine:
        categories = Categorizer(engine, definitions.rules)
        tools = Tools(
            Places(roots, remotes), RejectFolder(directory), definitions.catalogues, categories, books.ingestion, engine
        )
        imports = ImportService(definitions.import_jobs, tools, listener)
        try:
            imports.start()
            yield Bank(definitions, books, imports)
        finally:
            imports.close()
            books.close()
            definitions.close()
