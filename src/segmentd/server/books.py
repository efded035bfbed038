"""The facts of a data directory, and what the log says of them."""

from __future__ import annotations

import logging
from pathlib import Path

from segmentd.facts.books import Books, BooksListener, Opened
from segmentd.facts.erasure.erasures import Erasures
from segmentd.facts.erasure.retention import Expired, Retention, RetentionListener
from segmentd.facts.ingestion import CheckpointListener
from segmentd.facts.ingestion.checkpoints import Checkpointed
from segmentd.ledger.vocabulary import Vocabularies
from segmentd.server.allocator import give_back_freed_memory
from segmentd.server.config import ServerConfig
from segmentd.server.logs import log_event, stack_of


def books_of(config: ServerConfig, vocabularies: Vocabularies) -> Books:
    """The books of a server's data directory, not opened yet. Raises StoreFailedError or SchemaTooNewError."""
    checkpoints = CheckpointListener(done=tell_checkpointed, failed=tell_checkpoint_failed)
    listener = BooksListener(
        opened=tell_opened, unknown=tell_unknown, checkpoints=checkpoints, unguarded=tell_unguarded, failed=tell_failed
    )
    return Books(config.data_dir, vocabularies, listener=listener, policy=config.checkpoints)


def retention_of(config: ServerConfig, books: Books, erasures: Erasures) -> Retention:
    """What deletes facts that are too old, not started yet."""
    listener = RetentionListener(tell_expired, tell_retention_failed)
    return Retention(config.keep, books, books.ingestion, erasures, listener=listener)


def tell_opened(opened: Opened) -> None:
    """Give back what reading it took; log what was opened and how long it took."""
    give_back_freed_memory()
    log_event(
        "facts",
        ledger=opened.ledger,
        version=opened.version,
        rows=opened.rows,
        bytes=opened.bytes,
        replayed=opened.replayed,
        seconds=round(opened.seconds, 3),
    )


def tell_unknown(ledger: str) -> None:
    """Log that there are facts of a ledger that no definition knows: they are kept, and not served."""
    log_event("facts_unknown", level=logging.ERROR, ledger=ledger)


def tell_unguarded(mark: Path) -> None:
    """Log that the mark was lacking or unreadable, and is made anew: what was lost before nobody can tell."""
    log_event("facts_unguarded", level=logging.WARNING, mark=mark)


def tell_failed(ledger: str, error: Exception) -> None:
    """Log that the facts in memory are made anew from those on disk, or could not be: readers have the last view."""
    _tell_error("facts_failed", ledger, error)


def tell_checkpointed(made: Checkpointed) -> None:
    """Log a checkpoint: the journal up to its version is short again. Give back what batches took since the last."""
    give_back_freed_memory()
    log_event("checkpoint", ledger=made.ledger, version=made.version, bytes=made.bytes, seconds=round(made.seconds, 3))


def tell_checkpoint_failed(ledger: str, error: Exception) -> None:
    """Log that no checkpoint could be made: nothing is lost, and it is tried again later."""
    _tell_error("checkpoint_failed", ledger, error)


def tell_expired(expired: Expired) -> None:
    """Log that facts were too old, and are deleted."""
    counts = {f"{kind}s": count for kind, count in expired.counts.items()}
    log_event("retention", ledger=expired.ledger, seconds=round(expired.seconds, 3), **counts)


def tell_retention_failed(ledger: str, error: Exception) -> None:
    """Log that facts that are too old could not be deleted: the next day tries it again."""
    _tell_error("retention_failed", ledger, error)


def _tell_error(event: str, ledger: str, error: Exception) -> None:
    """Without its message, which may quote values."""
    log_event(
        event,
        level=logging.ERROR,
        ledger=ledger,
        error=type(error).__name__,
        stack=stack_of(error.__traceback__),
    )
