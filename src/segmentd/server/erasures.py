"""Erasing customers of a data directory: what forgets them, and what the log says of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pyarrow as pa

from segmentd.facts.books import Books
from segmentd.facts.erasure.erasures import ErasureListener, Erasures, Rewritten
from segmentd.facts.imports.service import ImportService
from segmentd.facts.journal import Traces
from segmentd.schema import Subject
from segmentd.scoring.snapshots.service import Snapshots
from segmentd.server.logs import log_event, stack_of


@dataclass(frozen=True, slots=True)
class SnapshotMemory:
    """Named snapshots, which know who was in which segment."""

    snapshots: Snapshots

    def forget(self, ledger_id: str, traces: Traces) -> None:
        """Take the customers and accounts out of all snapshots."""
        for subject, ids in ((Subject.CUSTOMER, traces.customers), (Subject.ACCOUNT, traces.accounts)):
            if ids:
                self.snapshots.forget(ledger_id, subject, pa.array(ids, pa.string()))


@dataclass(frozen=True, slots=True)
class ImportMemory:
    """Import jobs, whose messages about rows may quote anybody's values."""

    imports: ImportService

    def forget(self, ledger_id: str, _traces: Traces) -> None:
        """Overwrite all messages: which of them are about the customers nobody can tell."""
        self.imports.forget_messages(ledger_id)


@dataclass(frozen=True, slots=True)
class ImportNames:
    """Import jobs, whose files, mappings and ids may name a customer or an account."""

    imports: ImportService

    def forget(self, ledger_id: str, traces: Traces) -> None:
        """Forget the jobs that name one."""
        self.imports.forget_naming(ledger_id, (*traces.customers, *traces.accounts))


def erasures_of(books: Books, snapshots: Snapshots, imports: ImportService) -> Erasures:
    """The erasures of a server, not started yet."""
    return Erasures(
        books.ingestion,
        books.journal,
        memories=(SnapshotMemory(snapshots), ImportNames(imports)),
        quoting=(ImportMemory(imports),),
        listener=ErasureListener(tell_rewritten, tell_failed),
    )


def tell_rewritten(done: Rewritten) -> None:
    """Log that no byte is left of so many erasures."""
    log_event("erased", ledger=done.ledger, erasures=done.erasures, seconds=round(done.seconds, 3))


def tell_failed(ledger: str, error: Exception) -> None:
    """Log that bytes could not be overwritten: what is deleted stays so, and it is tried again later."""
    log_event(
        "erasure_failed",
        level=logging.ERROR,
        ledger=ledger,
        error=type(error).__name__,
        stack=stack_of(error.__traceback__),
    )
