"""The import jobs of a data directory, and what the log says of them."""

from __future__ import annotations

import logging

from segmentd.engine import Engine
from segmentd.facts.books import Books
from segmentd.facts.imports.model import ImportJob
from segmentd.facts.imports.places import Places
from segmentd.facts.imports.rejects import RejectFolder
from segmentd.facts.imports.running import Tools
from segmentd.facts.imports.service import ImportService, JobListener
from segmentd.facts.writing.requests import Categories
from segmentd.server.config import ServerConfig
from segmentd.server.definitions import Definitions
from segmentd.server.logs import log_event, stack_of


def imports_of(
    config: ServerConfig, definitions: Definitions, books: Books, categories: Categories, engine: Engine
) -> ImportService:
    """The import jobs of a server, not started yet."""
    places = Places(config.import_roots, config.import_remotes)
    tools = Tools(places, RejectFolder(config.data_dir), definitions.catalogues, categories, books.ingestion, engine)
    return ImportService(definitions.import_jobs, tools, JobListener(tell_ended, tell_defect))


def tell_ended(job: ImportJob) -> None:
    """Log that a job has ended, and what became of its rows."""
    counts = job.progress.counts
    log_event(
        "import",
        ledger=job.ledger_id,
        job=job.id,
        state=job.state.value,
        reason=job.error_reason or None,
        rows=counts.read,
        rejected=counts.rejected,
        bytes=job.progress.bytes_read,
        seconds=round(job.progress.elapsed.total_seconds(), 3),
    )


def tell_defect(error: Exception) -> None:
    """Log a failure of a job that is a mistake of ours, or that could not be kept."""
    log_event("import_defect", level=logging.ERROR, error=type(error).__name__, stack=stack_of(error.__traceback__))
